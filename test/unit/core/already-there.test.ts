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
  assert.equal(few.length, 10);
  assert.deepEqual([few[0]?.fromMs, few.at(-1)?.toMs], [NOON_MS, NOON_MS + 999 * 60_000]);
});

test('one equal event of somebody else is not taken for a call of ours, however the batch was cut before', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const others = [seen(all[2] as Line, 5_000), seen(all[5] as Line, 9_000)];
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), others, true), [0, 1, 2, 3, 4, 5, 6, 7]);
  const ours = all.slice(0, 4).map((line) => seen(line, 7_000));
  assert.deepEqual(
    missingOf(plan, batchAt(plan, 0), [...ours, ...others], true),
    [4, 5, 6, 7],
    'nor beside one of ours',
  );
});

test('nor is a call that brought scattered events of the batch: ours are cut from it in one piece', () => {
  const all = lines(12);
  const plan = planOf(all, 12);
  const quietPod = [0, 5, 11].map((at) => seen(all[at] as Line, 5_000));
  assert.equal(missingOf(plan, batchAt(plan, 0), quietPod, true).length, 12);
});

test('a call that reached into the batch from the one before, or the one after, is found, however little it brought', () => {
  const all = lines(40);
  const plan = planOf(all, 40);
  const [before, inside, after] = [all.slice(0, 3), all.slice(20, 23), all.slice(38)];
  const events = [before, inside, after].flatMap((call, nth) => call.map((line) => seen(line, 5_000 * (nth + 1))));
  const missing = missingOf(plan, batchAt(plan, 0), events, true);
  assert.deepEqual(missing, Array.from(all.keys()).slice(3, 38), 'but not one that lies within it');
});

test('what a call did not bring is missing, although somebody else brought the same', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const ours = all.slice(2).map((line) => seen(line, 5_000));
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), [...ours, seen(all[1] as Line, 9_000)]), [0, 1]);
});

test('half of a batch is enough to know its call, and no less', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const call = (count: number) => all.slice(0, count).map((line) => seen(line, 5_000));
  for (const otherBatches of [false, true]) {
    assert.deepEqual(missingOf(plan, batchAt(plan, 0), call(4), otherBatches), [4, 5, 6, 7]);
  }
  assert.equal(missingOf(plan, batchAt(plan, 0), call(3)).length, 8);
});

test('what was ingested within a second is one call, and what was ingested later is another', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const call = (lastMs: number) => all.slice(0, 4).map((line, at) => seen(line, at < 3 ? 5_000 : lastMs));
  assert.equal(missingOf(plan, batchAt(plan, 0), call(6_000)).length, 4);
  assert.equal(missingOf(plan, batchAt(plan, 0), call(6_001)).length, 8);
  // The second moves along: two before it and four within it.
  const late = [2_000, 3_500, 5_000, 5_200, 5_400, 6_000].map((ms, at) => seen(all[at] as Line, ms));
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), late), [0, 1, 6, 7]);
});

test('more copies of an event than the batch has do not make up for other events, neither at once nor one after another', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const tick = all[0] as Line;
  const atOnce = [5_000, 5_000, 5_000, 5_000].map((ms) => seen(tick, ms));
  assert.equal(missingOf(plan, batchAt(plan, 0), atOnce).length, 8);
  const oneByOne = Array.from({ length: 20 }, (_, at) => seen(tick, 5_000 + at * 400));
  assert.equal(missingOf(plan, batchAt(plan, 0), oneByOne).length, 8);
  const beside = [...oneByOne, ...all.slice(1, 3).map((line) => seen(line, 9_000))];
  assert.equal(missingOf(plan, batchAt(plan, 0), beside).length, 8, 'three events, and many copies of one of them');
});

test('the call of the batch is the one that brought most of its events, not most copies of one', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const tick = all[0] as Line;
  const copies = Array.from({ length: 6 }, () => seen(tick, 5_000));
  const call = all.slice(0, 4).map((line) => seen(line, 20_000));
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), [...copies, ...call]), [4, 5, 6, 7]);
  // One of two copies is over a second old when the last event comes; the other one still counts.
  const twice = [seen(tick, 5_000), seen(tick, 5_900), ...all.slice(1, 4).map((line) => seen(line, 6_800))];
  assert.deepEqual(missingOf(plan, batchAt(plan, 0), twice), [4, 5, 6, 7]);
});

test('a piece within a batch is a quarter of it or more, and half of what lies between its ends', () => {
  const all = lines(40);
  const plan = planOf(all, 40);
  const missingAfter = (places: readonly number[]) =>
    missingOf(
      plan,
      batchAt(plan, 0),
      places.map((at) => seen(all[at] as Line, 5_000)),
      true,
    ).length;
  const from = (start: number, count: number, step = 1) => Array.from({ length: count }, (_, at) => start + at * step);
  assert.equal(missingAfter(from(15, 10)), 30);
  assert.equal(missingAfter(from(15, 9)), 40);
  // Eleven of 22 places, and eleven of 23.
  assert.equal(missingAfter([...from(10, 10, 2), 31]), 29);
  assert.equal(missingAfter([...from(10, 10, 2), 32]), 40);
});

test('a piece is half or more of what its call brought in that time', () => {
  const all = lines(8);
  const plan = planOf(all, 8);
  const missingBeside = (others: number) =>
    missingOf(
      plan,
      batchAt(plan, 0),
      [
        ...all.slice(0, 3).map((line) => seen(line, 5_000)),
        ...Array.from({ length: others }, (_, at) => seen({ message: `theirs ${at}`, timeMs: NOON_MS }, 5_000)),
      ],
      true,
    ).length;
  assert.deepEqual([3, 4].map(missingBeside), [5, 8]);
});

test('what another batch has claimed is no part of what a call brought besides', () => {
  const same = { message: 'tick', timeMs: NOON_MS };
  const plan = planOf(Array<Line>(8).fill(same), 4);
  const [first, second] = [batchAt(plan, 0), batchAt(plan, 1)];
  const search = createSearch(plan, second.events);
  for (let copy = 0; copy < 8; copy++) search.see(seen(same, 1_000));
  for (let other = 0; other < 4; other++) search.see(seen({ message: `theirs ${other}`, timeMs: NOON_MS }, 1_000));
  search.claim(first);
  assert.equal(search.missing(true).length, 0);
});

/** The lines in their order, each some milliseconds after the one before. */
const lineUp = (drawn: readonly { readonly text: string; readonly step: number }[]): Line[] => {
  let timeMs = NOON_MS;
  return drawn.map(({ text, step }) => {
    timeMs += step;
    return { message: text, timeMs };
  });
};

/** Single events of others, equal to some of ours, each of a call of its own. */
const strangersOf = (all: readonly Line[], picked: readonly number[]) =>
  picked.map((at, nth) => seen(all[at % all.length] as Line, 1_000_000 + 10_000 * nth));

/** One event is less than half of such a batch: fewer cannot be told from somebody else's. */
const BATCH_EVENTS_MIN = 3;
const EXECUTED = fc.array(fc.boolean(), { minLength: 60, maxLength: 60 });
const PICKED = fc.array(fc.nat(59), { maxLength: 20 });

test('whatever subset of calls was executed, among equal events of others, exactly the rest is missing', () => {
  holds(
    fc.property(
      fc.array(fc.record({ text: fc.constantFrom('tick', 'tock'), step: fc.constantFrom(0, 0, 0, 1) }), {
        minLength: BATCH_EVENTS_MIN,
        maxLength: 60,
      }),
      fc.integer({ min: BATCH_EVENTS_MIN, max: 12 }),
      EXECUTED,
      PICKED,
      (drawn, perBatch, executed, picked) => {
        const all = lineUp(drawn);
        const plan = planOf(all, perBatch);
        const stream = plan.batches.flatMap(({ events, index }) =>
          executed[index] ? [...events].map((event) => seen(all[event] as Line, 10_000 * (index + 1))) : [],
        );
        const there = new Set<Batch>(plan.batches.filter(({ index }) => executed[index]));
        // As the sender does: what is known to be there claims first.
        for (const batch of plan.batches) {
          if (batch.events.length < BATCH_EVENTS_MIN) continue;
          const search = createSearch(plan, batch.events);
          for (const event of [...stream, ...strangersOf(all, picked)]) search.see(event);
          for (const other of there) if (other !== batch) search.claim(other);
          assert.deepEqual([...search.missing(false)], executed[batch.index] ? [] : [...batch.events]);
        }
      },
    ),
  );
});

test('however the calls were cut that were executed, nothing that they did not bring counts as found', () => {
  const size = fc.integer({ min: BATCH_EVENTS_MIN, max: 12 });
  holds(
    fc.property(
      fc.array(fc.nat(3), { minLength: BATCH_EVENTS_MIN, maxLength: 60 }),
      size,
      size,
      EXECUTED,
      PICKED,
      (steps, perCall, perBatch, executed, picked) => {
        const all = lineUp(steps.map((step, at) => ({ text: `text ${at}`, step })));
        const called = planOf(all, perCall).batches.filter(({ index }) => executed[index]);
        const ours = new Set(called.flatMap(({ events }) => [...events]));
        const stream = called.flatMap(({ events, index }) =>
          [...events].map((event) => seen(all[event] as Line, 10_000 * (index + 1))),
        );
        const plan = planOf(all, perBatch);
        for (const batch of plan.batches) {
          if (batch.events.length < BATCH_EVENTS_MIN) continue;
          const missing = new Set(missingOf(plan, batch, [...stream, ...strangersOf(all, picked)], true));
          const lost = [...batch.events].filter((event) => !missing.has(event) && !ours.has(event));
          assert.deepEqual(lost, []);
        }
      },
    ),
  );
});
