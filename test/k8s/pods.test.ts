import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { readSettings, SETTING_NAMES } from '../../service/base/settings.ts';
import { find, pathOf, render, renderWith, withoutKubectl } from './support/kustomize.ts';
import { configOf, folderOf, merge, OVERLAYS, variablesIn } from './support/vector-config.ts';
import { VECTOR_IMAGE } from './support/vector-reference.ts';
import { type Container, configMapData, environmentOf, type Workload, workloads } from './support/workload.ts';

const FOLDERS = [
  ...[...OVERLAYS, 'aggregator'].map((overlay) => `vector/overlays/${overlay}`),
  'distributor',
  'log-generator',
];

function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (items.length !== 1 || item === undefined) throw new Error(`expected one, found ${items.length}`);
  return item;
}

function workload(
  folder: string,
  name: string,
): { objects: ReturnType<typeof render>; pod: Workload['spec']['template'] } {
  const objects = render(pathOf(folder));
  return { objects, pod: only(workloads(objects).filter(({ metadata }) => metadata.name === name)).spec.template };
}

function mountedMap(pod: Workload['spec']['template'], container: Container, mountPath: string): string {
  const mount = only(container.volumeMounts.filter((candidate) => candidate.mountPath === mountPath));
  const { configMap } = only(pod.spec.volumes.filter(({ name }) => name === mount.name));
  return configMap?.name ?? assert.fail(`${mountPath} is no ConfigMap`);
}

test('images are pinned, resources bounded, and containers have nothing of root but what they need', {
  skip: withoutKubectl,
}, () => {
  for (const folder of FOLDERS) {
    for (const { metadata, spec } of workloads(render(pathOf(folder)))) {
      for (const { image, resources, securityContext } of spec.template.spec.containers) {
        const what = `${folder}: ${metadata.name}`;
        assert.match(image, /:\d+\.\d+\.\d+(-[a-z-]+)?(@sha256:[0-9a-f]{64})?$/, what);
        assert.deepEqual(Object.keys(resources.requests).sort(), ['cpu', 'memory'], what);
        assert.deepEqual(Object.keys(resources.limits).sort(), ['cpu', 'memory'], what);
        // LocalStack is a tool for trying things out, and writes all over its image.
        if (metadata.name === 'localstack') continue;
        assert.deepEqual(
          securityContext,
          { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: [] } },
          what,
        );
      }
    }
  }
});

test('images of Vector are of the version that the configuration is for, and of a base that is released', {
  skip: withoutKubectl,
}, () => {
  const rendered = [
    ...[...OVERLAYS, 'aggregator'].map((overlay) => render(pathOf(`vector/overlays/${overlay}`))),
    renderWith('vector/overlays/s3', ['vector/components/host']),
  ];
  const images = rendered
    .flatMap((objects) => workloads(objects))
    .flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image))
    .filter((image) => image.includes('vector'));
  assert.equal(images.length, rendered.length + 1);
  for (const image of images) assert.match(image, VECTOR_IMAGE);
});

for (const overlay of OVERLAYS) {
  test(`${overlay}: Vector finds every variable, every program and a folder for its data`, {
    skip: withoutKubectl,
  }, () => {
    const { objects, pod } = workload(`vector/overlays/${overlay}`, 'vector');
    const container = only(pod.spec.containers);
    const environment = environmentOf(container, objects);
    assert.deepEqual(container.args, ['--config', '/etc/vector/config/*.yaml']);
    assert.equal(environment.VECTOR_DANGEROUSLY_ALLOW_ENV_VAR_INTERPOLATION, 'true');

    const texts = configMapData(objects, mountedMap(pod, container, '/etc/vector/config'));
    assert.deepEqual(Object.keys(texts).sort(), ['sink.yaml', 'vector.yaml']);
    for (const name of Object.values(texts).flatMap(variablesIn)) {
      // Only the clusters that labels may name are none by default.
      assert.ok(environment[name] || (name === 'CLUSTERS' && environment[name] === ''), `${name} is not set`);
    }
    const config = merge(Object.values(texts), environment);
    // What is applied is what the golden lines went through.
    assert.deepEqual(config, configOf(overlay, environment));

    const programs = configMapData(objects, mountedMap(pod, container, '/etc/vector/vrl'));
    const transform = z.object({ file: z.string().optional(), files: z.array(z.string()).default([]) });
    const paths = Object.values(config.transforms)
      .map((component) => transform.parse(component))
      .flatMap(({ file, files }) => (file ? [file, ...files] : files));
    const encoded = z.looseObject({ batch_encoding: z.looseObject({ schema_file: z.string() }).optional() });
    const schemas = Object.values(config.sinks).map((sink) => encoded.parse(sink).batch_encoding?.schema_file ?? []);
    const files = new Set([...paths, ...schemas.flat()]);
    assert.deepEqual(files, new Set(Object.keys(programs).map((name) => `/etc/vector/vrl/${name}`)));
    for (const [name, text] of Object.entries(programs)) {
      assert.equal(text, readFileSync(pathOf(`${folderOf(overlay, name)}/${name}`), 'utf8'));
    }

    const writable = container.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath);
    assert.deepEqual(writable, [config.data_dir]);
  });
}

test('Prometheus finds the exporter where it listens, and nobody but the pod reaches the API', {
  skip: withoutKubectl,
}, () => {
  const { pod } = workload('vector/overlays/s3', 'vector');
  const { sinks, api } = configOf('s3');
  const { address } = z.object({ address: z.string() }).parse(sinks.metrics);
  const port = only(only(pod.spec.containers).ports);
  assert.equal(address, `0.0.0.0:${port.containerPort}`);
  assert.equal(pod.metadata.annotations['prometheus.io/port'], String(port.containerPort));
  assert.equal(pod.metadata.annotations['prometheus.io/scrape'], 'true');
  assert.match(z.object({ address: z.string() }).parse(api).address, /^127\.0\.0\.1:/);
});

test('the pods of EKS overlays carry the role that settings.env names', { skip: withoutKubectl }, () => {
  for (const overlay of OVERLAYS.filter((name) => name !== 'local')) {
    const objects = render(pathOf(`vector/overlays/${overlay}`));
    const settings = configMapData(objects, find(objects, 'ConfigMap', /^vector-settings-/).metadata.name);
    const { annotations } = z
      .object({ annotations: z.record(z.string(), z.string()) })
      .parse(find(objects, 'ServiceAccount', 'vector').metadata);
    assert.match(String(settings.COLLECTOR_ROLE_ARN), /^arn:aws:iam::\d{12}:role\//);
    assert.equal(annotations['eks.amazonaws.com/role-arn'], settings.COLLECTOR_ROLE_ARN);
  }
});

test('the distributor gets settings that the service takes, and time to drain', { skip: withoutKubectl }, () => {
  const { objects, pod } = workload('distributor', 'distributor');
  const container = only(pod.spec.containers);
  const environment = environmentOf(container, objects);
  const known = new Set<string>(SETTING_NAMES);
  for (const name of Object.keys(environment)) assert.ok(known.has(name), `${name} is no setting of the service`);
  const settings = readSettings(environment);
  assert.equal(settings.httpPort, only(container.ports).containerPort);
  assert.ok(settings.shutdownGraceMs < 1000 * (pod.spec.terminationGracePeriodSeconds ?? 30));
  // The budget and the 150 MB that the process needs beside it (service/base/settings.ts), twice.
  const limitBytes = Number.parseInt(container.resources.limits.memory ?? '', 10) * 1024 * 1024;
  assert.ok(2 * (settings.memoryBudgetBytes + 150e6) <= limitBytes);
  assert.equal(container.resources.limits.cpu, String(settings.workerThreads));
});
