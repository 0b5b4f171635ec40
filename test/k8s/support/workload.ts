import { z } from 'zod';
import type { KubernetesObject } from './kustomize.ts';

const labels = z.record(z.string(), z.string());
const probe = z.looseObject({ httpGet: z.object({ path: z.string(), port: z.union([z.string(), z.number()]) }) });

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()).default([]),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  volumeMounts: z
    .array(z.looseObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) }))
    .default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.object({ requests: labels, limits: labels }),
  securityContext: z
    .looseObject({
      readOnlyRootFilesystem: z.boolean(),
      allowPrivilegeEscalation: z.boolean(),
      capabilities: z.object({ drop: z.array(z.string()), add: z.array(z.string()).default([]) }),
    })
    .optional(),
});
export type Container = z.output<typeof container>;

const volume = z.looseObject({
  name: z.string(),
  configMap: z.looseObject({ name: z.string() }).optional(),
  hostPath: z.looseObject({ path: z.string() }).optional(),
});

const workload = z.looseObject({
  kind: z.enum(['DaemonSet', 'Deployment', 'StatefulSet']),
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({
    selector: z.object({ matchLabels: labels }),
    volumeClaimTemplates: z.array(z.looseObject({ metadata: z.object({ name: z.string() }) })).default([]),
    template: z.looseObject({
      metadata: z.looseObject({ labels, annotations: labels.default({}) }),
      spec: z.looseObject({
        serviceAccountName: z.string().optional(),
        priorityClassName: z.string().optional(),
        terminationGracePeriodSeconds: z.number().optional(),
        securityContext: z.looseObject({ runAsUser: z.number() }).optional(),
        initContainers: z.array(container).default([]),
        containers: z.array(container),
        volumes: z.array(volume).default([]),
      }),
    }),
  }),
});
export type Workload = z.output<typeof workload>;

export function workloads(objects: readonly KubernetesObject[]): Workload[] {
  return objects
    .filter(({ kind }) => ['DaemonSet', 'Deployment', 'StatefulSet'].includes(kind))
    .map((object) => workload.parse(object));
}

/** What a ConfigMap of the rendering holds. @throws Error when there is none of this name. */
export function configMapData(objects: readonly KubernetesObject[], name: string): Record<string, string> {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  if (!found) throw new Error(`no ConfigMap ${name}`);
  return z.object({ data: labels }).parse(found).data;
}

/** The container's environment; a value that comes from the pod's own fields stands as its name in angle brackets. */
export function environmentOf(container: Container, objects: readonly KubernetesObject[]): Record<string, string> {
  const maps = container.envFrom.map(({ configMapRef }) => configMapData(objects, configMapRef.name));
  const own = container.env.map(({ name, value }) => [name, value ?? `<${name}>`] as const);
  return Object.assign({}, ...maps, Object.fromEntries(own));
}

export function matches(selector: Readonly<Record<string, string>>, given: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([name, value]) => given[name] === value);
}
