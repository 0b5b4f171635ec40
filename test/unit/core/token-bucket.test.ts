import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refill, spend, untilToken } from '../../../service/core/token-bucket.ts';

test('a bucket gains with time what its rate says, and holds a second of it', () => {
  const empty = { tokens: 0, atMs: 1_000 };
  assert.deepEqual(refill(empty, 10, 1_300), { tokens: 3, atMs: 1_300 });
  assert.deepEqual(refill(empty, 10, 60_000), { tokens: 10, atMs: 60_000 });
  assert.equal(refill(empty, 0.1, 60_000).tokens, 1, 'a slow one holds one token at least');
});

test('a clock that goes back takes nothing away', () => {
  assert.deepEqual(refill({ tokens: 2, atMs: 1_000 }, 10, 500), { tokens: 2, atMs: 500 });
});

test('the wait for a token is told to the millisecond, and is nought when there is one', () => {
  assert.equal(untilToken({ tokens: 1, atMs: 0 }, 10), 0);
  assert.equal(untilToken({ tokens: 0, atMs: 0 }, 10), 100);
  assert.equal(untilToken({ tokens: 0.5, atMs: 0 }, 0.1), 5_000);
});

test('what is larger than a second may overdraw the bucket, and is paid off by waiting', () => {
  const overdrawn = spend({ tokens: 1_000, atMs: 0 }, 5_000);
  assert.equal(overdrawn.tokens, -4_000);
  assert.equal(untilToken(overdrawn, 1_000), 4_001);
  assert.equal(untilToken(refill(overdrawn, 1_000, 4_001), 1_000), 0);
});
