import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { useCluster, withoutCluster } from '../support/cluster.ts';
import { accepted, type Client } from '../support/cluster-client.ts';
import { installDefinitions } from '../support/cluster-definitions.ts';
import {
  find,
  type KubernetesObject,
  kubernetesObject,
  pathOf,
  render,
  runKubectl,
  withoutKubectl,
} from '../support/kustomize.ts';

/** What operators do to a cluster that runs an earlier release, at a real API server. */

const skip = withoutCluster ?? withoutKubectl;
const cluster = useCluster(skip, ({ admin }) => installDefinitions(admin));

const RELEASE = fileURLToPath(new URL('release-0.1.0.yaml', import.meta.url));
const released = parseAllDocuments(readFileSync(RELEASE, 'utf8')).map((one) => kubernetesObject.parse(one.toJS()));
const FOLDERS = ['vector/overlays/s3', 'distributor'];

const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

async function live(client: Client, object: KubernetesObject) {
  return z
    .looseObject({ metadata: z.looseObject({ uid: z.string() }) })
    .parse(accepted(await client.call('GET', await client.pathOf(object))));
}

test('today’s manifests are applied over those of 0.1.0, and what stays behind is in the upgrade notes', {
  skip,
}, async () => {
  const { admin, adminConfig } = cluster();
  runKubectl(adminConfig, 'apply', '-f', RELEASE);
  const today = FOLDERS.flatMap((folder) => render(pathOf(folder)));
  const names = new Set(today.map(nameOf));
  const before = new Map<string, string>();
  for (const object of released) before.set(nameOf(object), (await live(admin, object)).metadata.uid);

  // KEDA's number of pods is not the manifests'.
  runKubectl(adminConfig, '-n', 'log-distributor', 'scale', 'deployment/distributor', '--replicas=7');

  for (const folder of FOLDERS) assert.equal(runKubectl(adminConfig, 'apply', '-k', pathOf(folder)), '');

  const deployment = await live(admin, find(today, 'Deployment', 'distributor'));
  assert.equal(z.object({ replicas: z.number() }).parse(deployment.spec).replicas, 7);

  for (const object of today) {
    const { uid } = (await live(admin, object)).metadata;
    const earlier = before.get(nameOf(object));
    assert.ok(earlier === undefined || earlier === uid, `${nameOf(object)} was replaced`);
  }
  const left = released.map(nameOf).filter((name) => !names.has(name));
  assert.deepEqual(left.sort(), [
    'ClusterRole vector',
    'ClusterRoleBinding vector',
    'TriggerAuthentication distributor',
  ]);
  const changes = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8');
  const [, notes = ''] = /^### Upgrade notes\n(.*?)^### /ms.exec(changes) ?? [];
  for (const name of left) {
    const [kind = ''] = name.split(' ');
    assert.ok(notes.includes(kind), `the upgrade notes say nothing of ${name}`);
  }
});

test('a selector that changed would be refused', { skip }, async () => {
  const { admin } = cluster();
  for (const folder of FOLDERS) {
    const objects = render(pathOf(folder)).filter(({ kind }) => /^(DaemonSet|Deployment)$/.test(kind));
    assert.equal(objects.length, 1);
    for (const object of objects) {
      const text = JSON.stringify(object).replaceAll('"app.kubernetes.io/name"', '"app"');
      const { status, body } = await admin.apply(JSON.parse(text), { force: true });
      assert.match(`${status} ${body.message}`, /^422 .*field is immutable/);
    }
  }
});
