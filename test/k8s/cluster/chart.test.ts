import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useCluster, withoutCluster } from '../support/cluster.ts';
import { accepted, type Client } from '../support/cluster-client.ts';
import { installDefinitions } from '../support/cluster-definitions.ts';
import { createNamespace } from '../support/cluster-objects.ts';
import { chartChoices, renderChart, runHelm, withoutHelm } from '../support/helm.ts';
import { type KubernetesObject, pathOf, render, runKubectl, withoutKubectl } from '../support/kustomize.ts';

/** Helm's own commands with the chart, at a real API server. */

const skip = withoutCluster ?? withoutHelm ?? withoutKubectl;
const cluster = useCluster(skip, async ({ admin }) => {
  await installDefinitions(admin);
  await createNamespace(admin, 'log-collection', { 'pod-security.kubernetes.io/enforce': 'privileged' });
  await createNamespace(admin, 'log-distributor', { 'pod-security.kubernetes.io/enforce': 'restricted' });
});

type Values = Readonly<Record<string, string>>;

interface Release {
  /** As the group of the chart's values. */
  readonly name: 'collectors' | 'distributor';
  readonly namespace: string;
  /** Folder of the kustomization that makes the same objects. */
  readonly folder: string;
  readonly values: Values;
}
const RELEASES: readonly Release[] = [
  {
    name: 'collectors',
    namespace: 'log-collection',
    folder: 'vector/overlays/s3',
    values: { 'collectors.enabled': 'true', 'collectors.overlay': 's3' },
  },
  {
    name: 'distributor',
    namespace: 'log-distributor',
    folder: 'distributor',
    values: { 'distributor.enabled': 'true' },
  },
];
function argumentsOf({ name, namespace, values }: Release, variant: Values = {}): string[] {
  const settings = Object.entries({ ...values, ...variant }).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return [name, pathOf('chart'), '--namespace', namespace, ...settings];
}

/** What the objects ask for in the cluster: all but what names and counts them. */
async function asked(client: Client, objects: readonly KubernetesObject[]): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const object of objects.filter(({ kind }) => kind !== 'Namespace' && kind !== 'ConfigMap')) {
    const body = accepted(await client.call('GET', await client.pathOf(object)));
    const { metadata: _, status: __, ...rest } = body;
    found[`${object.kind} ${object.metadata.name}`] = rest;
  }
  return found;
}

/** Helm's annotation of pods stays behind and means nothing. */
function withoutChecksum(found: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(found), (key, value) => {
    if (key !== 'annotations') return value;
    const { 'checksum/config': _, ...rest } = value;
    return Object.keys(rest).length > 0 ? rest : undefined;
  });
}

for (const release of RELEASES) {
  const { name, namespace, folder, values } = release;
  test(`the chart is installed, upgraded to each of its choices and to all of them, and removed: ${name}`, {
    skip,
  }, async () => {
    const { admin, adminConfig } = cluster();
    assert.equal(runHelm(adminConfig, 'install', ...argumentsOf(release)), '');
    const choices = chartChoices(name);
    assert.ok(choices.length > 0);
    for (const variant of [...choices, Object.assign({}, ...choices)]) {
      assert.equal(runHelm(adminConfig, 'upgrade', ...argumentsOf(release, variant)), '', JSON.stringify(variant));
    }
    runHelm(adminConfig, 'uninstall', name, '--namespace', namespace);
    for (const object of renderChart(namespace, values)) {
      assert.equal((await admin.call('GET', await admin.pathOf(object))).status, 404, object.metadata.name);
    }
  });

  test(`kustomize and the chart take each other’s place and leave nothing of the other: ${name}`, {
    skip,
  }, async () => {
    const { admin, adminConfig } = cluster();
    const objects = render(pathOf(folder));
    runHelm(adminConfig, 'install', ...argumentsOf(release));
    const byChart = await asked(admin, objects);
    runHelm(adminConfig, 'uninstall', name, '--namespace', namespace);

    assert.equal(runKubectl(adminConfig, 'apply', '-k', pathOf(folder)), '');
    const byKustomize = await asked(admin, objects);
    assert.notDeepEqual(byKustomize, byChart);
    assert.equal(runHelm(adminConfig, 'upgrade', '--install', '--take-ownership', ...argumentsOf(release)), '');
    assert.deepEqual(await asked(admin, objects), byChart);
    // The way back that docs/guide/kubernetes.md names.
    assert.equal(runKubectl(adminConfig, 'apply', '-k', pathOf(folder)), '');
    runKubectl(adminConfig, '-n', namespace, 'delete', 'secret', '-l', `owner=helm,name=${name}`);
    assert.throws(() => runHelm(adminConfig, 'status', name, '--namespace', namespace), /not found/);
    assert.deepEqual(withoutChecksum(await asked(admin, objects)), withoutChecksum(byKustomize));
  });
}
