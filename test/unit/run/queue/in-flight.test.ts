import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { MessageCopy, QueueMessage, VisibilityChange } from '../../../../service/aws/queue.ts';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { NO_HISTORY } from '../../../../service/core/history.ts';
import { createInFlight } from '../../../../service/run/queue/in-flight.ts';
import { createTestLogger } from '../../../support/logger.ts';

const HOUR_MS = 3_600_000;

const messageOf = (n: number): QueueMessage => ({
  id: `m${n}`,
  receipt: `r${n}`,
  body: '{}',
  receiveCount: 1,
  sentMs: 0,
  history: NO_HISTORY,
});

/** Messages in flight over a queue that records its calls, with time that passes when the test says so. */
function setUp(t: TestContext, visibilitySeconds = 120) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const calls: (readonly [what: string, ...entries: string[]])[] = [];
  const queue = {
    failed: [] as string[],
    /** Of copies alone. */
    notCopied: [] as string[],
    error: undefined as Error | undefined,
    gate: undefined as Promise<void> | undefined,
  };
  const answer = async (what: string, entries: readonly string[]) => {
    calls.push([what, ...entries]);
    await queue.gate;
    if (queue.error) throw queue.error;
    return queue.failed;
  };
  const now = { ms: 0 };
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const inFlight = createInFlight({
    queue: {
      remove: (receipts) => answer('remove', receipts),
      changeVisibility: (changes: readonly VisibilityChange[]) =>
        answer(
          'visibility',
          changes.map(({ receipt, seconds }) => `${receipt} ${seconds}`),
        ),
      sendAnew: async (copies: readonly MessageCopy[]) => {
        await answer(
          'anew',
          copies.map(({ message, history, delaySeconds }) => `${message.receipt} ${delaySeconds} ${history.failures}`),
        );
        return queue.notCopied;
      },
    },
    receivedSeconds: visibilitySeconds,
    visibilitySeconds,
    metrics,
    logger,
    nowMs: () => now.ms,
  });
  t.after(() => inFlight.close());
  const pass = async (ms: number, stepMs = 1_000) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      now.ms += stepMs;
      t.mock.timers.tick(stepMs);
      await turn();
    }
  };
  /** Lets the moment pass in which calls gather. */
  const gather = async () => {
    t.mock.timers.tick(20);
    await turn();
  };
  const beats = async () =>
    Object.fromEntries((await metrics.heartbeats.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  return { inFlight, queue, calls, now, lines, pass, gather, beats };
}

test('a message in flight is kept invisible: its timeout is extended after every third of it', async (t) => {
  const { inFlight, calls, pass, beats } = setUp(t);
  inFlight.take(messageOf(1));
  await pass(39_000);
  assert.deepEqual(calls, []);
  await pass(1_000);
  assert.deepEqual(calls, [['visibility', 'r1 120']]);
  await pass(40_000);
  assert.equal(calls.length, 2);
  assert.deepEqual(await beats(), { ok: 2 });
});

test('messages are extended together, each from its own receive on', async (t) => {
  const { inFlight, calls, pass } = setUp(t);
  inFlight.take(messageOf(1));
  inFlight.take(messageOf(2));
  await pass(20_000);
  inFlight.take(messageOf(3));
  await pass(20_000);
  assert.deepEqual(calls, [['visibility', 'r1 120', 'r2 120']]);
  await pass(20_000);
  assert.deepEqual(calls.at(-1), ['visibility', 'r3 120']);
});

test('a short timeout is extended in time too', async (t) => {
  const { inFlight, calls, pass } = setUp(t, 10);
  inFlight.take(messageOf(1));
  await pass(10_000, 500);
  assert.deepEqual(calls, [
    ['visibility', 'r1 10'],
    ['visibility', 'r1 10'],
  ]);
});

test('what was given back is not extended any more', async (t) => {
  const { inFlight, calls, pass, gather } = setUp(t);
  const [a, b] = [inFlight.take(messageOf(1)), inFlight.take(messageOf(2))];
  const given = [a.remove(), b.release(300)];
  await gather();
  await Promise.all(given);
  await pass(200_000);
  assert.deepEqual(calls, [
    ['remove', 'r1'],
    ['visibility', 'r2 300'],
  ]);
});

test('an extension that fails is tried again with the next beat, and a line says so', async (t) => {
  const { inFlight, queue, calls, pass, beats, lines } = setUp(t);
  inFlight.take(messageOf(1));
  queue.error = new Error('socket hang up');
  await pass(42_000);
  assert.equal(calls.length, 3);
  queue.error = undefined;
  await pass(1_000);
  await pass(39_000);
  assert.equal(calls.length, 4);
  assert.deepEqual(await beats(), { failed: 3, ok: 1 });
  assert.match(lines[0]?.msg ?? '', /could not be extended; trying again/);
});

test('a receipt that SQS no longer knows counts as lost', async (t) => {
  const { inFlight, queue, pass, beats } = setUp(t);
  inFlight.take(messageOf(1));
  inFlight.take(messageOf(2));
  queue.failed = ['r2'];
  await pass(40_000);
  assert.deepEqual(await beats(), { ok: 1, lost: 1 });
});

test('a release while an extension is under way has the last word', async (t) => {
  const extending = Promise.withResolvers<void>();
  t.after(() => extending.resolve());
  const { inFlight, queue, calls, pass, gather } = setUp(t);
  const message = inFlight.take(messageOf(1));
  queue.gate = extending.promise;
  await pass(40_000);
  assert.deepEqual(calls, [['visibility', 'r1 120']]);
  const released = message.release(5);
  await gather();
  assert.equal(calls.length, 1, 'SQS may carry out two calls that overlap in any order');
  extending.resolve();
  await turn();
  await gather();
  await released;
  assert.deepEqual(calls, [
    ['visibility', 'r1 120'],
    ['visibility', 'r1 5'],
  ]);
});

test('beats do not overlap while SQS is slow', async (t) => {
  const { inFlight, queue, calls, pass } = setUp(t);
  const gate = Promise.withResolvers<void>();
  queue.gate = gate.promise;
  inFlight.take(messageOf(1));
  await pass(100_000);
  assert.equal(calls.length, 1);
  gate.resolve();
  await turn();
  await pass(1_000);
  assert.equal(calls.length, 2);
});

test('shortly before SQS takes a message back for good, 12 hours after its receive, its work is given up', async (t) => {
  const { inFlight, calls, now, pass } = setUp(t);
  const held = inFlight.take(messageOf(1));
  now.ms = 11.5 * HOUR_MS - 1_000;
  await pass(1_000);
  assert.equal(held.signal.aborted, false);
  const extended = calls.length;
  await pass(1_000);
  assert.equal(held.signal.reason?.code, 'stopping');
  await pass(100_000);
  assert.equal(calls.length, extended, 'and its timeout runs out');
});

test('removals and releases of a moment go out together', async (t) => {
  const { inFlight, calls, gather } = setUp(t);
  const held = [1, 2, 3, 4, 5].map((n) => inFlight.take(messageOf(n)));
  const given = [held[0]?.remove(), held[1]?.release(5), held[2]?.remove(), held[3]?.release(0)];
  await turn();
  assert.deepEqual(calls, []);
  await gather();
  assert.deepEqual(calls, [
    ['remove', 'r1', 'r3'],
    ['visibility', 'r2 5', 'r4 0'],
  ]);
  await Promise.all(given);
});

test('where nothing is in flight any more, nobody is waited for', async (t) => {
  const { inFlight, calls } = setUp(t);
  const [first, second, third] = [1, 2, 3].map((n) => inFlight.take(messageOf(n)));
  const given = [first?.release(5), second?.remove()];
  await turn();
  assert.deepEqual(calls, []);
  await Promise.all([...given, third?.remove()]);
  assert.deepEqual(calls, [
    ['remove', 'r2', 'r3'],
    ['visibility', 'r1 5'],
  ]);
});

test('ten do not wait for more', async (t) => {
  const { inFlight, calls } = setUp(t);
  const given = Array.from({ length: 10 }, (_, n) => inFlight.take(messageOf(n)).remove());
  await Promise.all(given);
  assert.deepEqual(calls, [['remove', ...Array.from({ length: 10 }, (_, n) => `r${n}`)]]);
});

test('giving back resolves when SQS knows, and not before', async (t) => {
  const { inFlight, queue, gather } = setUp(t);
  const gate = Promise.withResolvers<void>();
  queue.gate = gate.promise;
  let resolved = false;
  const given = inFlight
    .take(messageOf(1))
    .remove()
    .then(() => {
      resolved = true;
    });
  await gather();
  assert.equal(resolved, false);
  gate.resolve();
  await given;
});

test('messages that come while a call is under way make the next one', async (t) => {
  const { inFlight, queue, calls, gather } = setUp(t);
  const gate = Promise.withResolvers<void>();
  queue.gate = gate.promise;
  const first = inFlight.take(messageOf(1)).remove();
  await gather();
  const second = inFlight.take(messageOf(2)).remove();
  await gather();
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(calls, [
    ['remove', 'r1'],
    ['remove', 'r2'],
  ]);
});

test('a message that cannot be given back is told of and let go: its timeout brings it back', async (t) => {
  const { inFlight, queue, gather, lines } = setUp(t);
  queue.error = new Error('socket hang up');
  const given = inFlight.take(messageOf(7)).remove();
  await gather();
  await given;
  assert.equal(inFlight.size, 0);
  assert.deepEqual(
    lines.map(({ msg, message_id }) => [msg, message_id]),
    [['a message could not be given back to the queue', 'm7']],
  );
});

test('a message that SQS would not take out of a batch is told of too, and only that one', async (t) => {
  const { inFlight, queue, gather, lines } = setUp(t);
  queue.failed = ['r2'];
  const held = [1, 2, 3].map((n) => inFlight.take(messageOf(n)));
  const given = [held[0]?.remove(), held[1]?.remove(), held[2]?.release(9)];
  await gather();
  await Promise.all(given);
  assert.deepEqual(
    lines.map(({ msg, message_id, error }) => [msg, message_id, error]),
    [['a message could not be given back to the queue', 'm2', 'Error: SQS refused the entry']],
  );
});

const ONCE_FAILED = { failures: 1, refusedSinceMs: undefined };

test('a message that failed is sent anew with its history, and the old one removed once the new one is safe', async (t) => {
  const { inFlight, queue, calls, gather } = setUp(t);
  const gate = Promise.withResolvers<void>();
  queue.gate = gate.promise;
  const given = inFlight.take(messageOf(1)).renew(ONCE_FAILED, 5);
  await gather();
  assert.deepEqual(calls, [['anew', 'r1 5 1']]);
  assert.equal(inFlight.size, 1, 'it is ours until the new one is safe');
  gate.resolve();
  await turn();
  await gather();
  await given;
  assert.deepEqual(calls, [
    ['anew', 'r1 5 1'],
    ['remove', 'r1'],
  ]);
  assert.equal(inFlight.size, 0);
});

test('a message that cannot be sent anew is released as it is, and a line says so', async (t) => {
  const { inFlight, queue, calls, gather, lines } = setUp(t);
  queue.notCopied = ['r2'];
  const given = [inFlight.take(messageOf(1)).renew(ONCE_FAILED, 5), inFlight.take(messageOf(2)).renew(ONCE_FAILED, 7)];
  await gather();
  await gather();
  await Promise.all(given);
  assert.deepEqual(calls, [
    ['anew', 'r1 5 1', 'r2 7 1'],
    ['remove', 'r1'],
    ['visibility', 'r2 7'],
  ]);
  assert.deepEqual(
    lines.map(({ msg, message_id }) => [msg, message_id]),
    [['a message could not be sent anew; it is released', 'm2']],
  );
});

test('after a removal that SQS did not take nothing is copied for a minute: each failure would add a message', async (t) => {
  const { inFlight, queue, calls, gather, now } = setUp(t);
  queue.failed = ['r1'];
  const first = inFlight.take(messageOf(1)).renew(ONCE_FAILED, 5);
  await gather();
  await gather();
  await first;
  queue.failed = [];
  const renew = async (n: number) => {
    const given = inFlight.take(messageOf(n)).renew(ONCE_FAILED, 5);
    await gather();
    await gather();
    await given;
    return calls.at(-1);
  };
  now.ms += 59_999;
  assert.deepEqual(await renew(2), ['visibility', 'r2 5']);
  now.ms += 1;
  assert.deepEqual(await renew(3), ['remove', 'r3']);
});

test('a message that was received often stays away for a minute where it cannot be sent anew: its receives have to last', async (t) => {
  const { inFlight, queue, calls, gather } = setUp(t);
  const renew = async (receiveCount: number, seconds: number) => {
    const given = inFlight.take({ ...messageOf(1), receiveCount }).renew(ONCE_FAILED, seconds);
    await gather();
    await gather();
    await given;
    return calls.at(-1);
  };
  queue.notCopied = ['r1'];
  assert.deepEqual(await renew(29, 1), ['visibility', 'r1 1']);
  assert.deepEqual(await renew(30, 1), ['visibility', 'r1 60']);
  assert.deepEqual(await renew(30, 90), ['visibility', 'r1 90']);
  queue.notCopied = [];
  queue.failed = ['r1'];
  assert.deepEqual(await renew(30, 1), ['remove', 'r1']);
  queue.failed = [];
  assert.deepEqual(await renew(31, 1), ['visibility', 'r1 60'], 'nothing is copied after a removal that failed');
});

test('the number in flight is known', async (t) => {
  const { inFlight, gather } = setUp(t);
  assert.equal(inFlight.size, 0);
  const held = inFlight.take(messageOf(1));
  inFlight.take(messageOf(2));
  assert.equal(inFlight.size, 2);
  const given = held.remove();
  assert.equal(inFlight.size, 1);
  await gather();
  await given;
});

test('closing sends what is gathered at once, and ends the beats', async (t) => {
  const { inFlight, calls, pass } = setUp(t);
  inFlight.take(messageOf(1));
  const given = inFlight.take(messageOf(2)).release(0);
  await inFlight.close();
  await given;
  assert.deepEqual(calls, [['visibility', 'r2 0']]);
  await pass(200_000);
  assert.equal(calls.length, 1);
});

test('a message that is being sent anew is known from those that somebody works on, until SQS has answered', async (t) => {
  const { inFlight, queue, gather } = setUp(t);
  queue.notCopied = ['r3'];
  inFlight.take(messageOf(1));
  const given = [inFlight.take(messageOf(2)).renew(ONCE_FAILED, 5), inFlight.take(messageOf(3)).renew(ONCE_FAILED, 5)];
  assert.deepEqual([inFlight.size, inFlight.leaving], [3, 2]);
  await gather();
  await gather();
  await Promise.all(given);
  assert.deepEqual([inFlight.size, inFlight.leaving], [1, 0]);
});

test('however many wait, whatever for, few are hidden: a thousand tasks together keep the queue below its limit of invisible messages', async (t) => {
  const { inFlight, calls, now, gather } = setUp(t);
  const [tasks, queueMax] = [1_000, 120_000];
  const perTask = queueMax / tasks;
  const countOf = (what: string) =>
    calls.filter(([call]) => call === what).reduce((sum, call) => sum + call.length - 1, 0);
  const give = async (count: number, seconds: number) => {
    calls.length = 0;
    const given = Array.from({ length: count }, (_, n) => inFlight.take(messageOf(n)).release(seconds));
    await gather();
    await gather();
    await Promise.all(given);
    return { hidden: countOf('visibility'), anew: countOf('anew'), removed: countOf('remove') };
  };
  const first = await give(perTask + 10, 60);
  assert.ok(first.hidden < perTask && first.hidden > 0, `${first.hidden}`);
  assert.deepEqual([first.hidden + first.anew, first.removed], [perTask + 10, first.anew]);
  assert.deepEqual(await give(1, 60), { hidden: 0, anew: 1, removed: 1 });
  // What is visible at once hides nothing; what has come back makes room.
  assert.deepEqual(await give(3, 0), { hidden: 3, anew: 0, removed: 0 });
  now.ms += 60_000;
  assert.deepEqual(await give(1, 60), { hidden: 1, anew: 0, removed: 0 });
});
