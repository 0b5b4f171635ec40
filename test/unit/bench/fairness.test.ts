import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busiestMinute, createLags } from '../../bench/fairness/lag.ts';

const line = (tenant: string, lag_seconds: number, seconds = lag_seconds) => ({
  msg: 'object delivered',
  tenant,
  lag_seconds,
  seconds,
});

test('lags are those of delivered objects, of the tenants that are asked for, since the reset', () => {
  const lags = createLags();
  lags.add(line('quiet-1', 9));
  lags.reset();
  for (let n = 1; n <= 200; n++) lags.add(line('quiet-1', n / 1000, n / 2000));
  lags.add(line('noisy', 9));
  lags.add({ ...line('quiet-1', 9), msg: 'object was delivered before; acknowledged again' });
  assert.equal(lags.count('quiet-'), 200);
  assert.deepEqual(lags.quantiles('quiet-'), {
    objects: 200,
    created: { p50: 100, p99: 198 },
    received: { p50: 50, p99: 99 },
  });
});

test('the busiest minute may begin anywhere', () => {
  assert.equal(busiestMinute([]), 0);
  assert.equal(busiestMinute([0, 50_000, 70_000, 100_000, 109_999]), 4);
  assert.equal(busiestMinute([0, 60_000, 120_000]), 1);
});
