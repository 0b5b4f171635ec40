import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf, createInFlightScene as setUp } from '../../../support/in-flight-scene.ts';

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
