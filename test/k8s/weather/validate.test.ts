import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { folders, type KubernetesObject, pathOf, render, renderWith, withoutKubectl } from '../support/kustomize.ts';
import { OVERLAYS } from '../support/vector-config.ts';
import { type CollectorPod, collectorPod } from './collector-pod.ts';
import { createNodeRoot, withoutVector } from './vector.ts';

/** What a real Vector says of the configuration, as it is rendered, in the root of the DaemonSet's container. */

const skip = withoutVector ?? withoutKubectl ?? false;

function validate(objects: readonly KubernetesObject[], change: (pod: CollectorPod) => CollectorPod = (pod) => pod) {
  const folder = mkdtempSync(join(tmpdir(), 'vector-'));
  try {
    const pod = change(collectorPod(objects, 'node-1'));
    const root = createNodeRoot(join(folder, 'root'), pod, new Map());
    return root.run([
      'validate',
      '--no-environment',
      '--deny-warnings',
      ...pod.arguments.filter((one) => one !== '--config'),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const overlay of [...OVERLAYS, 'aggregator']) {
  test(`Vector takes the configuration of ${overlay}, with no warning`, { skip }, () => {
    const { status, output } = validate(render(pathOf(`vector/overlays/${overlay}`)));
    assert.equal(status, 0, output);
  });
}

for (const component of folders('Component').filter((name) => name.startsWith('vector/'))) {
  test(`Vector takes the configuration of the overlay s3 with ${component}`, { skip }, () => {
    const { status, output } = validate(renderWith('vector/overlays/s3', [component]));
    assert.equal(status, 0, output);
  });
}

test('Vector takes the configuration of agents with lines of their node', { skip }, () => {
  const { status, output } = validate(renderWith('vector/overlays/aggregator', ['vector/components/host']));
  assert.equal(status, 0, output);
});

test('Vector refuses a program that does not compile, so the tests above can fail', { skip }, () => {
  const { status, output } = validate(render(pathOf('vector/overlays/s3')), (pod) => {
    const files = new Map(pod.files).set('/etc/vector/vrl/record.vrl', '.message = nothing(1)');
    return { ...pod, files };
  });
  assert.notEqual(status, 0, output);
  assert.match(output, /undefined function|call to undefined/i);
});
