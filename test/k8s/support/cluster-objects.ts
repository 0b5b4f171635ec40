import { until } from '../../support/until.ts';
import { accepted, type Client } from './cluster-client.ts';
import type { KubernetesObject } from './kustomize.ts';

/** Not of KEDA, the Prometheus Operator or OpenShift, which a cluster has only with their definitions. */
function ofKubernetes({ apiVersion }: KubernetesObject): boolean {
  return !/^(keda\.sh|monitoring\.coreos\.com|security\.openshift\.io)\//.test(apiVersion);
}

/** Applies what a cluster knows without further definitions. @throws AssertionError with the server's words */
export async function applyAll(client: Client, objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects.filter(ofKubernetes)) accepted(await client.apply(object));
}

/** A namespace in which pods can be created. */
export async function createNamespace(
  client: Client,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  accepted(await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  await until(async () => (await client.call('GET', account)).status === 200, `${name} has its account`);
}
