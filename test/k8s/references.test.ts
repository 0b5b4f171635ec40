import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { unknownIn } from '../support/promql.ts';
import {
  find,
  folders,
  type KubernetesObject,
  pathOf,
  render,
  renderWith,
  withoutKubectl,
} from './support/kustomize.ts';
import { securityContextConstraints } from './support/openshift-schema.ts';
import { matches, type Workload, workloads } from './support/workload.ts';

const selector = z.record(z.string(), z.string());
const matchLabels = z.object({ matchLabels: selector });

const APPLIED = [
  'vector/overlays/firehose',
  'vector/overlays/firehose-aggregated',
  'vector/overlays/s3',
  'vector/overlays/s3-parquet',
  'vector/overlays/aggregator',
  'vector/overlays/local',
  'opentelemetry',
  'log-generator',
  'distributor',
];

function forEachRendering(check: (objects: KubernetesObject[], folder: string) => void): void {
  for (const folder of APPLIED) check(render(pathOf(folder)), folder);
}

/** The workloads whose pods a selector in this namespace chooses. */
function chosen(
  objects: readonly KubernetesObject[],
  namespace: string | undefined,
  by: Record<string, string>,
): Workload[] {
  return workloads(objects).filter(
    ({ metadata, spec }) => metadata.namespace === namespace && matches(by, spec.template.metadata.labels),
  );
}

test('a workload selects its own pods, and whatever it names exists in its namespace', { skip: withoutKubectl }, () => {
  forEachRendering((objects, folder) => {
    const names = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`));
    for (const { kind, metadata, spec } of workloads(objects)) {
      const { labels } = spec.template.metadata;
      assert.ok(matches(spec.selector.matchLabels, labels), `${folder}: ${kind} ${metadata.name} selects other pods`);
      const pod = spec.template.spec;
      const { namespace } = metadata;
      const wanted = [
        `Namespace /${namespace}`,
        ...(pod.serviceAccountName ? [`ServiceAccount ${namespace}/${pod.serviceAccountName}`] : []),
        ...(pod.priorityClassName ? [`PriorityClass /${pod.priorityClassName}`] : []),
        ...pod.volumes.flatMap(({ configMap }) => (configMap ? [`ConfigMap ${namespace}/${configMap.name}`] : [])),
        ...pod.containers.flatMap(({ envFrom }) =>
          envFrom.map(({ configMapRef }) => `ConfigMap ${namespace}/${configMapRef.name}`),
        ),
      ];
      for (const name of wanted) assert.ok(names.has(name), `${folder}: ${kind} ${metadata.name} wants ${name}`);
    }
  });
});

test('every mount has its volume and every volume its mount, every probe its port', { skip: withoutKubectl }, () => {
  forEachRendering((objects, folder) => {
    for (const { metadata, spec } of workloads(objects)) {
      const pod = spec.template.spec;
      const all = [...pod.initContainers, ...pod.containers];
      const mounted = new Set(all.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)));
      const volumes = [...pod.volumes, ...spec.volumeClaimTemplates.map((claim) => claim.metadata)];
      assert.deepEqual(mounted, new Set(volumes.map(({ name }) => name)), `${folder}: ${metadata.name}`);
      for (const { startupProbe, livenessProbe, readinessProbe, ports } of all) {
        for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
          if (!probe) continue;
          assert.ok(
            ports.some(({ name }) => name === probe.httpGet.port),
            `${folder}: ${metadata.name}`,
          );
        }
      }
    }
  });
});

test('bindings bind a role that exists to an account that exists, on OpenShift too', { skip: withoutKubectl }, () => {
  const binding = z.object({
    roleRef: z.object({ kind: z.string(), name: z.string() }),
    subjects: z.array(z.object({ kind: z.literal('ServiceAccount'), name: z.string(), namespace: z.string() })),
  });
  const objects = renderWith('vector/overlays/s3', ['vector/components/openshift']);
  const bindings = objects.filter(({ kind }) => kind.endsWith('RoleBinding'));
  assert.equal(bindings.length, 2);
  for (const { roleRef, subjects } of bindings.map((object) => binding.parse(object))) {
    find(objects, roleRef.kind, roleRef.name);
    for (const { kind, name, namespace } of subjects) {
      assert.equal(find(objects, kind, name).metadata.namespace, namespace);
    }
  }
});

test('the constraint of OpenShift is the one that the pod asks for, and allows all that the pod is', {
  skip: withoutKubectl,
}, () => {
  const objects = renderWith('vector/overlays/s3', ['vector/components/openshift']);
  const constraint = securityContextConstraints.parse(
    objects.find(({ kind }) => kind === 'SecurityContextConstraints'),
  );
  const role = z
    .object({ rules: z.tuple([z.object({ resourceNames: z.array(z.string()), verbs: z.array(z.string()) })]) })
    .parse(find(objects, 'Role', 'vector-scc'));
  assert.deepEqual(role.rules[0], { resourceNames: [constraint.metadata.name], verbs: ['use'] });
  const pod = workloads(objects)[0]?.spec.template;
  assert.equal(pod?.metadata.annotations['openshift.io/required-scc'], constraint.metadata.name);
  for (const volume of pod?.spec.volumes ?? []) {
    const [type = ''] = Object.keys(volume).filter((name) => name !== 'name' && volume[name] !== undefined);
    assert.ok(constraint.volumes?.includes(type), `${type} is not allowed`);
  }
});

test('the PodMonitor finds the pods and their port, aggregators too', { skip: withoutKubectl }, () => {
  const expression = z.object({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) });
  for (const [overlay, count] of [
    ['s3', 1],
    ['aggregator', 2],
  ] as const) {
    const objects = renderWith(`vector/overlays/${overlay}`, ['vector/components/pod-monitor']);
    const monitor = find(objects, 'PodMonitor', 'vector');
    const spec = z
      .object({
        selector: z.object({ matchExpressions: z.tuple([expression]) }),
        podMetricsEndpoints: z.tuple([z.object({ port: z.string() })]),
      })
      .parse(monitor.spec);
    const [{ key, values }] = spec.selector.matchExpressions;
    const found = values.flatMap((value) => chosen(objects, monitor.metadata.namespace, { [key]: value }));
    assert.equal(found.length, count);
    for (const one of found) {
      const ports = one.spec.template.spec.containers[0]?.ports ?? [];
      assert.ok(ports.some(({ name }) => name === spec.podMetricsEndpoints[0].port));
    }
  }
});

test('the distributor is scaled, kept, found and scraped by names that exist', { skip: withoutKubectl }, () => {
  const objects = render(pathOf('distributor'));
  const namespace = 'log-distributor';
  const [deployment] = workloads(objects);
  const ports = deployment?.spec.template.spec.containers[0]?.ports ?? [];

  const scaled = z
    .object({
      scaleTargetRef: z.object({ name: z.string() }),
      triggers: z.array(
        z.object({ type: z.string(), metadata: z.object({ query: z.string(), serverAddress: z.url() }) }),
      ),
    })
    .parse(find(objects, 'ScaledObject', 'distributor').spec);
  assert.equal(scaled.scaleTargetRef.name, deployment?.metadata.name);
  // What Prometheus is asked for is what the service exports.
  assert.equal(scaled.triggers.length, 3);
  for (const { type, metadata } of scaled.triggers) {
    assert.equal(type, 'prometheus');
    assert.deepEqual(unknownIn(metadata.query), []);
  }

  const budget = z.object({ selector: matchLabels }).parse(find(objects, 'PodDisruptionBudget', 'distributor').spec);
  assert.equal(chosen(objects, namespace, budget.selector.matchLabels).length, 1);

  const service = find(objects, 'Service', 'distributor');
  const serviceSpec = z
    .object({ selector, ports: z.tuple([z.object({ name: z.string(), targetPort: z.string() })]) })
    .parse(service.spec);
  assert.equal(chosen(objects, namespace, serviceSpec.selector).length, 1);
  assert.ok(ports.some(({ name }) => name === serviceSpec.ports[0].targetPort));

  const monitor = z
    .object({
      jobLabel: z.string(),
      selector: matchLabels,
      endpoints: z.tuple([z.object({ port: z.string(), path: z.literal('/metrics') })]),
    })
    .parse(find(objects, 'ServiceMonitor', 'distributor').spec);
  assert.ok(matches(monitor.selector.matchLabels, selector.parse(service.metadata.labels)));
  assert.equal(monitor.endpoints[0].port, serviceSpec.ports[0].name);
  // The rules ask for `up{job="…"}`; the job is the value of the Service's label that the monitor names.
  const job = selector.parse(service.metadata.labels)[monitor.jobLabel];
  const rules = JSON.stringify(find(objects, 'PrometheusRule', 'distributor').spec);
  const asked = [...rules.matchAll(/up\{job=\\"([^\\]+)\\"\}/g)].map(([, name]) => name);
  assert.deepEqual(asked, [job]);
});

test('every kustomization is applied by one of the folders that are checked here', () => {
  const parts = ['vector/base', 'log-generator/base', 'log-generator/tenants/'];
  const rest = folders('Kustomization').filter((folder) => !parts.some((part) => folder.startsWith(part)));
  assert.deepEqual(rest.sort(), [...APPLIED].sort());
});
