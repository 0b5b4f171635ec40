import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import {
  BULKHEAD_PLACES,
  createScheduler,
  type SchedulerLimits,
  type Stay,
  sizeOfJob,
} from '../../../../service/run/schedule/scheduler.ts';
import { holds } from '../../../support/property.ts';

const MIB = 1024 * 1024;

/** A scheduler whose jobs run until the test ends them, and note when they began. */
function setUp(slots: number, memoryBytes = 1_000, more: Partial<SchedulerLimits> = {}) {
  const now = { ms: 0 };
  const scheduler = createScheduler({ slots, memoryBytes, nowMs: () => now.ms, ...more });
  const begun: string[] = [];
  const open = new Map<string, PromiseWithResolvers<string>>();
  const stays = new Map<string, Stay>();
  /** By tenant: what is said of its jobs instead of running them. */
  const instead = new Map<string, string>();
  const submit = (name: string, tenant = name, memoryBytes = 0, bytes = 0) => {
    const gate = Promise.withResolvers<string>();
    open.set(name, gate);
    return scheduler.submit(
      tenant,
      { memoryBytes, bytes, waitingBytes: memoryBytes / 2 },
      {
        run: (stay) => {
          begun.push(name);
          stays.set(name, stay);
          return gate.promise;
        },
        instead: () => instead.get(tenant) ?? null,
      },
    );
  };
  const end = async (name: string) => {
    open.get(name)?.resolve(name);
    await turn();
  };
  const stay = (name: string): Stay => {
    const found = stays.get(name);
    assert.ok(found, `${name} is not running`);
    return found;
  };
  return { scheduler, begun, submit, end, open, stay, instead, now };
}

test('a job begins at once where a slot is free, and the caller gets its result', async () => {
  const { begun, submit, end } = setUp(2);
  const result = submit('a');
  assert.deepEqual(begun, ['a']);
  await end('a');
  assert.equal(await result, 'a');
});

test('a job that fails fails its caller, and frees its slot', async () => {
  const { scheduler, begun, submit, open } = setUp(1);
  const failing = submit('a');
  submit('b');
  open.get('a')?.reject(new Error('no'));
  await assert.rejects(failing, { message: 'no' });
  await turn();
  assert.deepEqual(begun, ['a', 'b']);
  assert.equal(scheduler.running, 1);
});

test('whoever has the result of a job finds its slot and memory free', async () => {
  const { scheduler, submit, end } = setUp(2, 100);
  const seen = submit('a', 'a', 60).then(() => [scheduler.running, scheduler.reservedBytes]);
  submit('b', 'b', 30);
  await end('a');
  assert.deepEqual(await seen, [1, 30]);
});

test('a job that throws before it is a promise fails its own caller, and frees its slot all the same', async () => {
  const { scheduler, begun, submit, end } = setUp(1);
  submit('a');
  const broken = scheduler.submit(
    'b',
    { memoryBytes: 0, bytes: 0, waitingBytes: 0 },
    {
      run: () => {
        throw new Error('no');
      },
    },
  );
  broken.catch(() => {});
  submit('c');
  await end('a');
  await assert.rejects(broken, { message: 'no' });
  await turn();
  assert.deepEqual([begun, scheduler.running], [['a', 'c'], 1]);
});

test('tenants take turns: a flood of one delays another by one object at most', async () => {
  const { begun, submit, end } = setUp(1);
  for (let n = 1; n <= 5; n++) submit(`flood${n}`, 'flood');
  submit('quiet1', 'quiet');
  submit('quiet2', 'quiet');
  submit('other1', 'other');
  for (let n = 0; n < 8; n++) await end(begun.at(-1) ?? '');
  assert.deepEqual(begun, ['flood1', 'flood2', 'quiet1', 'other1', 'flood3', 'quiet2', 'flood4', 'flood5']);
});

test('turns count bytes: a tenant with objects of many gets as many bytes through as one with objects of few', async () => {
  const { begun, submit, end } = setUp(1);
  submit('first', 'other');
  for (let n = 0; n < 40; n++) submit(`small${n}`, 'small', 0, 0);
  for (let n = 0; n < 10; n++) submit(`large${n}`, 'large', 0, 1.5 * MIB);
  for (let n = 0; n < 41; n++) await end(begun.at(-1) ?? '');
  // An object of 1.5 MiB counts as much as four of next to nothing.
  const ofEach = ['small', 'large'].map((name) => begun.filter((job) => job.startsWith(name)).length);
  assert.ok(Math.abs((ofEach[0] ?? 0) - 4 * (ofEach[1] ?? 0)) <= 4, String(ofEach));
});

test('an object of many bytes has its turn as well, and one tenant with nothing to send saves no turns up', async () => {
  const { begun, submit, end } = setUp(1);
  submit('first', 'quiet');
  await end('first');
  submit('running', 'other');
  submit('huge', 'huge', 0, 10_000 * MIB);
  for (let n = 0; n < 5; n++) submit(`quiet${n}`, 'quiet');
  for (let n = 0; n < 7; n++) await end(begun.at(-1) ?? '');
  assert.deepEqual(begun, ['first', 'running', 'quiet0', 'quiet1', 'quiet2', 'quiet3', 'quiet4', 'huge']);
});

test('no tenant holds more than three quarters of the slots, so that another finds one at once', () => {
  const { scheduler, begun, submit } = setUp(8);
  for (let n = 0; n < 20; n++) submit(`flood${n}`, 'flood');
  assert.equal(begun.length, 6);
  submit('quiet', 'quiet');
  assert.deepEqual([begun.at(-1), scheduler.running], ['quiet', 7]);
});

test('no tenant holds more than three quarters of the memory', () => {
  const { scheduler, begun, submit } = setUp(99, 100);
  for (let n = 0; n < 20; n++) submit(`flood${n}`, 'flood', 10);
  assert.deepEqual([begun.length, scheduler.reservedBytes], [7, 70]);
  submit('quiet', 'quiet', 20);
  assert.equal(begun.at(-1), 'quiet');
});

test('large objects of many tenants leave a quarter of slots and memory to small ones', () => {
  const { begun, submit } = setUp(8, 1_024 * MIB);
  for (let n = 0; n < 8; n++) submit(`large${n}`, `tenant${n}`, 64 * MIB);
  assert.equal(begun.length, 6, 'of eight slots');
  submit('small', 'small', 4 * MIB);
  assert.equal(begun.at(-1), 'small');
});

test('while a large object waits for memory, small ones go on with what large ones cannot have', async () => {
  const { begun, submit, end } = setUp(99, 128 * MIB);
  for (let n = 0; n < 10; n++) submit(`small${n}`, `tenant${n}`, 8 * MIB);
  submit('large', 'big', 64 * MIB);
  submit('late', 'late', 8 * MIB);
  assert.equal(begun.at(-1), 'small9', 'the large one has no room, and keeps the late one off what it waits for');
  for (let n = 0; n < 2; n++) await end(`small${n}`);
  assert.deepEqual(begun.slice(10), ['large']);
  for (let n = 2; n < 7; n++) await end(`small${n}`);
  assert.deepEqual(begun.slice(10), ['large', 'late']);
});

test('a tenant may be held to less than its share, and goes on when that changes', async () => {
  const allowed = { slots: 1 };
  const { begun, submit, end } = setUp(8, 1_000, { slotsOf: () => allowed.slots });
  for (let n = 0; n < 9; n++) submit(`job${n}`, 'new');
  assert.equal(begun.length, 1);
  allowed.slots = 8;
  await end('job0');
  assert.equal(begun.length, 7);
});

test('whether others wait is known: tenants that a slot would help, not those at their own bounds', async () => {
  const { scheduler, submit, end } = setUp(4);
  for (let n = 0; n < 5; n++) submit(`flood${n}`, 'flood');
  assert.equal(scheduler.othersWait('quiet'), false, 'the flood could not start another');
  submit('quiet0', 'quiet');
  submit('quiet1', 'quiet');
  assert.deepEqual([scheduler.othersWait('flood'), scheduler.othersWait('quiet')], [true, false]);
  assert.deepEqual([scheduler.waitingOf('flood'), scheduler.waitingOf('quiet'), scheduler.waitingOf('x')], [2, 1, 0]);
  for (const name of ['flood0', 'flood1']) await end(name);
  assert.equal(scheduler.othersWait('flood'), false);
});

test('objects of one tenant go in the order in which they came', async () => {
  const { begun, submit, end } = setUp(1);
  for (const name of ['1', '2', '3', '4']) submit(name, 'one');
  for (let n = 0; n < 4; n++) await end(begun.at(-1) ?? '');
  assert.deepEqual(begun, ['1', '2', '3', '4']);
});

test('no more jobs run at once than there are slots', async () => {
  const { scheduler, begun, submit, end } = setUp(2);
  for (const name of ['a', 'b', 'c']) submit(name);
  assert.deepEqual([begun, scheduler.running, scheduler.waiting], [['a', 'b'], 2, 1]);
  await end('b');
  assert.deepEqual([begun, scheduler.running, scheduler.waiting], [['a', 'b', 'c'], 2, 0]);
  await end('a');
  await end('c');
  assert.deepEqual([scheduler.running, scheduler.waiting, scheduler.reservedBytes], [0, 0, 0]);
});

test('the estimates of what runs at once stay within the budget, to the byte', async () => {
  const { scheduler, begun, submit, end } = setUp(9, 100);
  submit('a', 'a', 60);
  submit('b', 'b', 40);
  submit('c', 'c', 1);
  assert.deepEqual([begun, scheduler.reservedBytes], [['a', 'b'], 100]);
  await end('b');
  assert.deepEqual([begun, scheduler.reservedBytes], [['a', 'b', 'c'], 61]);
});

test('an object that needs more than all waits for its room instead of being passed for ever', async () => {
  const { begun, submit, end } = setUp(9, 100);
  submit('small1', 'small', 50);
  submit('medium', 'medium', 60);
  submit('small2', 'other', 10);
  assert.deepEqual(begun, ['small1']);
  await end('small1');
  assert.deepEqual(begun, ['small1', 'medium', 'small2']);
});

test('an estimate larger than the share of one tenant counts as that share: the object goes, if alone of its kind', async () => {
  const { scheduler, begun, submit, end } = setUp(9, 64 * MIB);
  submit('huge1', 'a', 64 * MIB);
  submit('huge2', 'b', 64 * MIB);
  submit('small', 'c', 4 * MIB);
  assert.deepEqual(begun, ['huge1', 'small']);
  assert.equal(scheduler.reservedBytes, 52 * MIB);
  await end('huge1');
  assert.deepEqual(begun, ['huge1', 'small', 'huge2']);
});

test('an object that waits for an answer frees its slot, and takes it again when the answer comes', async () => {
  const { scheduler, begun, submit, stay, end } = setUp(1, 100);
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
  const { scheduler, submit, stay } = setUp(9, 100);
  for (const name of ['a', 'b', 'c']) submit(name, name, 30);
  for (const name of ['a', 'b', 'c']) stay(name).wait();
  assert.equal(scheduler.behindBulkhead, 3);
  const { scheduler: other, ...large } = setUp(9, 300);
  for (const name of ['a', 'b', 'c']) large.submit(name, name, 200);
  large.stay('a').wait();
  assert.deepEqual([other.behindBulkhead, other.reservedBytes], [1, 300]);
  large.stay('b').wait();
  assert.equal(other.behindBulkhead, 1, 'it stays in its slot, as there is no place');
});

test('places behind the bulkhead are bounded, whoever waits', () => {
  const { scheduler, submit, stay } = setUp(100);
  for (let n = 0; n < 80; n++) submit(`t${n}`);
  for (let n = 0; n < 80; n++) stay(`t${n}`).wait();
  assert.deepEqual([scheduler.behindBulkhead, scheduler.running], [BULKHEAD_PLACES, 80]);
});

test('when it is crowded, the one that has waited longest leaves, but not before five seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { submit, stay, now, end } = setUp(100);
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
  const { submit, stay, now } = setUp(100);
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
  const { scheduler, begun, submit, end } = setUp(1, 1_000, { onTrial: (tenant) => trial.has(tenant) });
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
  const { begun, submit, instead, end, scheduler } = setUp(1);
  submit('running');
  const waiting = submit('waiting', 'held');
  instead.set('held', 'not now');
  await end('running');
  assert.deepEqual([await waiting, begun, scheduler.waiting, scheduler.running], ['not now', ['running'], 0, 0]);
});

test('objects that wait are reconsidered at once when asked for', async () => {
  const { submit, instead, scheduler } = setUp(1);
  submit('running');
  const waiting = ['a', 'b'].map((name) => submit(name, 'held'));
  scheduler.reconsider('held');
  assert.equal(scheduler.waiting, 2, 'nothing speaks against them');
  instead.set('held', 'not now');
  scheduler.reconsider('held');
  assert.deepEqual([await Promise.all(waiting), scheduler.waiting], [['not now', 'not now'], 0]);
});

test('whatever comes and ends, slots and memory are never exceeded, every job runs once, and nothing is left over', () =>
  holds(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 80 })), { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
      async (jobs, slots, picks) => {
        const scheduler = createScheduler({ slots, memoryBytes: 100, nowMs: () => 0 });
        const running = new Map<number, () => void>();
        const begun: number[] = [];
        const results = jobs.map(([tenant, memory], job) =>
          scheduler.submit(
            tenant,
            { memoryBytes: memory, bytes: memory * 10_000, waitingBytes: memory },
            {
              run: () => {
                begun.push(job);
                return new Promise<number>((resolve) => running.set(job, () => resolve(job)));
              },
            },
          ),
        );
        for (const pick of picks) {
          assert.ok(scheduler.running === running.size && running.size <= slots);
          assert.ok(scheduler.reservedBytes <= 100);
          assert.equal(scheduler.waiting, jobs.length - begun.length);
          const chosen = [...running.keys()][pick % Math.max(1, running.size)];
          if (chosen === undefined) break;
          running.get(chosen)?.();
          running.delete(chosen);
          await turn();
        }
        assert.deepEqual(await Promise.all(results), [...jobs.keys()]);
        assert.deepEqual(
          begun.toSorted((a, b) => a - b),
          [...jobs.keys()],
        );
        assert.deepEqual([scheduler.running, scheduler.waiting, scheduler.reservedBytes], [0, 0, 0]);
      },
    ),
    100,
  ));

test('an estimate grows with the object, up to what a large one takes; an unknown size may be large', () => {
  assert.deepEqual(sizeOfJob(0), { bytes: 0, memoryBytes: 4 * MIB, waitingBytes: 2 * MIB });
  assert.deepEqual(sizeOfJob(1 * MIB), { bytes: 1 * MIB, memoryBytes: 20 * MIB, waitingBytes: 18 * MIB });
  assert.deepEqual(sizeOfJob(10_000 * MIB), {
    bytes: 10_000 * MIB,
    memoryBytes: 80 * MIB,
    waitingBytes: 80 * MIB,
  });
  assert.deepEqual(sizeOfJob(undefined), { bytes: 5 * MIB, memoryBytes: 80 * MIB, waitingBytes: 80 * MIB });
});
