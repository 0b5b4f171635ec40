import { z } from 'zod';
import { find, type KubernetesObject } from '../support/kustomize.ts';

/** What the kubelet makes of the rendered DaemonSet: files, environment and arguments of the one container. */
export interface CollectorPod {
  /** Path in the container → content, of its ConfigMaps. */
  readonly files: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string>>;
  readonly arguments: readonly string[];
  /** Folders of the node that it sees at the same path, and whether it may write there. */
  readonly folders: readonly { readonly path: string; readonly readOnly: boolean }[];
  /** User id. */
  readonly user: number;
}

const env = z.union([
  z.object({ name: z.string(), value: z.string() }),
  z.object({
    name: z.string(),
    valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.literal('spec.nodeName') }) }),
  }),
]);
const daemonSet = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        securityContext: z.looseObject({ runAsUser: z.number() }),
        containers: z.tuple([
          z.looseObject({
            args: z.array(z.string()),
            env: z.array(env),
            envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })),
            volumeMounts: z.array(
              z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) }),
            ),
          }),
        ]),
        volumes: z.array(
          z.looseObject({
            name: z.string(),
            configMap: z.object({ name: z.string() }).optional(),
            hostPath: z.looseObject({ path: z.string() }).optional(),
          }),
        ),
      }),
    }),
  }),
});
const configMap = z.looseObject({ data: z.record(z.string(), z.string()) });

/** @param objects a rendered overlay @throws Error when something in the pod is of a kind that is not known here */
export function collectorPod(objects: readonly KubernetesObject[], nodeName: string): CollectorPod {
  const { spec } = daemonSet.parse(find(objects, 'DaemonSet', 'vector')).spec.template;
  const [container] = spec.containers;
  const dataOf = (name: string) => configMap.parse(find(objects, 'ConfigMap', name)).data;
  const mounts = container.volumeMounts.map((mount) => {
    const volume = spec.volumes.find(({ name }) => name === mount.name);
    if (!volume?.configMap && !volume?.hostPath) throw new Error(`the volume ${mount.name} is of no known kind`);
    return { ...mount, volume };
  });
  return {
    files: new Map(
      mounts.flatMap(({ mountPath, volume }) =>
        Object.entries(volume.configMap ? dataOf(volume.configMap.name) : {}).map(
          ([name, text]) => [`${mountPath}/${name}`, text] as const,
        ),
      ),
    ),
    environment: {
      ...Object.assign({}, ...container.envFrom.map(({ configMapRef }) => dataOf(configMapRef.name))),
      ...Object.fromEntries(container.env.map((one) => [one.name, 'value' in one ? one.value : nodeName])),
    },
    arguments: container.args,
    folders: mounts
      .filter(({ volume }) => volume.hostPath)
      .map(({ mountPath, readOnly }) => ({ path: mountPath, readOnly })),
    user: spec.securityContext.runAsUser,
  };
}
