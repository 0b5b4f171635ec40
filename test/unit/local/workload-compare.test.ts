import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from '../../../local/workload/compare.ts';
import { takeRecords } from '../../../local/workload/object.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { createTally, type Tally } from '../../../local/workload/tally.ts';

type Event = readonly [timestampMs: number, message: string];

const tally = (...events: Event[]): Tally => {
  const made = createTally();
  for (const [timestampMs, message] of events) made.add(timestampMs, message);
  return made;
};
const found = (inside: Event[], outside: Event[] = []) => ({ inside: tally(...inside), outside: tally(...outside) });
const run = (expected: Record<string, Event[]>, actual: Record<string, ReturnType<typeof found>>) =>
  compare(
    new Map(Object.entries(expected).map(([tenant, events]) => [tenant, tally(...events)])),
    new Map(Object.entries(actual)),
  );

const A: Event = [1_000, 'a'];
const B: Event = [1_000, 'b'];
const C: Event = [2_000, 'a'];
const CLEAN = { lost: 0, duplicated: 0, misrouted: 0, unexpected: 0 };

test('what arrived in another order and from other batches is complete', () => {
  const result = run({ acme: [A, B, C, A] }, { acme: found([C, A, A, B]) });
  assert.deepEqual(result, { ...CLEAN, events: 4, delivered: 4 });
});

test('an event that did not arrive is lost, also one of two equal ones', () => {
  assert.deepEqual(run({ acme: [A, A, B] }, { acme: found([A]) }), { ...CLEAN, events: 3, delivered: 1, lost: 2 });
});

test('an account that nothing was read from has lost everything', () => {
  assert.deepEqual(run({ acme: [A, B] }, {}), { ...CLEAN, events: 2, delivered: 0, lost: 2 });
});

test('an event that arrived more often than it was written is a duplicate', () => {
  const result = run({ acme: [A, B, B] }, { acme: found([A, A, A, B, B]) });
  assert.deepEqual(result, { ...CLEAN, events: 3, delivered: 3, duplicated: 2 });
});

test('a lost and a duplicated event do not cancel out', () => {
  const result = run({ acme: [A, B] }, { acme: found([A, A]) });
  assert.deepEqual(result, { ...CLEAN, events: 2, delivered: 1, lost: 1, duplicated: 1 });
});

test("an event in another tenant's account is misrouted, and lost where it belongs", () => {
  const result = run({ acme: [A], globex: [B] }, { acme: found([]), globex: found([A, B]) });
  assert.deepEqual(result, { ...CLEAN, events: 2, delivered: 1, lost: 1, misrouted: 1 });
});

test("an event outside the tenant's own log groups is misrouted", () => {
  const result = run({ acme: [A] }, { acme: found([], [A]) });
  assert.deepEqual(result, { ...CLEAN, events: 1, delivered: 0, lost: 1, misrouted: 1 });
});

test('an event in an account of no tenant is misrouted', () => {
  const result = run({ acme: [A] }, { acme: found([A]), stranger: found([B]) });
  assert.deepEqual(result, { ...CLEAN, events: 1, delivered: 1, misrouted: 1 });
});

test('an event that nobody wrote is unexpected: altered text, another time, or one that a filter drops', () => {
  const result = run(
    { acme: [A] },
    {
      acme: found([
        [1_000, 'a '],
        [1_001, 'a'],
      ]),
    },
  );
  assert.deepEqual(result, { ...CLEAN, events: 1, delivered: 0, lost: 1, unexpected: 2 });
});

test('times that differ only beyond 32 bits are different events', () => {
  const result = run({ acme: [[5, 'a']] }, { acme: found([[5 + 2 ** 32, 'a']]) });
  assert.deepEqual(result, { ...CLEAN, events: 1, delivered: 0, lost: 1, unexpected: 1 });
});

test('a hundred thousand similar events have as many fingerprints', () => {
  const many = createTally();
  for (let i = 0; i < 100_000; i++) many.add(1_700_000_000_000 + (i % 100), `request ${Math.floor(i / 100)} took 3 ms`);
  assert.equal(many.size, 100_000);
  assert.equal(new Set(many.sorted()).size, 100_000);
});

test('one missing event among thousands of realistic ones is found', () => {
  const options = { seed: 'compare', tenantId: 'acme', clusterId: 'c', environment: 'prod' };
  const records = takeRecords(createRecordSource(options), 2_000_000, 0, 60_000);
  const events = records.map((record): Event => [record.timestamp, record.message]);
  const rest = events.toSpliced(1_234, 1).reverse();
  const result = run({ acme: events }, { acme: found(rest) });
  assert.deepEqual(result, { ...CLEAN, events: events.length, delivered: events.length - 1, lost: 1 });
});
