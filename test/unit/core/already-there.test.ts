import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSearch, type SeenEvent } from '../../../service/core/already-there.ts';
import type { Batch, ChunkPlan } from '../../../service/core/plan.ts';
import { planChunk } from '../../../service/core/plan.ts';
import { buildChunk } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { holds } from '../../support/property.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

interface Line {
  readonly message: string;
  readonly timeMs: number;
}

/** A chunk of one stream, in batches of so many events. */
function planOf(lines: readonly Line[], perBatch: number): ChunkPlan {
  const delivery = buildDelivery({ log_stream_name: 's' });
  const { target } = delivery;
  const limited = { ...delivery, target: { ...target, limits: { ...target.limits, eventsMax: perBatch } } };
  return planChunk(buildChunk([...lines]), {
    delivery: limited,
    keyFields: { tenant_id: 'acme' },
    lastModifiedMs: NOON_MS,
    eventBytesMax: 1_000_000,
  });
}

function batchAt(plan: ChunkPlan, at: number): Batch {
  const batch = plan.batches[at];
  assert.ok(batch);
  return batch;
}

const seen = ({ message, timeMs }: Line, ingestedMs: number): SeenEvent => ({ timestamp: timeMs, message, ingestedMs });
const lines = (count: number, text = 'line', stepMs = 10): Line[] =>
  Array.from({ length: count }, (_, at) => ({ message: `${text} ${at}`, timeMs: NOON_MS + at * stepMs }));

function missingOf(plan: ChunkPlan, batch: Batch, events: readonly SeenEvent[], otherBatches = false): number[] {
  const search = createSearch(plan, batch.events);
  for (const event of events) search.see(event);
  return [...search.missing(otherBatches)];
}

test('a call that was executed is found whole, and one that was not is missing whole', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const batch = batchAt(plan, 0);
  assert.deepEqual(
    missingOf(
      plan,
      batch,
      all.map((line) => seen(line, 5_000)),
    ),
    [],
  );
  assert.deepEqual(missingOf(plan, batch, []), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('what the call did not bring is missing: events that were refused for their time', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const found = all.slice(3).map((line) => seen(line, 5_000));
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), found), [0, 1, 2]);
});

test('equal events of others, which came with other calls, are not taken for ours', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const others = [seen(all[1] as Line, 1_000), seen(all[4] as Line, 9_000), seen(all[6] as Line, 30_000)];
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), others), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('an equal time or an equal text alone is another event', () => {
  const [line] = lines(1);
  assert.ok(line);
  const plan = planOf([line], 8);
  const near = [seen({ ...line, timeMs: line.timeMs + 1 }, 1), seen({ ...line, message: 'other' }, 1)];
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), near), [0]);
});

test('copies count: of three equal events of which two are there, one is missing', () => {
  const same = { message: 'tick', timeMs: NOON_MS };
  const plan = planOf([same, same, same], 8);
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), [seen(same, 7), seen(same, 7)]), [2]);
});

test('a batch that is known to be there claims its copies first', () => {
  const same = { message: 'tick', timeMs: NOON_MS };
  const plan = planOf(Array<Line>(8).fill(same), 4);
  const [first, second] = [batchAt(plan, 0), batchAt(plan, 1)];
  const missing = (copies: number) => {
    const search = createSearch(plan, second.events);
    for (let copy = 0; copy < copies; copy++) search.see(seen(same, 1_000 + copy));
    search.claim(first);
    return search.missing(false).length;
  };
  assert.deepEqual([4, 8].map(missing), [4, 0]);
});

test('events that were sent in other batches are found by their calls, where these brought little else', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const ours = all.slice(0, 3).map((line) => seen(line, 5_000));
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), ours, true), [3, 4, 5, 6, 7]);
  const busy = Array.from({ length: 9 }, (_, at) => seen({ message: `theirs ${at}`, timeMs: NOON_MS }, 5_000));
  assert.equal(missingOf(plan, batchAt(plan, 0), [...ours, ...busy], true).length, 8, 'a call of somebody else');
});

test('long stretches without an event of the batch are not read', () => {
  const times = [0, 500, 5_000, 5_100, 3_600_000];
  const plan = planOf(
    times.map((ms) => ({ message: `at ${ms}`, timeMs: NOON_MS + ms })),
    8,
  );
  const { ranges } = createSearch(plan, batchAt(plan, 0).events);
  assert.deepEqual(
    ranges.map(({ fromMs, toMs }) => [fromMs - NOON_MS, toMs - NOON_MS]),
    [
      [0, 500],
      [5_000, 5_100],
      [3_600_000, 3_600_000],
    ],
  );
  const sparse = planOf(lines(1_000, 'sparse', 60_000), 1_000);
  const few = createSearch(sparse, batchAt(sparse, 0).events).ranges;
  assert.equal(few.length, 20);
  assert.deepEqual([few[0]?.fromMs, few.at(-1)?.toMs], [NOON_MS, NOON_MS + 999 * 60_000]);
});

test('whatever subset of calls was executed, among whatever others, exactly the rest is missing', () => {
  holds(
    fc.property(
      fc.array(fc.record({ text: fc.nat(3), step: fc.nat(3) }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      fc.array(fc.record({ text: fc.nat(9), at: fc.nat(150) }), { maxLength: 20 }),
      (drawn, perBatch, executed, others) => {
        let timeMs = NOON_MS;
        const all = drawn.map(({ text, step }) => {
          timeMs += step;
          return { message: `text ${text}`, timeMs };
        });
        const plan = planOf(all, perBatch);
        const stream = plan.batches.flatMap(({ events, index }) =>
          executed[index] ? [...events].map((event) => seen(all[event] as Line, 10_000 * (index + 1))) : [],
        );
        const strangers = others.map(({ text, at }) =>
          seen({ message: `their ${text}`, timeMs: NOON_MS + at }, 10_000),
        );
        const there = new Set<Batch>(plan.batches.filter(({ index }) => executed[index]));
        // As the sender does: what is known to be there claims first.
        for (const batch of plan.batches) {
          const search = createSearch(plan, batch.events);
          for (const event of [...stream, ...strangers]) search.see(event);
          for (const other of there) if (other !== batch) search.claim(other);
          assert.deepEqual([...search.missing(false)], executed[batch.index] ? [] : [...batch.events]);
        }
      },
    ),
  );
});
