import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKnownExpiry } from '../../../../service/destination/cloudwatch/known-expiry.ts';

test('nothing is known of a group until CloudWatch Logs has called an event expired', () => {
  const expiry = createKnownExpiry();
  assert.equal(expiry.upToMs('g'), Number.NEGATIVE_INFINITY);
  expiry.learn('g', 500);
  assert.deepEqual([expiry.upToMs('g'), expiry.upToMs('other')], [500, Number.NEGATIVE_INFINITY]);
});

test('the latest event that is expired says most; an earlier one says nothing new', () => {
  const expiry = createKnownExpiry();
  for (const timeMs of [500, 700, 600]) expiry.learn('g', timeMs);
  assert.equal(expiry.upToMs('g'), 700);
});

test('a thousand groups are remembered: the one that was learned of first goes', () => {
  const expiry = createKnownExpiry();
  for (let group = 0; group <= 1_000; group++) expiry.learn(`g${group}`, 500);
  assert.deepEqual([expiry.upToMs('g0'), expiry.upToMs('g1')], [Number.NEGATIVE_INFINITY, 500]);
});
