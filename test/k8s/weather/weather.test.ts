import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster, withoutCluster } from '../support/cluster.ts';
import { withoutKubectl } from '../support/kustomize.ts';
import { runWeather } from './run-weather.ts';
import { withoutVector } from './vector.ts';
import { SHORT } from './weathers.ts';

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
