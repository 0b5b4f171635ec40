import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { done, failed, keyOf, NOON_MS, s3Event, setUpMessages } from '../../../support/message-scene.ts';

test('while the circuit of all its deliveries is open, a message is parked without any work on its object', async () => {
  const { run, log, tasks, objects, tenantStats, freshness, parked } = setUpMessages({
    acme: [failed('role-refused')],
  });
  await run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([tasks.length, log.at(-1)], [1, `renew 120, failures 0, refused ${NOON_MS}`]);
  assert.deepEqual(await objects(), { park: 2 });
  assert.deepEqual(
    tenantStats
      .list([], freshness.snapshot(), parked)
      .map(({ waiting, in_flight, trouble }) => [waiting, in_flight, trouble?.code]),
    [[0, 0, 'role-refused']],
  );
});

test('when one delivery of two is in trouble, the object goes without it, and the message is kept for it', async () => {
  const { run, log, seen } = setUpMessages({ acme: [done, failed('role-refused', { type: 's3' })] });
  await run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  assert.deepEqual(seen.held, [[], ['s3']]);
  assert.equal(log.length, 2);
});

test('an object that waited for a slot while the circuit opened gives it up at once', async () => {
  const { run, tasks, hold, log } = setUpMessages({ acme: [failed('role-refused')] });
  const letGo = hold();
  const running = Array.from({ length: 5 }, () => run(s3Event(keyOf('acme'))));
  await turn();
  const begun = tasks.length;
  assert.ok(begun < 5);
  letGo();
  await Promise.all(running);
  assert.equal(tasks.length, begun, 'those that were waiting were never worked on');
  assert.equal(log.length, 5);
});

test('messages of a tenant that has enough in flight go back, which is no failure, and those of others are let in', async () => {
  const { run, log, tasks, messagesHandedBack, objects, hold } = setUpMessages({}, 2);
  const letGo = hold();
  const running = ['flood', 'flood', 'flood', 'quiet'].map((tenant) => run(s3Event(keyOf(tenant))));
  await turn();
  await turn();
  assert.deepEqual([log, await messagesHandedBack()], [['release 2'], { surplus: 1 }]);
  assert.deepEqual(tasks.map(({ keyFields }) => keyFields.tenant_id).sort(), ['flood', 'flood', 'quiet']);
  letGo();
  await Promise.all(running);
  assert.deepEqual(await objects(), { done: 3 });
});

test('a message that its destination throttles waits in the queue, at the rate of its tenant, and has not failed', async () => {
  const throttled = failed('destination-throttled', { retryAfterMs: 4_200, accepted: true });
  const { run, log, messagesHandedBack, objects, tasks } = setUpMessages({ acme: [throttled] });
  await run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([log, tasks.length], [['release 5', 'release 5'], 1]);
  assert.deepEqual([await messagesHandedBack(), await objects()], [{ throttled: 2 }, {}]);
});

for (const [what, lines, seconds] of [
  ['that is delivered', [done], 11],
  ['of a tenant that nobody knows', [failed('tenant-unknown', { type: '' })], 11],
  ['that fails', [failed('destination-unavailable')], 2],
] as const) {
  test(`a flood ${what} comes back at the rate of ${seconds === 2 ? 'the first guess' : 'what is worked off'}`, async () => {
    const { run, handBacks, now } = setUpMessages({ acme: lines });
    for (let n = 0; n < 1_000; n++) handBacks.handBack('acme');
    for (let n = 0; n < 24; n++) {
      now.ms += 2_000;
      await run(s3Event(keyOf('acme')));
    }
    now.ms += 900_000;
    const away = Array.from({ length: 10 }, () => handBacks.handBack('acme'));
    assert.equal(away.at(-1), seconds);
  });
}
