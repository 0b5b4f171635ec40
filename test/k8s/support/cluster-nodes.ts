import { accepted, type Client } from './cluster-client.ts';
import type { KubernetesObject } from './kustomize.ts';

/** What kubelets would report, by hand: nodes that are there, and pods that run on them. */

/** A node that is ready. @returns the object as the server has it */
export async function createNode(client: Client, name: string): Promise<KubernetesObject> {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
  };
  accepted(await client.create(node));
  const status = {
    capacity: { cpu: '4', memory: '16Gi', pods: '110' },
    allocatable: { cpu: '4', memory: '16Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    addresses: [{ type: 'Hostname', address: name }],
  };
  await patchStatus(client, node, status);
  return node;
}

/** Says that the pod runs, each of its containers under an id of containerd. */
export async function runPod(client: Client, pod: KubernetesObject & { readonly spec: PodSpec }): Promise<void> {
  const startedAt = new Date().toISOString();
  const containerStatuses = pod.spec.containers.map(({ name, image }, at) => ({
    name,
    image,
    imageID: `${image}@sha256:${String(at).repeat(64)}`,
    containerID: `containerd://${String(at).repeat(64)}`,
    ready: true,
    restartCount: 0,
    state: { running: { startedAt } },
  }));
  const status = { phase: 'Running', podIP: '10.0.0.9', startTime: startedAt, containerStatuses };
  await patchStatus(client, pod, status);
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
  readonly [field: string]: unknown;
}

async function patchStatus(client: Client, object: KubernetesObject, status: object): Promise<void> {
  const path = `${await client.pathOf(object)}/status`;
  accepted(await client.call('PATCH', path, { status }, 'application/merge-patch+json'));
}
