import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { Cluster } from '../support/cluster.ts';
import { accepted, type Client } from '../support/cluster-client.ts';
import { createNode, runPod } from '../support/cluster-nodes.ts';
import { find, type KubernetesObject, pathOf, render } from '../support/kustomize.ts';
import type { Overlay } from '../support/vector-config.ts';
import { collectorPod } from './collector-pod.ts';
import type { PodLoad, Written } from './load.ts';
import type { LoadOrder } from './load-thread.ts';
import type { Platform } from './platform.ts';
import { NAMESPACES, type Namespace } from './tenants.ts';
import { createNodeRoot, type NodeRoot, type VectorProcess } from './vector.ts';

/** A node of the cluster, with pods that write and a collector that reads. */
export interface Node extends AsyncDisposable {
  /** Creates pods and lets them write. */
  run(pods: readonly PodPlan[], seed: string): Promise<Running>;
  /** Starts Vector, or starts it again. */
  collect(): VectorProcess;
  /** The most that any of its processes had. */
  peakBytes(): number;
  readonly logFile: string;
}

export interface PodPlan extends Omit<PodLoad, 'folder' | 'tenant'> {
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly pods: readonly string[];
  /** The API object goes; the files are removed by the load (`removeAfterS`). */
  delete(pod: string): Promise<void>;
  readonly written: Promise<Written>;
}

/** A setting of the rendered configuration that a weather changes: a text in it, and what stands there instead. */
export type Change = readonly [from: string | RegExp, to: string];

const CONTAINER = 'server';
const NAMESPACE = 'log-collection';
const TOKEN_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

export interface NodeOptions {
  readonly overlay: Overlay;
  readonly cluster: Cluster;
  readonly platform: Platform;
  /** Entries of settings.env beside the platform's. */
  readonly settings: Readonly<Record<string, string>>;
  readonly changes: readonly Change[];
}

export async function openNode({ overlay, cluster, platform, settings, changes }: NodeOptions): Promise<Node> {
  const folder = mkdtempSync(join(tmpdir(), 'weather-node-'));
  const name = `node-${randomBytes(3).toString('hex')}`;
  const objects = render(pathOf(`vector/overlays/${overlay}`));
  await applyCollector(cluster.admin, objects);
  await createNode(cluster.admin, name);
  for (const namespace of NAMESPACES) await applyNamespace(cluster.admin, namespace);

  const pod = collectorPod(objects, name);
  const { hostname, port } = new URL(cluster.url);
  const secrets = new Map([
    [`${TOKEN_FOLDER}/token`, await cluster.tokenOf(NAMESPACE, 'vector')],
    [`${TOKEN_FOLDER}/ca.crt`, readFileSync(cluster.certificateFile, 'utf8')],
    [`${TOKEN_FOLDER}/namespace`, NAMESPACE],
    [CERTIFICATES, platform.certificate],
  ]);
  const root = createNodeRoot(join(folder, 'root'), { ...pod, files: changed(pod.files, changes) }, secrets);
  const environment = {
    ...platform.settings,
    ...settings,
    ...platform.environment,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
  };
  const logFile = join(folder, 'vector.log');
  const processes: VectorProcess[] = [];
  return {
    logFile,
    run: (plans, seed) => runPods(cluster.admin, root, name, plans, seed),
    collect() {
      const process = root.start(environment, logFile);
      processes.push(process);
      return process;
    },
    peakBytes: () => Math.max(...processes.map((process) => process.peakBytes())),
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((process) => process.stop('SIGKILL')));
      await cluster.admin.call('DELETE', `/api/v1/nodes/${name}`);
      rmSync(folder, { recursive: true });
    },
  };
}

/** @throws Error when a text that is to be changed does not occur: the setting has moved */
function changed(files: ReadonlyMap<string, string>, changes: readonly Change[]): ReadonlyMap<string, string> {
  const now = new Map(files);
  for (const [from, to] of changes) {
    let found = false;
    for (const [path, text] of now) {
      const replaced = text.replaceAll(from, to);
      if (replaced === text) continue;
      found = true;
      now.set(path, replaced);
    }
    if (!found) throw new Error(`nothing to change: ${from}`);
  }
  return now;
}

/** Who the collector is, and what it may: the objects of the overlay, without the DaemonSet. */
async function applyCollector(client: Client, objects: readonly KubernetesObject[]): Promise<void> {
  for (const kind of ['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding']) {
    accepted(await client.apply(find(objects, kind, /./)));
  }
}

async function applyNamespace(client: Client, { name, labels }: Namespace): Promise<void> {
  accepted(await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
  accepted(await client.apply(account));
}

const uid = z.object({ metadata: z.object({ uid: z.string() }) });

async function runPods(
  client: Client,
  root: NodeRoot,
  nodeName: string,
  plans: readonly PodPlan[],
  seed: string,
): Promise<Running> {
  const pods: PodLoad[] = [];
  const paths = new Map<string, string>();
  for (const plan of plans) {
    const namespace = NAMESPACES.find(({ name }) => name === plan.namespace);
    const name = `${plan.name}-${randomBytes(3).toString('hex')}`;
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: plan.namespace,
        labels: { app: plan.name, ...namespace?.podLabels, ...plan.labels },
      },
      spec: { nodeName, containers: [{ name: CONTAINER, image: 'example.com/server:1' }] },
    };
    const made = uid.parse(accepted(await client.create(object)));
    await runPod(client, object);
    paths.set(plan.name, await client.pathOf(object));
    const path = `/var/log/pods/${plan.namespace}_${name}_${made.metadata.uid}/${CONTAINER}`;
    pods.push({ ...plan, name: `${seed}-${plan.name}`, folder: root.at(path), tenant: namespace?.tenant });
  }
  const order: LoadOrder = { pods, seed };
  const thread = new Worker(new URL('load-thread.ts', import.meta.url), { workerData: order });
  const written = new Promise<Written>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  return {
    pods: [...paths.keys()],
    async delete(pod) {
      accepted(await client.call('DELETE', `${paths.get(pod)}?gracePeriodSeconds=0`));
    },
    written,
  };
}
