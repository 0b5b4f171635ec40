import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

test('the API server of the tests is built from modules of one release, which the guide and the chart’s test name', () => {
  const text = read('test/k8s/cluster/go.mod');
  const [, minor, patch] = /k8s\.io\/kubernetes v1\.(\d+)\.(\d+)/.exec(text) ?? [];
  const replaced = [...text.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ (\S+)$/gm)].map(([, version]) => version);
  assert.ok(replaced.length > 20);
  assert.deepEqual(new Set(replaced), new Set([`v0.${minor}.${patch}`]));
  assert.ok(read('docs/guide/kubernetes.md').includes(`API server of Kubernetes 1.${minor} `));
  assert.ok(read('test/k8s/support/helm.ts').includes(`'--kube-version', '1.${minor}.0'`));
});
