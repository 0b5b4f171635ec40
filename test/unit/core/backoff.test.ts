import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextBackoffMs, releaseDelaySeconds, waitingDelaySeconds } from '../../../service/core/backoff.ts';
import { holds } from '../../support/property.ts';

const LIMITS = { firstMs: 100, capMs: 5_000 };
/** The largest number below 1: what a uniform random number may come close to. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;
const uniform = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });

test('a wait lies between the first one and three times the last one', () => {
  assert.equal(
    nextBackoffMs(200, LIMITS, () => 0),
    100,
  );
  assert.equal(
    nextBackoffMs(200, LIMITS, () => 0.5),
    350,
  );
  assert.equal(
    nextBackoffMs(200, LIMITS, () => ALMOST_ONE),
    600,
  );
});

test('waits grow to the cap, and the cap includes the jitter', () => {
  const waits: number[] = [];
  for (let wait = LIMITS.firstMs, n = 0; n < 6; n++) {
    wait = nextBackoffMs(wait, LIMITS, () => ALMOST_ONE);
    waits.push(wait);
  }
  assert.deepEqual(waits, [300, 900, 2_700, 5_000, 5_000, 5_000]);
});

test('no wait is shorter than the first or longer than the cap, whatever the numbers', () =>
  holds(
    fc.property(
      fc.nat(100_000),
      fc.integer({ min: 1, max: 1_000 }),
      fc.nat(10_000),
      uniform,
      (previous, firstMs, more, r) => {
        const capMs = firstMs + more;
        const wait = nextBackoffMs(previous, { firstMs, capMs }, () => r);
        assert.ok(Number.isInteger(wait) && wait >= firstMs && wait <= capMs, `${wait} ms`);
      },
    ),
  ));

const RELEASE = { firstSeconds: 60, capSeconds: 3_600 };

test('the time for which a message stays away doubles with each failure, its upper half random', () => {
  const range = (failures: number) => [
    releaseDelaySeconds(failures, RELEASE, () => 0),
    releaseDelaySeconds(failures, RELEASE, () => ALMOST_ONE),
  ];
  assert.deepEqual([1, 2, 3, 6].map(range), [
    [30, 60],
    [60, 120],
    [120, 240],
    [960, 1_920],
  ]);
  assert.deepEqual(range(7), [1_800, 3_600], 'the cap');
  assert.deepEqual(range(1_000), [1_800, 3_600], 'the cap still');
  assert.deepEqual(range(0), [30, 60], 'a message that has not failed');
});

test('a message that waits for somebody stays away for about as long as it has waited, its upper half random', () => {
  const range = (waitedMs: number) => [
    waitingDelaySeconds(waitedMs, RELEASE, () => 0),
    waitingDelaySeconds(waitedMs, RELEASE, () => ALMOST_ONE),
  ];
  assert.deepEqual([0, 60_000, 600_000].map(range), [
    [30, 60],
    [30, 60],
    [300, 600],
  ]);
  assert.deepEqual(range(1e12), [1_800, 3_600], 'the cap');
});

test('the time is a whole number of seconds that SQS takes', () =>
  holds(
    fc.property(
      fc.nat(100),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 1e6 }),
      uniform,
      (failures, firstSeconds, capSeconds, r) => {
        const seconds = releaseDelaySeconds(failures, { firstSeconds, capSeconds }, () => r);
        assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= Math.min(capSeconds, 43_200), `${seconds} s`);
      },
    ),
  ));
