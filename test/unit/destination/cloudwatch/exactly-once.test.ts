import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../../service/base/errors.ts';
import type { SeenEvent } from '../../../../service/core/already-there.ts';
import { messageText, planChunk, timeOf } from '../../../../service/core/plan.ts';
import type { BatchReceipt, StopSignals } from '../../../../service/delivery/destination.ts';
import { createExactlyOnce, type ReadBack } from '../../../../service/destination/cloudwatch/exactly-once.ts';
import { awsError } from '../../../support/aws-error.ts';
import { buildChunk } from '../../../support/chunk.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { NEVER } from '../../../support/stop-signals.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const SETTLE_MS = 3_000;

/** A plan of one stream with batches of four events, and a stream that is read as the test says. */
function setUp(count = 8) {
  const delivery = buildDelivery({ log_stream_name: 's', exactly_once: true });
  const limits = { ...delivery.target.limits, eventsMax: 4 };
  const chunk = buildChunk(Array.from({ length: count }, (_, at) => ({ message: `m${at}`, timeMs: NOON_MS + at })));
  const plan = planChunk(chunk, {
    delivery: { ...delivery, target: { ...delivery.target, limits } },
    keyFields: { tenant_id: 'acme' },
    lastModifiedMs: NOON_MS,
    eventBytesMax: 1_000_000,
  });
  const clock = { nowMs: 0, awsNowMs: 1_000_000 };
  const told: ReadBack[] = [];
  const reads: number[] = [];
  /** What each read sees; the last one goes on. */
  const stream = { seen: [[]] as SeenEvent[][], onRead: () => {} };
  const once = createExactlyOnce({
    settleMs: SETTLE_MS,
    nowMs: () => clock.nowMs,
    awsNowMs: () => clock.awsNowMs,
    onReadBack: (outcome) => told.push(outcome),
    read: async (_route, search, sinceMs) => {
      reads.push(sinceMs);
      const events = (stream.seen.length > 1 ? stream.seen.shift() : stream.seen[0]) ?? [];
      for (const event of events) if (event.ingestedMs >= sinceMs) search.see(event);
      // Time passes as soon as somebody waits for it.
      clock.nowMs += SETTLE_MS;
      stream.onRead();
      return { calls: 2, complete: true };
    },
  });
  const batch = (at: number) => {
    const found = plan.batches[at];
    assert.ok(found);
    return found;
  };
  const seen = (events: readonly number[], ingestedMs = clock.awsNowMs): SeenEvent[] =>
    events.map((event) => ({ timestamp: timeOf(plan, event), message: messageText(plan, event), ingestedMs }));
  const put = (at: number, outcome: Error | BatchReceipt, signals: StopSignals = NEVER) =>
    once.put(plan, batch(at), signals, async (beforeExecution) => {
      beforeExecution();
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
  let looks = 0;
  const known = (at: number) => once.known(plan, batch(at), NEVER, () => looks++);
  const rest = (at: number) => [...once.rest(plan, batch(at))];
  return { plan, clock, told, reads, stream, once, put, known, looks: () => looks, rest, seen };
}

const taken = (events: number): BatchReceipt => ({ tooOldBefore: 0, expiredBefore: 0, tooNewFrom: events });
const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' });

test('a put that is answered leaves no doubt, and nothing is read', async () => {
  const { once, put, known, reads, looks } = setUp();
  assert.deepEqual(await put(0, taken(4)), taken(4));
  assert.equal(once.inDoubt(), false);
  assert.equal(await known(0), undefined);
  assert.deepEqual([reads, looks()], [[], 0]);
});

test('a lost answer to a put that was executed: all of it is found, and that is its answer', async () => {
  const { once, put, known, stream, seen, told, reads, looks, clock } = setUp();
  await assert.rejects(put(0, reset()), { message: 'reset' });
  assert.equal(once.inDoubt(), true);
  stream.seen = [seen([0, 1, 2, 3])];
  assert.deepEqual(await known(0), taken(4));
  assert.equal(looks(), 1);
  assert.equal(once.inDoubt(), false);
  assert.deepEqual(
    told.map(({ batch, events, found, calls }) => [batch, events, found, calls]),
    [[0, 4, 4, 2]],
  );
  assert.deepEqual(reads, [clock.awsNowMs - 1_000], 'nothing that was there before the put, but for the clocks');
});

test('what is not seen yet is looked for until it would have been seen', async () => {
  const { put, known, rest, stream, seen, reads } = setUp();
  await assert.rejects(put(0, reset()));
  stream.seen = [[], seen([0, 1, 2, 3])];
  assert.deepEqual(await known(0), taken(4));
  assert.equal(reads.length, 2);
  assert.deepEqual(rest(0), []);
});

test('a put that was not executed is sent again, whole', async () => {
  const { once, put, known, rest } = setUp();
  await assert.rejects(put(0, awsError('InternalFailure', 500)));
  assert.equal(await known(0), undefined);
  assert.deepEqual(rest(0), [0, 1, 2, 3]);
  assert.equal(once.inDoubt(), false);
});

test('of a put whose old events were refused, the rest is sent, and its refusals are those of the whole batch', async () => {
  const { put, known, rest, stream, seen } = setUp();
  await assert.rejects(put(0, reset()));
  stream.seen = [seen([2, 3])];
  assert.equal(await known(0), undefined);
  assert.deepEqual(rest(0), [0, 1]);
  const refused = { tooOldBefore: 1, expiredBefore: 2, tooNewFrom: 2 };
  assert.deepEqual(await put(0, refused), { tooOldBefore: 1, expiredBefore: 2, tooNewFrom: 4 });
});

test('and of one whose new events were refused', async () => {
  const { put, known, rest, stream, seen } = setUp();
  await assert.rejects(put(0, reset()));
  stream.seen = [seen([0, 1])];
  await known(0);
  assert.deepEqual(rest(0), [2, 3]);
  assert.deepEqual(await put(0, { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: 1 }), {
    tooOldBefore: 0,
    expiredBefore: 0,
    tooNewFrom: 3,
  });
});

for (const error of [awsError('ThrottlingException', 400), awsError('AccessDeniedException', 403)]) {
  test(`${error.name} says that the put was not executed: there is nothing to read back`, async () => {
    const { once, put } = setUp();
    await assert.rejects(put(0, error), { name: error.name });
    assert.equal(once.inDoubt(), false);
  });
}

test('a put that is stopped before it left is not in doubt', async () => {
  const { once, put } = setUp();
  const lease = new AbortController();
  const signals = { ...NEVER, look: () => lease.signal.throwIfAborted() };
  lease.abort(new DistributorError('lease-lost', 'another has it'));
  await assert.rejects(put(0, taken(4), signals), { code: 'lease-lost' });
  assert.equal(once.inDoubt(), false);
});

test('whoever takes over reads back what was not accepted for certain, since the chunk was begun', async () => {
  const { plan, once, known, stream, seen, reads, clock } = setUp(12);
  const begunMs = clock.awsNowMs - 60_000;
  once.sentBefore(plan, {
    sinceMs: begunMs,
    otherBatches: false,
    settled: true,
    accepted: (index) => index === 0,
  });
  stream.seen = [seen([4, 5, 6, 7], begunMs + 5)];
  assert.equal(await known(0), undefined, 'it is accepted');
  assert.deepEqual(await known(1), taken(4));
  assert.equal(await known(2), undefined);
  // One read each: the owner before has been silent for long enough.
  assert.deepEqual(reads, [begunMs - 1_000, begunMs - 1_000]);
  assert.equal(once.inDoubt(), false);
});

test('a batch stays in doubt while it cannot be read back', async () => {
  const { once, put, known, stream } = setUp();
  await assert.rejects(put(0, reset()));
  stream.onRead = () => {
    throw awsError('AccessDeniedException', 400);
  };
  await assert.rejects(known(0), { name: 'AccessDeniedException' });
  assert.equal(once.inDoubt(), true);
});
