import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { useCluster, withoutCluster } from '../support/cluster.ts';
import { accepted, type Client } from '../support/cluster-client.ts';
import { installDefinitions } from '../support/cluster-definitions.ts';
import { chartChoices, renderChart, withoutHelm } from '../support/helm.ts';
import { find, type KubernetesObject, pathOf, render, withoutKubectl } from '../support/kustomize.ts';
import { renderings } from '../support/renderings.ts';

/** A real API server takes every manifest, refuses fields that it does not know, and warns of nothing. */

const skip = withoutCluster ?? withoutKubectl;
const cluster = useCluster(skip, ({ admin }) => installDefinitions(admin));

/** OpenShift's own kind, which no module of Go or package of npm defines; its schema is in ../support/openshift-schema.ts. */
const OF_OPENSHIFT = 'SecurityContextConstraints';

const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

/** What the server says against objects, beside their names. A text that it has taken once is not sent again. */
async function complaints(client: Client, objects: readonly KubernetesObject[], taken: Map<string, string>) {
  const found: string[] = [];
  for (const object of objects.filter(({ kind }) => kind !== OF_OPENSHIFT)) {
    const text = JSON.stringify(object);
    if (taken.get(nameOf(object)) === text) continue;
    // A policy that is bound would judge what follows; policies.test.ts lets it.
    const dryRun = object.kind === 'ValidatingAdmissionPolicyBinding';
    const { status, body, warnings } = await client.apply(object, { dryRun });
    if (status >= 300) found.push(`${nameOf(object)}: ${status} ${body.message}`);
    else taken.set(nameOf(object), text);
    found.push(...warnings.map((warning) => `${nameOf(object)}: ${warning}`));
  }
  return found;
}

test('the API server is of the release that its module names, so it warns of what that deprecates', {
  skip,
}, async () => {
  const { gitVersion } = accepted(await cluster().admin.call('GET', '/version'));
  const module = readFileSync(new URL('go.mod', import.meta.url), 'utf8');
  assert.equal(gitVersion, /k8s\.io\/kubernetes (v\S+)/.exec(module)?.[1]);
});

test('every kustomization, and every overlay with every component, is taken without a warning', { skip }, async () => {
  const { admin } = cluster();
  const taken = new Map<string, string>();
  for (const [name, objects] of renderings()) {
    assert.deepEqual(await complaints(admin, objects, taken), [], name);
  }
  const kinds = new Set([...taken.keys()].map((name) => name.split(' ')[0]));
  for (const kind of ['DaemonSet', 'Deployment', 'PodMonitor', 'PrometheusRule', 'ScaledObject', 'ServiceMonitor']) {
    assert.ok(kinds.has(kind), kind);
  }
});

/** A release for each choice that the chart's values have, and one with all of them. */
function releases(group: 'collectors' | 'distributor', namespace: string): Map<string, KubernetesObject[]> {
  const choices = chartChoices(group);
  return new Map(
    [{}, ...choices, Object.assign({}, ...choices)].map((values) => [
      JSON.stringify(values),
      renderChart(namespace, { [`${group}.enabled`]: 'true', ...values }),
    ]),
  );
}

test('what the chart makes of its values is taken without a warning', { skip: skip ?? withoutHelm }, async () => {
  const { admin } = cluster();
  // Helm leaves namespaces to who installs the chart.
  for (const folder of ['vector/base', 'distributor']) {
    accepted(await admin.apply(find(render(pathOf(folder)), 'Namespace', /./)));
  }
  const taken = new Map<string, string>();
  const all = [...releases('collectors', 'log-collection'), ...releases('distributor', 'log-distributor')];
  for (const [name, objects] of all) assert.deepEqual(await complaints(admin, objects, taken), [], name);
  assert.ok(taken.size > 20);
});

test('a field that Kubernetes, KEDA or the Prometheus Operator does not know is refused', { skip }, async () => {
  const { admin } = cluster();
  const metadata = { name: 'misspelt', namespace: 'default' };
  const objects = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, dada: {} },
    {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata,
      spec: { scaleTargetRef: { name: 'x' }, triggers: [], poolingInterval: 3 },
    },
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata,
      spec: { selector: {}, podMetricsEndpoint: [] },
    },
  ];
  for (const [at, field] of ['dada', 'spec.poolingInterval', 'spec.podMetricsEndpoint'].entries()) {
    const object = objects[at];
    assert.ok(object);
    const { status, body } = await admin.apply(object);
    assert.match(`${status} ${body.message}`, new RegExp(`^(400|500) .*${field.replace('.', '\\.')}`));
  }
});
