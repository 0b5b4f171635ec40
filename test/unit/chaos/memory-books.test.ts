import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from '../../../local/workload/tally.ts';
import { BATCH_EVENTS_MAX } from '../../../service/core/limits.ts';
import { compare, isRight } from '../../chaos/memory/books.ts';

const RECORDS = ['one', 'two', 'two'].map((message) => ({ timestamp: 1, message }));
const OBJECT = { records: RECORDS, rounds: 5 };
const seenOf = (counts: Readonly<Record<string, number>>) =>
  new Map(Object.entries(counts).map(([message, count]) => [fingerprint(1, message), count]));

test('of objects larger than the memory each event is counted: lost, repeated, or in no object', () => {
  assert.deepEqual(compare(OBJECT, 2, seenOf({ one: 10, two: 20 })), { lost: 0, repeated: 0, foreign: 0 });
  assert.deepEqual(compare(OBJECT, 2, seenOf({ one: 8, two: 23, three: 4 })), { lost: 2, repeated: 3, foreign: 4 });
});

test('only the events of calls that had no answer may be there twice', () => {
  const right = { lost: 0, repeated: 0, foreign: 0 };
  assert.ok(isRight(right, 0));
  assert.ok(!isRight({ ...right, repeated: 1 }, 0));
  assert.ok(isRight({ ...right, repeated: BATCH_EVENTS_MAX }, 1));
  assert.ok(!isRight({ ...right, repeated: BATCH_EVENTS_MAX + 1 }, 1));
  assert.ok(!isRight({ ...right, lost: 1 }, 9));
  assert.ok(!isRight({ ...right, foreign: 1 }, 9));
});
