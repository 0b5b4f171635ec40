import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKnownExpiry } from '../../../service/delivery/known-expiry.ts';

const MINUTE_MS = 60_000;

function setUp() {
  const clock = { ms: 1_000 };
  return { clock, expiry: createKnownExpiry(() => clock.ms) };
}

test('nothing is known of a group until CloudWatch Logs has called an event expired', () => {
  const { expiry } = setUp();
  assert.equal(expiry.upToMs('g'), Number.NEGATIVE_INFINITY);
  expiry.learn('g', 500);
  assert.deepEqual([expiry.upToMs('g'), expiry.upToMs('other')], [500, Number.NEGATIVE_INFINITY]);
});

test('the latest event that is expired says most; an earlier one says nothing new', () => {
  const { expiry } = setUp();
  for (const timeMs of [500, 700, 600]) expiry.learn('g', timeMs);
  assert.equal(expiry.upToMs('g'), 700);
});

test('after ten minutes it is found out anew, as the retention may be longer by then', () => {
  const { clock, expiry } = setUp();
  expiry.learn('g', 500);
  clock.ms += 10 * MINUTE_MS - 1;
  expiry.learn('g', 400);
  assert.equal(expiry.upToMs('g'), 500);
  clock.ms += 1;
  assert.equal(expiry.upToMs('g'), Number.NEGATIVE_INFINITY);
  expiry.learn('g', 300);
  assert.equal(expiry.upToMs('g'), 300);
});

test('a thousand groups are remembered: the one that was learned of first goes', () => {
  const { expiry } = setUp();
  for (let group = 0; group <= 1_000; group++) expiry.learn(`g${group}`, 500);
  assert.deepEqual([expiry.upToMs('g0'), expiry.upToMs('g1')], [Number.NEGATIVE_INFINITY, 500]);
});
