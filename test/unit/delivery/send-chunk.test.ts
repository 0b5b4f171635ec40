import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { DistributorError } from '../../../service/base/errors.ts';
import { bookEvents } from '../../../service/core/book-events.ts';
import { type Batch, planChunk, sizeOf } from '../../../service/core/plan.ts';
import type { BatchReceipt } from '../../../service/delivery/destination.ts';
import { PUTS_AT_ONCE, ROUND_BATCHES, type SendChunkDeps, sendChunk } from '../../../service/delivery/send-chunk.ts';
import { createTracker } from '../../../service/delivery/tracker.ts';
import { NO_PROGRESS, type Progress } from '../../../service/ledger/ledger.ts';
import { buildChunk, type RecordSpec } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { progressOf } from '../../support/progress.ts';
import { NEVER } from '../../support/stop-signals.ts';
import { until } from '../../support/until.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const ALL_ACCEPTED: BatchReceipt = { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: Number.MAX_SAFE_INTEGER };

/** One batch for each record: a stream of its own. */
const perBatch = (count: number): RecordSpec[] =>
  Array.from({ length: count }, (_, at) => ({
    message: `m${at}`,
    timeMs: NOON_MS,
    fields: { application: `a${String(at).padStart(2, '0')}` },
  }));

function setUp(
  records: readonly RecordSpec[],
  {
    saved = NO_PROGRESS,
    stream = '{application}',
    eventBytesMax = 1_000_000,
    book = undefined as SendChunkDeps['book'],
    booked = false,
  } = {},
) {
  const plan = planChunk(buildChunk(records, { at: { record: 100, cursor: '' } }), {
    delivery: buildDelivery({ log_stream_name: stream }),
    keyFields: {},
    lastModifiedMs: NOON_MS,
    eventBytesMax,
  });
  const tracker = createTracker(saved, saved.layout, booked);
  const log: string[] = [];
  const quarantined: unknown[] = [];
  const saves: Progress[] = [];
  const behaviour = {
    send: async (_batch: Batch): Promise<BatchReceipt> => ALL_ACCEPTED,
    foresee: (_batch: Batch): BatchReceipt | undefined => undefined,
    keep: async (_reason: string): Promise<void> => {},
  };
  const taken = { count: 0 };
  const details = new Set<string>();
  const run = (signals = NEVER) =>
    sendChunk(
      plan,
      {
        tracker,
        destination: {
          send: async (_plan, batch) => {
            log.push(`send ${batch.index}`);
            return behaviour.send(batch);
          },
          foresee: (_plan, batch) => behaviour.foresee(batch),
        },
        keep: async (place, refused) => {
          for (const { reason, records } of refused) {
            log.push(`keep ${reason} at ${place}`);
            const kept = [...records()];
            for (const { detail } of kept) details.add(detail);
            quarantined.push([reason, ...kept.map(({ detail: _, ...rest }) => rest)]);
            await behaviour.keep(reason);
          }
        },
        save: async () => {
          log.push('save');
          saves.push(tracker.progress());
        },
        onTaken: () => {
          taken.count++;
        },
        onAccepted: (batch, counts, deliveredBytes) => {
          const rejectedBytes = sizeOf(plan, batch.events) - deliveredBytes;
          const told = { ...counts, ...(rejectedBytes > 0 ? { rejectedBytes } : {}) };
          log.push(`accepted ${batch.index} ${JSON.stringify(told)}`);
        },
        book,
        eventOverheadBytes: 26,
      },
      signals,
    );
  return { plan, tracker, log, quarantined, details, saves, taken, behaviour, run };
}

const sends = (log: readonly string[]) => log.filter((line) => line.startsWith('send'));

test('every batch is sent and accepted, and its records are counted', async () => {
  const { tracker, log, run } = setUp(perBatch(3));
  await run();
  assert.deepEqual(log.toSorted(), [
    'accepted 0 {"delivered":1,"rejected":0}',
    'accepted 1 {"delivered":1,"rejected":0}',
    'accepted 2 {"delivered":1,"rejected":0}',
    'send 0',
    'send 1',
    'send 2',
  ]);
  assert.deepEqual(tracker.progress().batch, 3);
  assert.equal(tracker.counts().delivered, 3);
});

test('batches that were accepted before are not sent again', async () => {
  const saved = progressOf({ batch: 2, ahead: [[3, 4]], partial: { delivered: 3 } });
  const { tracker, log, run } = setUp(perBatch(6), { saved });
  await run();
  assert.deepEqual(sends(log), ['send 2', 'send 4', 'send 5']);
  assert.deepEqual([tracker.progress().batch, tracker.counts().delivered], [6, 6]);
});

test('a few calls are under way at once, and no more', async () => {
  const { log, behaviour, run } = setUp(perBatch(12));
  const gates: (() => void)[] = [];
  behaviour.send = async () => {
    await new Promise<void>((resolve) => gates.push(resolve));
    return ALL_ACCEPTED;
  };
  const running = run();
  for (let begun = PUTS_AT_ONCE; begun <= 12; begun++) {
    await until(() => sends(log).length === begun);
    await turn();
    assert.equal(sends(log).length, begun);
    gates.shift()?.();
  }
  for (const open of gates) open();
  await running;
});

test('when one fails, no further one is begun, and those under way are waited for', async () => {
  const { tracker, log, behaviour, run } = setUp(perBatch(12));
  const gate = Promise.withResolvers<void>();
  behaviour.send = async ({ index }) => {
    if (index === 1) throw new DistributorError('destination-refused', 'no');
    await gate.promise;
    return ALL_ACCEPTED;
  };
  let over = false;
  const running = run().finally(() => {
    over = true;
  });
  running.catch(() => {});
  await until(() => sends(log).length === PUTS_AT_ONCE);
  await turn();
  assert.equal(over, false, 'three are still under way');
  gate.resolve();
  await assert.rejects(running, { code: 'destination-refused' });
  assert.equal(sends(log).length, PUTS_AT_ONCE);
  assert.deepEqual([0, 1, 2, 3, 4].map(tracker.accepted), [true, false, true, true, false]);
  const expected = progressOf({ batch: 1, ahead: [[2, 4]], partial: { delivered: 3 }, partialBytes: 6 });
  assert.deepEqual(tracker.progress(), expected);
});

test('a drain lets what was sent finish and begins nothing new', async () => {
  const { tracker, log, behaviour, run } = setUp(perBatch(12));
  const drain = new AbortController();
  behaviour.send = async () => {
    drain.abort();
    await turn();
    return ALL_ACCEPTED;
  };
  await assert.rejects(run({ drain: drain.signal, abort: NEVER.abort }), { code: 'stopping' });
  const begun = sends(log).length;
  assert.ok(begun >= 1 && begun <= PUTS_AT_ONCE);
  assert.equal(tracker.counts().delivered, begun);
});

test('an abort begins nothing, with its reason', async () => {
  const { log, run } = setUp(perBatch(2));
  const reason = new DistributorError('lease-lost', 'gone');
  await assert.rejects(run({ drain: NEVER.drain, abort: AbortSignal.abort(reason) }), reason);
  assert.deepEqual(log, []);
});

/** Ten events of one batch, of records 100 to 109. */
const ten = Array.from({ length: 10 }, (_, at) => ({ message: `m${at}`, timeMs: NOON_MS + at }));
const refused = (reason: string, ...records: number[]) => [
  reason,
  ...records.map((at) => ({ record: 100 + at, timestamp: NOON_MS + at, message: `m${at}` })),
];

const RANGES: readonly (readonly [what: string, receipt: Partial<BatchReceipt>, kept: unknown[], rejected: number])[] =
  [
    ['nothing refused', {}, [], 0],
    ['too old', { tooOldBefore: 3 }, [refused('too_old', 0, 1, 2)], 3],
    ['expired', { expiredBefore: 2 }, [refused('expired', 0, 1)], 2],
    ['too new', { tooNewFrom: 8 }, [refused('too_new', 8, 9)], 2],
    [
      'all three',
      { tooOldBefore: 2, expiredBefore: 3, tooNewFrom: 9 },
      [refused('too_old', 0, 1), refused('expired', 2), refused('too_new', 9)],
      4,
    ],
    ['expired within too old', { tooOldBefore: 4, expiredBefore: 2 }, [refused('too_old', 0, 1, 2, 3)], 4],
    ['everything too old', { tooOldBefore: 10 }, [refused('too_old', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)], 10],
    ['everything too new', { tooNewFrom: 0 }, [refused('too_new', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)], 10],
    [
      'indexes beyond the batch',
      { tooOldBefore: 99, expiredBefore: 99 },
      [refused('too_old', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)],
      10,
    ],
    [
      'ranges that cross',
      { tooOldBefore: 6, tooNewFrom: 4 },
      [refused('too_old', 0, 1, 2, 3, 4, 5), refused('too_new', 6, 7, 8, 9)],
      10,
    ],
  ];

for (const [what, receipt, kept, rejected] of RANGES) {
  test(`an answer of ${what}: each refused event is kept once, with its reason, and counted as rejected`, async () => {
    const { tracker, quarantined, behaviour, run } = setUp(ten, { stream: 's' });
    behaviour.send = async () => ({ ...ALL_ACCEPTED, ...receipt });
    await run();
    assert.deepEqual(quarantined, kept);
    const { delivered, rejected: counted } = tracker.counts();
    assert.deepEqual([delivered, counted], [10 - rejected, rejected]);
  });
}

test('the answer is saved before its refused events are kept, and they are kept before their batch counts as accepted', async () => {
  const { log, details, saves, behaviour, run } = setUp(ten, { stream: 's' });
  behaviour.send = async () => ({ ...ALL_ACCEPTED, tooOldBefore: 1, tooNewFrom: 9 });
  await run();
  assert.deepEqual(log, [
    'send 0',
    'save',
    'keep too_old at 100/from batch 0',
    'keep too_new at 100/from batch 0',
    'accepted 0 {"delivered":8,"rejected":2,"rejectedBytes":4}',
  ]);
  assert.deepEqual(saves, [progressOf({ answers: [{ batch: 0, tooOldBefore: 1, expiredBefore: 0, tooNewFrom: 9 }] })]);
  assert.deepEqual(
    [...details],
    [
      'CloudWatch Logs takes no event that is more than 14 days old',
      'CloudWatch Logs takes no event whose timestamp is more than 2 hours ahead',
    ],
  );
});

test('what is refused of many batches is kept together, a file for each reason, and no other batch waits for it', async () => {
  const { tracker, log, quarantined, behaviour, run } = setUp(perBatch(5));
  behaviour.send = async ({ index }) => {
    if (index === 1 || index === 4) return { ...ALL_ACCEPTED, tooOldBefore: 1 };
    return index === 2 ? { ...ALL_ACCEPTED, tooNewFrom: 0 } : ALL_ACCEPTED;
  };
  await run();
  assert.deepEqual(quarantined, [
    ['too_old', ...[101, 104].map((record) => ({ record, timestamp: NOON_MS, message: `m${record - 100}` }))],
    ['too_new', { record: 102, timestamp: NOON_MS, message: 'm2' }],
  ]);
  const kept = log.findIndex((line) => line.startsWith('keep'));
  assert.deepEqual(
    log.slice(0, kept).filter((line) => line.startsWith('accepted')),
    ['accepted 0 {"delivered":1,"rejected":0}', 'accepted 3 {"delivered":1,"rejected":0}'],
  );
  const { delivered, rejected } = tracker.counts();
  assert.deepEqual([delivered, rejected, tracker.progress().batch], [2, 3, 5]);
});

test('the answers that are open at once are bounded: many batches are kept in rounds', async () => {
  const many = ROUND_BATCHES + 10;
  const { tracker, log, saves, behaviour, run } = setUp(perBatch(many));
  behaviour.send = async () => ({ ...ALL_ACCEPTED, tooOldBefore: 1 });
  await run();
  assert.deepEqual(
    log.filter((line) => line.startsWith('keep')),
    ['keep too_old at 100/from batch 0', `keep too_old at 100/from batch ${ROUND_BATCHES}`],
  );
  assert.deepEqual(
    saves.map(({ answers }) => answers.length),
    [ROUND_BATCHES, 10],
  );
  assert.equal(tracker.counts().rejected, many);
});

test('a batch of which every refusal is known beforehand is not sent, only kept', async () => {
  const { tracker, log, quarantined, taken, behaviour, run } = setUp(perBatch(3));
  behaviour.foresee = ({ index }) => (index === 1 ? { tooOldBefore: 0, expiredBefore: 1, tooNewFrom: 1 } : undefined);
  await run();
  assert.deepEqual(sends(log), ['send 0', 'send 2']);
  assert.deepEqual(quarantined, [['expired', { record: 101, timestamp: NOON_MS, message: 'm1' }]]);
  const { delivered, rejected } = tracker.counts();
  assert.deepEqual([delivered, rejected, taken.count], [2, 1, 2]);
});

test('a batch whose refused events cannot be kept does not count as accepted', async () => {
  const { tracker, behaviour, run } = setUp(ten, { stream: 's' });
  behaviour.send = async () => ({ ...ALL_ACCEPTED, tooOldBefore: 1 });
  behaviour.keep = async () => {
    throw new DistributorError('quarantine-unavailable', 'no');
  };
  await assert.rejects(run(), { code: 'quarantine-unavailable' });
  assert.equal(tracker.accepted(0), false);
  assert.equal(tracker.counts().delivered, 0);
});

test('a batch whose refused events could not be kept is not sent again: the destination has the others', async () => {
  const first = setUp(ten, { stream: 's' });
  first.behaviour.send = async () => ({ ...ALL_ACCEPTED, tooOldBefore: 1, tooNewFrom: 9 });
  first.behaviour.keep = async (reason) => {
    if (reason === 'too_new') throw new DistributorError('quarantine-unavailable', 'no');
  };
  await assert.rejects(first.run(), { code: 'quarantine-unavailable' });

  const second = setUp(ten, { stream: 's', saved: first.tracker.progress() });
  await second.run();
  assert.deepEqual(sends(second.log), []);
  assert.deepEqual(second.quarantined, [refused('too_old', 0), refused('too_new', 9)]);
  const { delivered, rejected } = second.tracker.counts();
  assert.deepEqual([delivered, rejected], [8, 2]);
});

test('a split record that is refused is one record, kept part by part', async () => {
  const { plan, tracker, quarantined, behaviour, run } = setUp(
    [
      { message: 'x'.repeat(1_500), timeMs: NOON_MS },
      { message: 'small', timeMs: NOON_MS + 1 },
    ],
    { stream: 's', eventBytesMax: 1_024 },
  );
  assert.equal(plan.batches[0]?.events.length, 3);
  behaviour.send = async () => ({ ...ALL_ACCEPTED, tooOldBefore: 2 });
  await run();
  const [[reason, ...events] = []] = quarantined as [string, ...{ record: number; message: string }[]][];
  assert.equal(reason, 'too_old');
  assert.deepEqual(
    events.map(({ record, message }) => [record, message.slice(0, 25)]),
    [
      [100, '[part 1/2 of record 100] '],
      [100, '[part 2/2 of record 100] '],
    ],
  );
  const { delivered, rejected } = tracker.counts();
  assert.deepEqual([delivered, rejected], [1, 1]);
});

test('books have the events that the destination took, and none that it refused', async () => {
  const spread = Array.from({ length: 6 }, (_, at) => ({ message: `m${at}`, timeMs: NOON_MS + at * 3_600_000 }));
  const { plan, tracker, behaviour, run } = setUp(spread, { stream: 's', book: bookEvents, booked: true });
  behaviour.send = async () => ({ tooOldBefore: 1, expiredBefore: 2, tooNewFrom: 5 });
  await run();
  const [batch] = plan.batches;
  assert.ok(batch);
  assert.deepEqual(tracker.totals().books, bookEvents(plan, batch, 2, 5));
  assert.deepEqual(tracker.counts().delivered, 3);
  assert.equal(tracker.totals().bytes, 6);
});
