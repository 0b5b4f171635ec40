import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseTaken, Put } from '../../../chaos/journal.ts';
import { createSettling } from '../../../chaos/judge/settling.ts';

const OBJECT = 's3://b/k#e';
const DELIVERY = 'acme-corp/cloudwatch';

const put = (process: string, sent: number, more: Partial<Put>): Put => ({
  process,
  sent,
  order: sent,
  atMs: 0,
  answered: false,
  ...more,
});
const taken = (process: string, order: number, more: Partial<LeaseTaken> = {}): LeaseTaken => ({
  process,
  object: OBJECT,
  delivery: DELIVERY,
  order,
  ...more,
});

/** How many copies had to be prevented, where 10 s are waited for what was accepted. */
function broken(copies: readonly Put[], acquisitions: readonly LeaseTaken[]): number {
  return createSettling({ acquisitions, settleMs: 10_000 }).preventable(copies, OBJECT, DELIVERY).length;
}

test('a copy of what was given up is excused where it was seen only after the wait for it', () => {
  const lease = [taken('p0', 0)];
  const again = put('p0', 2, { seenMs: 50_000 });
  const seen = (seenMs: number) => broken([put('p0', 1, { seenMs, givenUpMs: 30_000 }), again], lease);
  assert.deepEqual([38_999, 39_000, 39_001].map(seen), [1, 1, 0]);
});

test('after a takeover the wait begins with the end of the lease, whenever the call was given up', () => {
  const lease = [taken('p0', 0), taken('p1', 2, { endedMs: 60_000 })];
  const again = put('p1', 3, { seenMs: 80_000 });
  const seen = (seenMs: number) => broken([put('p0', 1, { seenMs, givenUpMs: 30_000 }), again], lease);
  assert.deepEqual([45_000, 69_000, 69_001].map(seen), [1, 1, 0]);
});

test('nothing excuses a copy of a call that nobody gave up, or of an owner that left no name, or where nobody looked', () => {
  const late = put('p0', 1, { seenMs: 900_000 });
  const again = (process: string) => put(process, 3, { seenMs: 80_000 });
  assert.equal(broken([late, again('p0')], [taken('p0', 0)]), 1);
  assert.equal(broken([late, again('p1')], [taken('p0', 0), taken('p1', 2)]), 1);
  const ended = [taken('p0', 0), taken('p1', 2, { endedMs: 60_000 })];
  assert.equal(broken([late, again('p1')], ended), 0);
  assert.equal(createSettling({ acquisitions: ended }).preventable([late, again('p1')], OBJECT, DELIVERY).length, 1);
});

test('a third call is excused only where none of the two before could be known', () => {
  const lease = [taken('p0', 0)];
  const late = (sent: number) => put('p0', sent, { seenMs: 500_000, givenUpMs: 1_000 * sent });
  const seen = put('p0', 2, { seenMs: 3_000, givenUpMs: 2_500 });
  assert.equal(broken([late(1), late(2), late(3)], lease), 0);
  assert.equal(broken([late(1), seen, late(3)], lease), 1);
});
