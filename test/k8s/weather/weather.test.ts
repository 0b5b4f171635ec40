import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster, withoutCluster } from '../support/cluster.ts';
import { withoutKubectl } from '../support/kustomize.ts';
import { samplesOf, sum } from './metrics.ts';
import { runWeather } from './run-weather.ts';
import { withoutVector } from './vector.ts';
import { LOSSES, SHORT } from './weathers.ts';

/** `npm run weather` has more and longer weathers. */

const skip = withoutVector ?? withoutCluster ?? withoutKubectl ?? false;

for (const weather of SHORT) {
  test(`with a real Vector, ${weather.name}: every line arrives once, as it was written`, { skip }, async () => {
    const cluster = await startCluster();
    try {
      const { lines, delivered, missing, wrong, long_lines, rotations } = await runWeather(cluster, weather);
      assert.deepEqual({ delivered, missing, wrong }, { delivered: lines, missing: 0, wrong: 0 });
      assert.ok(long_lines > 0 && rotations > 0, `${long_lines} long lines, ${rotations} rotations`);
    } finally {
      await cluster.stop();
    }
  });
}

test('with a real Vector, every line that does not arrive is counted, and its counter is still there after a silence', {
  skip,
}, async () => {
  const cluster = await startCluster();
  try {
    const { missing, kept } = await runWeather(cluster, LOSSES);
    const samples = samplesOf(kept.last);
    const discarded = (component_id: string) =>
      sum(samples, 'vector_component_discarded_events_total', { component_id });
    const counted = [
      discarded('firehose'),
      discarded('limit'),
      sum(samples, 'collector_records_sampled_out_total', { tenant: 'initech' }),
    ];
    assert.ok(counted.every((count) => count > 0));
    assert.equal(
      counted.reduce((total, count) => total + count),
      missing,
    );
    assert.equal(sum(samples, 'vector_events_discarded_total'), discarded('limit'));
  } finally {
    await cluster.stop();
  }
});
