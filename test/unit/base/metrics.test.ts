import assert from 'node:assert/strict';
import { test } from 'node:test';
import { register } from 'prom-client';
import { createMetrics } from '../../../service/base/metrics.ts';

test('each set of metrics has a registry of its own, and the global one stays empty', async () => {
  const [a, b] = [createMetrics(), createMetrics()];
  a.puts.inc({ outcome: 'accepted' }, 3);
  b.puts.inc({ outcome: 'accepted' });
  assert.equal((await a.puts.get()).values[0]?.value, 3);
  assert.equal((await b.puts.get()).values[0]?.value, 1);
  assert.deepEqual(register.getMetricsAsArray(), []);
});

test('every metric carries the prefix, a help text, and the ending of its kind', () => {
  for (const { name, help, type } of createMetrics().registry.getMetricsAsArray() as unknown as {
    name: string;
    help: string;
    type: string;
  }[]) {
    assert.match(name, /^log_distributor_[a-z_]+$/);
    assert.ok(help.endsWith('.'), `${name}: ${help}`);
    assert.equal(type === 'counter', name.endsWith('_total'), name);
    if (type === 'histogram') assert.match(name, /_seconds$/);
  }
});

test('the buckets of a histogram grow and reach from a fast call to the longest wait that is still normal', async () => {
  const metrics = createMetrics();
  metrics.lagSeconds.observe(4000);
  metrics.putSeconds.observe(0.02);
  const bounds = async (histogram: typeof metrics.lagSeconds) =>
    (await histogram.get()).values.flatMap(({ labels: { le } }) => (typeof le === 'number' ? [le] : []));
  assert.deepEqual(
    [(await bounds(metrics.lagSeconds)).at(0), (await bounds(metrics.lagSeconds)).at(-1)],
    [0.5, 86_400],
  );
  assert.deepEqual([(await bounds(metrics.putSeconds)).at(0), (await bounds(metrics.putSeconds)).at(-1)], [0.005, 30]);
  for (const histogram of [metrics.lagSeconds, metrics.putSeconds, metrics.objectSeconds]) {
    histogram.observe(1);
    const sorted = await bounds(histogram);
    assert.deepEqual(
      sorted,
      sorted.toSorted((a, b) => a - b),
    );
  }
});
