import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { until } from '../../support/until.ts';
import { useCluster, withoutCluster } from '../support/cluster.ts';
import { type Answer, accepted, type Client } from '../support/cluster-client.ts';
import { applyAll, createNamespace } from '../support/cluster-objects.ts';
import { type KubernetesObject, renderWith, withoutKubectl } from '../support/kustomize.ts';

/** The admission policies that k8s/ ships, at a real API server. */

const skip = withoutCluster ?? withoutKubectl;
const cluster = useCluster(skip, async ({ admin }) => {
  // There before the policies are.
  await createNamespace(admin, 'old', ours({ environment: 'pr-4711' }));
  accepted(await admin.create(pod('old', 'old', { tenant: 'globex' })));
  await applyPolicies(admin);
});

const shipped = () => renderWith('vector/overlays/s3', ['vector/components/admission-policy']);

const checked = z.object({
  metadata: z.object({ generation: z.number() }),
  status: z
    .object({
      observedGeneration: z.number().optional(),
      typeChecking: z.object({ expressionWarnings: z.array(z.unknown()).default([]) }).optional(),
    })
    .default({}),
});

type Labels = Readonly<Record<string, string>>;
const ours = (labels: Labels) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`log-distributor/${name}`, value]));

const namespace = (name: string, labels: Labels) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: ours(labels) },
});
const pod = (of: string, name: string, labels: Labels) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: of, labels: ours(labels) },
  spec: { containers: [{ name: 'app', image: 'app:1.0.0' }] },
});

/** Binds the policies, and waits until they judge. */
async function applyPolicies(client: Client): Promise<void> {
  await applyAll(client, shipped());
  const wrong = [namespace('wrong', { cluster: 'nowhere' }), pod('default', 'wrong', { tenant: 'nobody' })];
  for (const object of wrong) {
    await until(async () => (await client.create(object, { dryRun: true })).status !== 201, `${object.kind} is judged`);
  }
  await until(
    async () => (await client.create(namespace('bare', {}), { dryRun: true })).warnings.length > 0,
    'a warning',
  );
}

/** The policies' own words, after the status when they refuse; `''` when the object is let in without a warning. */
async function verdict(answer: Promise<Answer>): Promise<string> {
  const { status, body, warnings } = await answer;
  const words = (said: unknown) => String(said).replace(/^.*?with binding '[^']+'( denied request)?: /, '');
  return status < 300 ? warnings.map(words).join() : `${status} ${words(body.message)}`;
}

test('the policies judge namespaces and pods', { skip }, async () => {
  const { admin } = cluster();
  for (const [name, labels] of [
    ['plain', {}],
    ['tenants-by-pod', { 'tenant-from': 'pod' }],
    ['identity-by-pod', { 'identity-from': 'pod' }],
  ] as const) {
    await createNamespace(admin, name, ours(labels));
  }

  const created = (object: KubernetesObject) => verdict(admin.create(object, { dryRun: true }));
  const environments = '422 log-distributor/environment must be one of production, staging, test, development';
  const both =
    '422 a namespace has a tenant of its own or lets its pods name theirs (log-distributor/tenant-from), not both';
  const unclaimed =
    'the namespace has no label log-distributor/tenant, so nobody gets its logs; log-distributor/collect=false says that this is meant';
  for (const [labels, expected] of [
    [{ tenant: 'acme', environment: 'staging', cluster: 'eks-eu-1' }, ''],
    [{ tenant: 'acme', environment: 'pr-4711' }, environments],
    [{ tenant: 'acme', cluster: 'eks-eu-2' }, '422 log-distributor/cluster must be one of eks-eu-1'],
    [{ tenant: 'acme', 'tenant-from': 'pod' }, both],
    [{ 'tenant-from': 'pod' }, ''],
    [{ collect: 'false' }, ''],
    [{}, unclaimed],
    [{ environment: 'test' }, unclaimed],
  ] as const) {
    assert.equal(await created(namespace('asked', labels)), expected, JSON.stringify(labels));
  }
  for (const [of, labels, expected] of [
    ['plain', { sample: '10' }, ''],
    ['plain', { tenant: 'globex' }, '403 log-distributor/tenant on a pod has no effect'],
    ['tenants-by-pod', { tenant: 'globex' }, ''],
    ['plain', { environment: 'test' }, '403 log-distributor/environment on a pod takes'],
    ['identity-by-pod', { environment: 'test' }, ''],
    ['identity-by-pod', { environment: 'pr-1' }, '403 log-distributor/environment on a pod takes'],
    ['identity-by-pod', { cluster: 'eks-eu-1' }, ''],
    ['identity-by-pod', { cluster: 'eks-eu-2' }, '403 log-distributor/cluster on a pod takes'],
  ] as const) {
    const said = await created(pod(of, 'asked', labels));
    assert.ok(expected === '' ? said === '' : said.startsWith(expected), `${of} ${JSON.stringify(labels)}: ${said}`);
  }
});

test('what was there before the policies can still be changed, but not to a wrong label', { skip }, async () => {
  const { admin } = cluster();
  const patched = (path: string, metadata: object) =>
    verdict(admin.call('PATCH', path, { metadata }, 'application/merge-patch+json'));
  const annotations = { seen: 'true' };
  for (const [path, wrong] of [
    ['/api/v1/namespaces/old', { environment: 'pr-4712' }],
    ['/api/v1/namespaces/old/pods/old', { tenant: 'initech' }],
  ] as const) {
    assert.doesNotMatch(await patched(path, { annotations }), /^4/);
    assert.match(await patched(path, { labels: ours(wrong) }), /^4/);
  }
  assert.doesNotMatch(await verdict(admin.call('DELETE', '/api/v1/namespaces/old/pods/old')), /^4/);
});

/** What the server's own check of types says against a policy, once it has looked at it. */
async function typeWarnings(client: Client, policy: KubernetesObject): Promise<readonly unknown[]> {
  const path = await client.pathOf(policy);
  const found = await until(async () => {
    const { metadata, status } = checked.parse(accepted(await client.call('GET', path)));
    return status.observedGeneration === metadata.generation ? status : undefined;
  }, `${policy.metadata.name} is checked`);
  return found.typeChecking?.expressionWarnings ?? [];
}

test('the API server finds nothing wrong in the types of the policies', { skip }, async () => {
  const { admin } = cluster();
  const policies = shipped().filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
  assert.equal(policies.length, 3);
  for (const policy of policies) assert.deepEqual(await typeWarnings(admin, policy), [], policy.metadata.name);
  const misspelt = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'misspelt' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['CREATE'] }],
      },
      validations: [{ expression: 'has(object.metadata.lables)' }],
    },
  };
  accepted(await admin.apply(misspelt));
  assert.equal((await typeWarnings(admin, misspelt)).length, 1);
});

test('without the list of values, as when the collectors’ namespace is removed, nothing of the cluster is refused', {
  skip,
}, async () => {
  const { admin } = cluster();
  accepted(await admin.call('DELETE', '/api/v1/namespaces/log-collection/configmaps/label-values'));
  const created = async (object: KubernetesObject) => (await admin.create(object, { dryRun: true })).status;
  const objects = [namespace('any', {}), namespace('wrong', { cluster: 'nowhere' }), pod('default', 'any', {})];
  for (const object of [...objects, pod('default', 'wrong', { tenant: 'nobody' })]) {
    await until(async () => (await created(object)) === 201, `${object.kind} ${object.metadata.name} is let in`);
  }
});
