import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { failed, keyOf, NOON_MS, s3Event, setUpMessages } from '../../../support/message-scene.ts';
import { LOGS_PLACE } from '../../../support/places.ts';

const silence = (forMs = 300) => ({ type: 'cloudwatch', place: LOGS_PLACE, forMs });
const acme = s3Event(keyOf('acme'));

/** Messages of acme, of which the first object's call has no answer. */
async function setUpSilence(messages: number, reports = {}) {
  const scene = setUpMessages(reports);
  const letGo = scene.hold();
  const running = Array.from({ length: messages }, () => scene.run(acme));
  await turn();
  scene.seen.listeners[0]?.unanswered(silence());
  await turn();
  return { ...scene, letGo, running };
}

test('messages behind a call that has no answer go back at once, and remember nothing', async () => {
  const { log, tasks, scheduler, parked } = await setUpSilence(5);
  await turn();
  await turn();
  assert.equal(tasks.length, 3, 'the tenant has three quarters of four slots');
  assert.deepEqual(log, ['release 1', 'release 1']);
  assert.deepEqual([scheduler.running, scheduler.behindBulkhead, scheduler.waiting], [3, 1, 0]);
  assert.deepEqual(parked.of('acme'), { messages: 2, firstDeadLetterMs: undefined });
});

test('when the answer comes the object goes on in a slot, and the others may come', async () => {
  const { log, run, seen, scheduler, letGo, running } = await setUpSilence(1);
  seen.listeners[0]?.answered('cloudwatch');
  assert.deepEqual([scheduler.running, scheduler.behindBulkhead], [1, 0]);
  letGo();
  await Promise.all(running);
  await run(acme);
  assert.deepEqual(log, ['remove', 'remove']);
});

test('what never gets an answer is parked for a probe, and becomes a dead letter a day after it began', async () => {
  const { log, letGo, running, run, now, parked } = await setUpSilence(1, {
    acme: [failed('destination-unavailable', { place: LOGS_PLACE })],
  });
  letGo();
  await Promise.all(running);
  assert.deepEqual(log, [`renew 5, failures 0, refused ${NOON_MS}`]);
  assert.equal(parked.of('acme').firstDeadLetterMs, NOON_MS + 24 * 3_600_000);
  now.ms += 25 * 3_600_000;
  await run(acme, { history: { failures: 0, refusedSinceMs: NOON_MS } });
  assert.deepEqual(log.slice(-2), ['dead letter', 'remove']);
});

test('while several tenants are silent, a tenant that has shown nothing since has one message at work', async () => {
  const { run, seen, hold, tasks, log, messagesHandedBack } = setUpMessages();
  hold();
  for (const tenant of ['a', 'b', 'c']) run(s3Event(keyOf(tenant)));
  await turn();
  for (const listener of seen.listeners) listener.unanswered(silence());
  for (let n = 0; n < 3; n++) run(s3Event(keyOf('new')));
  await turn();
  await turn();
  assert.equal(tasks.filter(({ keyFields }) => keyFields.tenant_id === 'new').length, 1);
  assert.deepEqual([log, await messagesHandedBack()], [['release 1', 'release 1'], { trial: 2 }]);
});

test('a tenant at work that delivers something has shown that its destination answers', async () => {
  const { run, seen, hold, scheduler } = setUpMessages();
  hold();
  for (const tenant of ['a', 'b', 'c']) run(s3Event(keyOf(tenant)));
  await turn();
  for (const listener of seen.listeners) listener.unanswered(silence());
  run(s3Event(keyOf('new')));
  await turn();
  assert.deepEqual([scheduler.running, scheduler.behindBulkhead], [4, 4]);
  seen.listeners[3]?.delivered();
  assert.deepEqual([scheduler.running, scheduler.behindBulkhead], [4, 3]);
});
