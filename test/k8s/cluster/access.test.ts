import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { useCluster, withoutCluster } from '../support/cluster.ts';
import { accepted, type Client } from '../support/cluster-client.ts';
import { createNode } from '../support/cluster-nodes.ts';
import { find, folders, type KubernetesObject, pathOf, render, withoutKubectl } from '../support/kustomize.ts';
import { configMapData } from '../support/workload.ts';

/** What the accounts of k8s/ may do at a real API server with their own tokens, and that they may do nothing else. */

const skip = withoutCluster ?? withoutKubectl;

const needed = ({ kind }: KubernetesObject) =>
  ['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'].includes(kind);

const everything = () => folders('Kustomization').flatMap((folder) => render(pathOf(folder)));

const cluster = useCluster(skip, async ({ admin }) => {
  await createNode(admin, 'node-1');
  for (const object of everything().filter(needed)) accepted(await admin.apply(object));
  const pod = { containers: [{ name: 'app', image: 'app:1.0.0' }], nodeName: 'node-1' };
  accepted(
    await admin.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app', namespace: 'default' }, spec: pod }),
  );
  for (const kind of ['Secret', 'ConfigMap']) {
    accepted(await admin.create({ apiVersion: 'v1', kind, metadata: { name: 'private', namespace: 'default' } }));
  }
});

const NAMESPACES = ['log-collection', 'log-distributor', 'default', 'kube-system'];

/** Status of each request, beside what was asked. */
async function statuses(client: Client, requests: readonly (readonly [string, string, object?])[]) {
  const found: string[] = [];
  for (const [method, path, body] of requests) {
    const { status } = await client.call(method, path, body);
    found.push(`${method} ${path}: ${status}`);
  }
  return found;
}

/** Everything that the token may do in a namespace, beside what every account may. */
async function rulesOf(client: Client, everybody: Client, namespace: string): Promise<string[]> {
  const ask = async (one: Client) => {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
    const answer = accepted(await one.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', body));
    const rule = z.object({ verbs: z.array(z.string()) }).catchall(z.array(z.string()));
    const { status } = z
      .object({
        status: z.object({ resourceRules: z.array(rule), nonResourceRules: z.array(rule), incomplete: z.boolean() }),
      })
      .parse(answer);
    assert.equal(status.incomplete, false);
    return [...status.resourceRules, ...status.nonResourceRules].map((one) => JSON.stringify(one));
  };
  const common = new Set(await ask(everybody));
  assert.ok(common.size > 0);
  return (await ask(client)).filter((rule) => !common.has(rule));
}

test('a collector may list and watch pods, namespaces and nodes', { skip }, async () => {
  const { as, tokenOf } = cluster();
  const collector = as(await tokenOf('log-collection', 'vector'));
  const objects = render(pathOf('vector/overlays/s3'));
  const { NAMESPACE_SELECTOR = '' } = configMapData(
    objects,
    find(objects, 'ConfigMap', /^vector-settings-/).metadata.name,
  );
  assert.notEqual(NAMESPACE_SELECTOR, '');
  const paths = [
    '/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1',
    '/api/v1/nodes?fieldSelector=metadata.name%3Dnode-1',
    `/api/v1/namespaces?labelSelector=${encodeURIComponent(NAMESPACE_SELECTOR)}`,
  ].flatMap((path) => [path, `${path}&watch=true&timeoutSeconds=1`]);
  const requests = paths.map((path) => ['GET', path] as const);
  assert.deepEqual(
    await statuses(collector, requests),
    paths.map((path) => `GET ${path}: 200`),
  );
});

const FORBIDDEN: readonly (readonly [string, string, object?])[] = [
  ['GET', '/api/v1/secrets'],
  ['GET', '/api/v1/namespaces/default/secrets/private'],
  ['GET', '/api/v1/configmaps'],
  ['GET', '/api/v1/namespaces/log-collection/configmaps'],
  ['GET', '/api/v1/namespaces/log-distributor/configmaps'],
  ['GET', '/api/v1/namespaces/default/configmaps/private'],
  ['GET', '/api/v1/services'],
  ['GET', '/api/v1/namespaces/default/pods/app'],
  ['GET', '/api/v1/namespaces/default/pods/app/log'],
  ['GET', '/api/v1/nodes/node-1/proxy/pods'],
  ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles'],
  ['DELETE', '/api/v1/namespaces/default/pods/app'],
  ['DELETE', '/api/v1/nodes/node-1'],
  ['POST', '/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }],
  ['POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } }],
  [
    'POST',
    '/api/v1/namespaces/kube-system/serviceaccounts/default/token',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  ],
];

test('a collector may do nothing else', { skip }, async () => {
  const { as, tokenOf } = cluster();
  const collector = as(await tokenOf('log-collection', 'vector'));
  assert.deepEqual(
    await statuses(collector, FORBIDDEN),
    FORBIDDEN.map(([method, path]) => `${method} ${path}: 403`),
  );
  const everybody = as(await tokenOf('default', 'default'));
  for (const namespace of NAMESPACES) {
    const rules = await rulesOf(collector, everybody, namespace);
    assert.deepEqual(
      rules.map((rule) => JSON.parse(rule)),
      [{ verbs: ['list', 'watch'], apiGroups: [''], resources: ['namespaces', 'nodes', 'pods'] }],
    );
  }
});

test('an OpenTelemetry Collector may list and watch pods and namespaces, and nothing else', { skip }, async () => {
  const { as, tokenOf } = cluster();
  const collector = as(await tokenOf('log-collection', 'otel-collector'));
  assert.deepEqual(
    await statuses(collector, FORBIDDEN),
    FORBIDDEN.map(([method, path]) => `${method} ${path}: 403`),
  );
  const everybody = as(await tokenOf('default', 'default'));
  for (const namespace of NAMESPACES) {
    const rules = await rulesOf(collector, everybody, namespace);
    assert.deepEqual(
      rules.map((rule) => JSON.parse(rule)),
      [{ verbs: ['list', 'watch'], apiGroups: [''], resources: ['namespaces', 'pods'] }],
    );
  }
});

test('no other account of k8s/ may do anything at the API server', { skip }, async () => {
  const { as, tokenOf } = cluster();
  const accounts = everything().filter(({ kind }) => kind === 'ServiceAccount');
  const named = new Set(accounts.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  for (const collector of ['vector', 'otel-collector']) assert.ok(named.delete(`log-collection/${collector}`));
  assert.ok(named.has('log-distributor/distributor') && named.has('log-collection/vector-aggregator'));
  const everybody = as(await tokenOf('default', 'default'));
  for (const account of named) {
    const [of = '', name = ''] = account.split('/');
    const client = as(await tokenOf(of, name));
    const lists = ['pods', 'nodes', 'namespaces'].map((kind) => ['GET', `/api/v1/${kind}`] as const);
    const requests = [...FORBIDDEN, ...lists];
    assert.deepEqual(
      await statuses(client, requests),
      requests.map(([method, path]) => `${method} ${path}: 403`),
      account,
    );
    for (const namespace of NAMESPACES) assert.deepEqual(await rulesOf(client, everybody, namespace), [], account);
  }
});

test('a token that nobody signed opens nothing', { skip }, async () => {
  const { as, tokenOf } = cluster();
  const [header, claims] = (await tokenOf('log-collection', 'vector')).split('.');
  const forged = as(`${header}.${claims}.${'A'.repeat(86)}`);
  assert.equal((await forged.call('GET', '/api/v1/pods')).status, 401);
});
