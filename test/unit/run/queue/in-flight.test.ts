import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf, createInFlightScene as setUp } from '../../../support/in-flight-scene.ts';

const HOUR_MS = 3_600_000;

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
