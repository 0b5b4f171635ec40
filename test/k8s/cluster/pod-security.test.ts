import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { until } from '../../support/until.ts';
import { useCluster, withoutCluster } from '../support/cluster.ts';
import { type Answer, accepted, type Client } from '../support/cluster-client.ts';
import { createNode } from '../support/cluster-nodes.ts';
import { applyAll, createNamespace } from '../support/cluster-objects.ts';
import { find, type KubernetesObject, pathOf, render, renderWith, withoutKubectl } from '../support/kustomize.ts';
import { workloads } from '../support/workload.ts';

/** PodSecurity of a real API server, by the labels of our namespaces. */

const skip = withoutCluster ?? withoutKubectl;
const cluster = useCluster(skip);

const template = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({}),
      spec: z.looseObject({ containers: z.array(z.looseObject({})) }),
    }),
  }),
});
type Template = z.output<typeof template>['spec']['template'];

function templateOf(objects: readonly KubernetesObject[], kind: string, name: string): Template {
  return template.parse(find(objects, kind, name)).spec.template;
}

/** What admission says of the pod in a namespace; nothing is created. */
async function judged(client: Client, namespace: string, { metadata, spec }: Template): Promise<Answer> {
  // Every namespace has this account.
  const pod = { ...spec, serviceAccountName: 'default' };
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'judged', namespace }, spec: pod };
  return client.create(object, { dryRun: true });
}

const podList = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

test('the pods of every workload are let into their namespaces', { skip }, async () => {
  const { admin } = cluster();
  await createNode(admin, 'node-1');
  const overlays = ['local', 'aggregator'].map((name) => `vector/overlays/${name}`);
  const objects = [...overlays, 'distributor', 'log-generator'].flatMap((folder) => render(pathOf(folder)));
  await applyAll(admin, objects);
  const names = workloads(objects).map(({ kind, metadata: { namespace, name } }) => `${kind} ${namespace}/${name}`);
  assert.equal(new Set(names).size, 8);
  for (const { metadata } of workloads(objects)) {
    // Controllers make the pods; it is them whom PodSecurity would refuse.
    await until(async () => {
      const { items } = podList.parse(
        accepted(await admin.call('GET', `/api/v1/namespaces/${metadata.namespace}/pods`)),
      );
      return items.some((pod) => pod.metadata.name.startsWith(`${metadata.name}-`));
    }, `${metadata.namespace} has a pod of ${metadata.name}`);
  }
});

test('a collector takes from PodSecurity no more than the host paths and the user that it says', { skip }, async () => {
  const { admin } = cluster();
  await createNamespace(admin, 'restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  await createNamespace(admin, 'baseline', { 'pod-security.kubernetes.io/enforce': 'baseline' });
  const refusal = async (namespace: string, components: readonly string[]) => {
    const pod = templateOf(renderWith('vector/overlays/s3', components), 'DaemonSet', 'vector');
    const { status, body } = await judged(admin, namespace, pod);
    // The names of the controls, without the containers and volumes that break them.
    const controls = String(body.message)
      .replace(/^.*?": /, '')
      .replace(/ \((?:[^()]|\([^()]*\))*\)/g, '');
    return `${status} ${controls}`;
  };
  assert.equal(await refusal('baseline', []), '403 hostPath volumes');
  assert.equal(await refusal('restricted', []), '403 restricted volume types, runAsNonRoot != true, runAsUser=0');
  assert.equal(await refusal('baseline', ['vector/components/openshift']), '403 hostPath volumes, seLinuxOptions');
  // Its init container is root once more, to own the data folder.
  const nonRoot = '403 unrestricted capabilities, restricted volume types, runAsNonRoot != true, runAsUser=0';
  assert.equal(await refusal('restricted', ['vector/components/non-root']), nonRoot);
});

test('an aggregator takes nothing from PodSecurity', { skip }, async () => {
  const { admin } = cluster();
  await createNamespace(admin, 'warned', { 'pod-security.kubernetes.io/warn': 'restricted' });
  const warnings = [];
  for (const object of render(pathOf('vector/overlays/aggregator')).filter(({ kind }) => /Set$/.test(kind))) {
    const moved = { ...object, metadata: { ...object.metadata, namespace: 'warned' } };
    const answer = await admin.apply(moved, { dryRun: true });
    accepted(answer);
    warnings.push([object.kind, answer.warnings.length]);
  }
  // The agents on the nodes are collectors as they are elsewhere.
  assert.deepEqual(warnings.sort(), [
    ['DaemonSet', 1],
    ['StatefulSet', 0],
  ]);
});

test('whatever a pod of the distributor gave up of its hardening, its namespace would refuse it', {
  skip,
}, async () => {
  const { admin } = cluster();
  const objects = render(pathOf('distributor'));
  await applyAll(admin, objects);
  const pod = templateOf(objects, 'Deployment', 'distributor');
  const [container] = pod.spec.containers;
  const ofContainer = (securityContext: object) => ({
    ...pod,
    spec: { ...pod.spec, containers: [{ ...container, securityContext }] },
  });
  const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const seccompProfile = { type: 'RuntimeDefault' };
  const cases: readonly [string, Template][] = [
    ['', pod],
    ['', ofContainer(hardened)],
    ['privileged', ofContainer({ ...hardened, allowPrivilegeEscalation: true, privileged: true })],
    ['allowPrivilegeEscalation != false', ofContainer({ capabilities: { drop: ['ALL'] } })],
    ['unrestricted capabilities', ofContainer({ allowPrivilegeEscalation: false })],
    ['runAsNonRoot != true', { ...pod, spec: { ...pod.spec, securityContext: { seccompProfile } } }],
    ['seccompProfile', { ...pod, spec: { ...pod.spec, securityContext: { runAsNonRoot: true } } }],
    ['host namespaces', { ...pod, spec: { ...pod.spec, hostNetwork: true } }],
    [
      'restricted volume types',
      { ...pod, spec: { ...pod.spec, volumes: [{ name: 'host', hostPath: { path: '/' } }] } },
    ],
  ];
  for (const [refused, judgedPod] of cases) {
    const { status, body } = await judged(admin, 'log-distributor', judgedPod);
    assert.equal(status, refused === '' ? 201 : 403, refused);
    if (refused !== '') assert.ok(String(body.message).includes(refused), String(body.message));
  }
});
