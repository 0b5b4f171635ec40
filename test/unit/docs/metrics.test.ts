import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createMetrics } from '../../../service/base/metrics.ts';

/** The rows of the table: metric → type and labels. */
async function documented(): Promise<Map<string, string>> {
  const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| `(log_distributor_\w+)` \| (\w+) \|([^|]*)\|/gm);
  return new Map(
    [...rows].map(([, name = '', type, labels = '']) => [name, describe(type, labels.match(/\w+/g) ?? [])]),
  );
}

function describe(type: string | undefined, labels: readonly string[]): string {
  return `${type}(${[...labels].sort().join(', ')})`;
}

/** prom-client keeps label names to itself; they are what the constructor was given. */
function registered(): Map<string, string> {
  const metrics = createMetrics().registry.getMetricsAsArray() as unknown as {
    name: string;
    type: string;
    labelNames?: string[];
  }[];
  const all = Object.values(createMetrics()).filter((value) => 'labelNames' in value) as unknown as {
    name: string;
    labelNames: string[];
  }[];
  const labels = new Map(all.map(({ name, labelNames }) => [name, labelNames]));
  return new Map(metrics.map(({ name, type }) => [name, describe(type, labels.get(name) ?? [])]));
}

test('docs/metrics.md names every metric of the registry with its type and labels, and no other', async () => {
  assert.deepEqual(Object.fromEntries([...(await documented())].sort()), Object.fromEntries([...registered()].sort()));
});
