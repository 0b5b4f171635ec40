import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BULKHEAD_PLACES } from '../../../../service/run/schedule/scheduler.ts';
import { setUpScheduler } from '../../../support/scheduler.ts';

test('an object that waits for an answer frees its slot, and takes it again when the answer comes', async () => {
  const { scheduler, begun, submit, stay, end } = setUpScheduler(1, 100);
  submit('silent', 'silent', 10);
  submit('well', 'well', 10);
  assert.deepEqual(begun, ['silent']);
  stay('silent').wait();
  assert.deepEqual([begun, scheduler.behindBulkhead, scheduler.reservedBytes], [['silent', 'well'], 1, 15]);
  stay('silent').resume();
  assert.deepEqual([scheduler.running, scheduler.behindBulkhead, scheduler.reservedBytes], [2, 0, 20]);
  submit('next');
  await end('well');
  assert.deepEqual(begun, ['silent', 'well'], 'the slot is its own again');
  await end('silent');
  assert.deepEqual(begun.at(-1), 'next');
  assert.equal(scheduler.reservedBytes, 0);
});

test('those who wait hold no more than half of the memory; one that is larger than that waits alone', () => {
  const { scheduler, submit, stay } = setUpScheduler(9, 100);
  for (const name of ['a', 'b', 'c']) submit(name, name, 30);
  for (const name of ['a', 'b', 'c']) stay(name).wait();
  assert.equal(scheduler.behindBulkhead, 3);
  const { scheduler: other, ...large } = setUpScheduler(9, 300);
  for (const name of ['a', 'b', 'c']) large.submit(name, name, 200);
  large.stay('a').wait();
  assert.deepEqual([other.behindBulkhead, other.reservedBytes], [1, 300]);
  large.stay('b').wait();
  assert.equal(other.behindBulkhead, 1, 'it stays in its slot, as there is no place');
});

test('places behind the bulkhead are bounded, whoever waits', () => {
  const { scheduler, submit, stay } = setUpScheduler(100);
  for (let n = 0; n < 80; n++) submit(`t${n}`);
  for (let n = 0; n < 80; n++) stay(`t${n}`).wait();
  assert.deepEqual([scheduler.behindBulkhead, scheduler.running], [BULKHEAD_PLACES, 80]);
});

test('when it is crowded, the one that has waited longest leaves, but not before five seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { submit, stay, now, end } = setUpScheduler(100);
  const pass = (ms: number) => {
    now.ms += ms;
    t.mock.timers.tick(ms);
  };
  const names = Array.from({ length: BULKHEAD_PLACES + 2 }, (_, n) => `t${n}`);
  for (const name of names) submit(name);
  for (const name of names.slice(0, -2)) {
    stay(name).wait();
    now.ms += 1;
  }
  pass(60_000);
  assert.equal(stay('t0').evicted.aborted, false, 'nobody needs its place');
  stay(names.at(-1) ?? '').wait();
  const { evicted } = stay('t0');
  assert.deepEqual([evicted.aborted, evicted.reason.code], [true, 'destination-unavailable']);
  assert.equal(stay('t1').evicted.aborted, false, 'one place is enough');
  await end('t0');
  pass(60_000);
  assert.equal(stay('t1').evicted.aborted, false);
});

test('nobody is evicted before it has waited for five seconds', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { submit, stay, now } = setUpScheduler(100);
  const names = Array.from({ length: BULKHEAD_PLACES + 1 }, (_, n) => `t${n}`);
  for (const name of names) submit(name);
  for (const name of names) stay(name).wait();
  now.ms += 4_999;
  t.mock.timers.tick(4_999);
  assert.equal(stay('t0').evicted.aborted, false);
  now.ms += 1;
  t.mock.timers.tick(1);
  assert.equal(stay('t0').evicted.aborted, true);
});

test('a tenant on trial starts one object behind the bulkhead, even while no slot is free', async () => {
  const trial = new Set(['new']);
  const { scheduler, begun, submit, end } = setUpScheduler(1, 1_000, { onTrial: (tenant) => trial.has(tenant) });
  submit('busy');
  submit('n1', 'new');
  submit('n2', 'new');
  assert.deepEqual([begun, scheduler.behindBulkhead], [['busy', 'n1'], 1]);
  await end('n1');
  assert.deepEqual(begun, ['busy', 'n1', 'n2']);
  trial.clear();
  submit('n3', 'new');
  await end('n2');
  assert.deepEqual(begun, ['busy', 'n1', 'n2'], 'a slot is needed now');
  await end('busy');
  assert.deepEqual([begun.at(-1), scheduler.behindBulkhead], ['n3', 0]);
});

test('an object whose destination is held by the time of its turn does not run, and its caller hears why', async () => {
  const { begun, submit, instead, end, scheduler } = setUpScheduler(1);
  submit('running');
  const waiting = submit('waiting', 'held');
  instead.set('held', 'not now');
  await end('running');
  assert.deepEqual([await waiting, begun, scheduler.waiting, scheduler.running], ['not now', ['running'], 0, 0]);
});

test('objects that wait are reconsidered at once when asked for', async () => {
  const { submit, instead, scheduler } = setUpScheduler(1);
  submit('running');
  const waiting = ['a', 'b'].map((name) => submit(name, 'held'));
  scheduler.reconsider('held');
  assert.equal(scheduler.waiting, 2, 'nothing speaks against them');
  instead.set('held', 'not now');
  scheduler.reconsider('held');
  assert.deepEqual([await Promise.all(waiting), scheduler.waiting], [['not now', 'not now'], 0]);
});
