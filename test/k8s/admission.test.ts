import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type KubernetesObject, renderWith, withoutKubectl } from './support/kustomize.ts';
import { configMapData } from './support/workload.ts';

const POLICY = 'vector/components/admission-policy';

const policy = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    failurePolicy: z.enum(['Fail', 'Ignore']),
    paramKind: z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('ConfigMap') }).optional(),
    matchConditions: z.array(z.strictObject({ name: z.string(), expression: z.string() })).default([]),
    variables: z.array(z.strictObject({ name: z.string(), expression: z.string() })).default([]),
    validations: z.array(z.looseObject({ expression: z.string(), messageExpression: z.string().optional() })),
  }),
});
const binding = z.looseObject({
  spec: z.looseObject({
    policyName: z.string(),
    paramRef: z
      .looseObject({ name: z.string(), namespace: z.string(), parameterNotFoundAction: z.literal('Deny') })
      .optional(),
    validationActions: z.array(z.string()),
  }),
});

const ofKind = (objects: readonly KubernetesObject[], kind: string) => objects.filter((object) => object.kind === kind);

test('the policies judge labels by what settings.env lists, and each is bound', { skip: withoutKubectl }, () => {
  const objects = renderWith('vector/overlays/s3', [POLICY]);
  assert.deepEqual(configMapData(objects, 'label-values'), {
    CLUSTER_ID: 'eks-eu-1',
    CLUSTERS: '',
    ENVIRONMENT: 'production',
    ENVIRONMENTS: 'production,staging,test,development',
  });
  const policies = ofKind(objects, 'ValidatingAdmissionPolicy').map((object) => policy.parse(object));
  const bindings = ofKind(objects, 'ValidatingAdmissionPolicyBinding').map((object) => binding.parse(object));
  assert.deepEqual(
    bindings.map(({ spec }) => spec.policyName).sort(),
    policies.map(({ metadata }) => metadata.name).sort(),
  );
  for (const { metadata, spec } of policies) {
    const bound = bindings.find(({ spec: { policyName } }) => policyName === metadata.name);
    const expressions = [...spec.variables, ...spec.validations, ...spec.matchConditions].flatMap((one) => [
      one.expression,
      ...('messageExpression' in one && one.messageExpression ? [one.messageExpression] : []),
    ]);
    // A policy that asks for parameters has them, and one that refuses says so to the auditor too.
    const asks = expressions.some((expression) => expression.includes('params.'));
    assert.deepEqual([asks, asks], [spec.paramKind !== undefined, bound?.spec.paramRef !== undefined], metadata.name);
    if (bound?.spec.paramRef) {
      assert.deepEqual([bound.spec.paramRef.name, bound.spec.paramRef.namespace], ['label-values', 'log-collection']);
    }
    // Every variable that is used exists, and every one that exists is used.
    const used = expressions.flatMap((text) => [...text.matchAll(/\bvariables\.(\w+)/g)].map(([, name]) => name));
    assert.deepEqual(new Set(used), new Set(spec.variables.map(({ name }) => name)), metadata.name);
  }
});

test('the policies speak of labels that the collectors read', { skip: withoutKubectl }, () => {
  const text = JSON.stringify(ofKind(renderWith('vector/overlays/s3', [POLICY]), 'ValidatingAdmissionPolicy'));
  const named = new Set([...text.matchAll(/'(log-distributor\/[a-z-]+)'/g)].map(([, label]) => label));
  assert.deepEqual(
    [...named].sort(),
    ['cluster', 'collect', 'environment', 'identity-from', 'tenant', 'tenant-from'].map(
      (name) => `log-distributor/${name}`,
    ),
  );
});

/** Built by `.ci/install` from test/k8s/admission. */
const JUDGE = fileURLToPath(new URL('../../.local/go/bin/judge-policies', import.meta.url));
const withoutJudge = existsSync(JUDGE) ? withoutKubectl : 'there is no judge of admission policies here';

type Labels = Readonly<Record<string, string>>;

interface Asked {
  readonly labels: Labels;
  /** Of the namespace that a pod is in. */
  readonly namespaceLabels?: Labels;
  /** Before an update; absent: the object is created. */
  readonly before?: Labels;
}

const ours = (labels: Labels) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [`log-distributor/${name}`, value]));
const labelled = (labels: Labels) => ({ metadata: { name: 'one', labels: ours(labels) } });

/** The messages with which a policy refuses each request, by the library that Kubernetes uses; undefined: it does not look at it. */
function judge(name: string, asked: readonly Asked[]): (readonly string[] | undefined)[] {
  const objects = renderWith('vector/overlays/s3', [POLICY]);
  const requests = asked.map(({ labels, namespaceLabels = {}, before }) => ({
    object: labelled(labels),
    oldObject: before ? labelled(before) : null,
    namespaceObject: labelled(namespaceLabels),
    request: { operation: before ? 'UPDATE' : 'CREATE' },
    params: { data: configMapData(objects, 'label-values') },
  }));
  const policies = ofKind(objects, 'ValidatingAdmissionPolicy');
  const { status, stdout, stderr } = spawnSync(JUDGE, {
    input: JSON.stringify({ policies, requests }),
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const judged = z.array(z.record(z.string(), z.array(z.string()))).parse(JSON.parse(stdout));
  return judged.map((byPolicy) => byPolicy[name]);
}

test('a namespace may have values that settings.env lists, and one way to name its tenant', {
  skip: withoutJudge,
}, () => {
  const environments = 'log-distributor/environment must be one of production, staging, test, development';
  assert.deepEqual(
    judge('log-distributor-namespaces', [
      { labels: {} },
      { labels: { tenant: 'acme', environment: 'staging', cluster: 'eks-eu-1' } },
      { labels: { environment: 'pr-4711' } },
      { labels: { cluster: 'eks-eu-2' } },
      { labels: { tenant: 'acme', 'tenant-from': 'pod' } },
      // A list that became shorter, or a status that is written, changes no label.
      { labels: { environment: 'pr-4711' }, before: { environment: 'pr-4711' } },
    ]),
    [
      [],
      [],
      [environments],
      ['log-distributor/cluster must be one of eks-eu-1'],
      ['a namespace has a tenant of its own or lets its pods name theirs (log-distributor/tenant-from), not both'],
      undefined,
    ],
  );
});

test('a pod names tenant, cluster or environment only where its namespace lets it', { skip: withoutJudge }, () => {
  const refused = judge('log-distributor-pods', [
    { labels: { sample: '10' } },
    { labels: { tenant: 'globex' } },
    { labels: { tenant: 'globex' }, namespaceLabels: { 'tenant-from': 'pod' } },
    { labels: { environment: 'test' } },
    { labels: { environment: 'test' }, namespaceLabels: { 'identity-from': 'pod' } },
    { labels: { environment: 'pr-1' }, namespaceLabels: { 'identity-from': 'pod' } },
    { labels: { cluster: 'eks-eu-1' }, namespaceLabels: { 'identity-from': 'pod' } },
    { labels: { environment: 'test' }, before: { environment: 'test' } },
  ]);
  assert.deepEqual(
    refused.map((messages) => messages?.length),
    [undefined, 1, 0, 1, 0, 1, 0, undefined],
  );
});

test('whoever makes a namespace that nobody gets the logs of is warned', { skip: withoutJudge }, () => {
  const labels = [{}, { tenant: 'acme' }, { 'tenant-from': 'pod' }, { collect: 'false' }, { environment: 'test' }];
  assert.deepEqual(
    judge(
      'log-distributor-unclaimed-namespaces',
      labels.map((one) => ({ labels: one })),
    ).map((list) => list?.length),
    [1, 0, 0, 0, 1],
  );
});
