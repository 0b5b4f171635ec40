import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeries, endOfLastSlotMs } from '../../../../service/run/stats/series.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

function setUp() {
  const now = { ms: NOON_MS };
  const series = createSeries(() => now.ms);
  /** Of the slots, those that are not nought: how many slots before the last full one, and the rate. */
  const rates = () => series.rates().flatMap((rate, at, { length }) => (rate > 0 ? [[length - 1 - at, rate]] : []));
  return { now, series, rates };
}

test('an amount is spread over its ten seconds, and shown once they are over', () => {
  const { now, series, rates } = setUp();
  series.add(30);
  now.ms += 9_999;
  series.add(15);
  assert.deepEqual(series.rates(), []);
  now.ms += 1;
  assert.deepEqual(rates(), [[0, 4.5]]);
  assert.equal(series.rates().length, 60);
  assert.equal(endOfLastSlotMs(now.ms), NOON_MS + 10_000);
});

test('slots in which nothing was added are nought, and what is older than ten minutes is gone', () => {
  const { now, series, rates } = setUp();
  series.add(10);
  now.ms += 300_000;
  series.add(20);
  now.ms += 10_000;
  assert.deepEqual(rates(), [
    [30, 1],
    [0, 2],
  ]);
  now.ms += 290_000;
  assert.deepEqual(rates(), [
    [59, 1],
    [29, 2],
  ]);
  now.ms += 10_000;
  assert.deepEqual(rates(), [[30, 2]]);
});

test('nothing is left of a series that nobody looked at for long', () => {
  const { now, series } = setUp();
  series.add(10);
  now.ms += 86_400_000;
  assert.deepEqual(series.rates(), []);
  series.add(10);
  now.ms += 10_000;
  assert.equal(series.rates().at(-1), 1);
});

test('a clock that is set back loses nothing', () => {
  const { now, series, rates } = setUp();
  series.add(10);
  now.ms -= 60_000;
  series.add(10);
  now.ms += 70_000;
  assert.deepEqual(rates(), [[0, 2]]);
});
