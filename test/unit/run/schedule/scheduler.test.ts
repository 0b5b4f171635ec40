import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { createScheduler, sizeOfJob } from '../../../../service/run/schedule/scheduler.ts';
import { holds } from '../../../support/property.ts';
import { setUpScheduler } from '../../../support/scheduler.ts';

const MIB = 1024 * 1024;

test('a job begins at once where a slot is free, and the caller gets its result', async () => {
  const { begun, submit, end } = setUpScheduler(2);
  const result = submit('a');
  assert.deepEqual(begun, ['a']);
  await end('a');
  assert.equal(await result, 'a');
});

test('a job that fails fails its caller, and frees its slot', async () => {
  const { scheduler, begun, submit, open } = setUpScheduler(1);
  const failing = submit('a');
  submit('b');
  open.get('a')?.reject(new Error('no'));
  await assert.rejects(failing, { message: 'no' });
  await turn();
  assert.deepEqual(begun, ['a', 'b']);
  assert.equal(scheduler.running, 1);
});

test('whoever has the result of a job finds its slot and memory free', async () => {
  const { scheduler, submit, end } = setUpScheduler(2, 100);
  const seen = submit('a', 'a', 60).then(() => [scheduler.running, scheduler.reservedBytes]);
  submit('b', 'b', 30);
  await end('a');
  assert.deepEqual(await seen, [1, 30]);
});

test('a job that throws before it is a promise fails its own caller, and frees its slot all the same', async () => {
  const { scheduler, begun, submit, end } = setUpScheduler(1);
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
  const { begun, submit, end } = setUpScheduler(1);
  for (let n = 1; n <= 5; n++) submit(`flood${n}`, 'flood');
  submit('quiet1', 'quiet');
  submit('quiet2', 'quiet');
  submit('other1', 'other');
  for (let n = 0; n < 8; n++) await end(begun.at(-1) ?? '');
  assert.deepEqual(begun, ['flood1', 'flood2', 'quiet1', 'other1', 'flood3', 'quiet2', 'flood4', 'flood5']);
});

test('turns count bytes: a tenant with objects of many gets as many bytes through as one with objects of few', async () => {
  const { begun, submit, end } = setUpScheduler(1);
  submit('first', 'other');
  for (let n = 0; n < 40; n++) submit(`small${n}`, 'small', 0, 0);
  for (let n = 0; n < 10; n++) submit(`large${n}`, 'large', 0, 1.5 * MIB);
  for (let n = 0; n < 41; n++) await end(begun.at(-1) ?? '');
  // An object of 1.5 MiB counts as much as four of next to nothing.
  const ofEach = ['small', 'large'].map((name) => begun.filter((job) => job.startsWith(name)).length);
  assert.ok(Math.abs((ofEach[0] ?? 0) - 4 * (ofEach[1] ?? 0)) <= 4, String(ofEach));
});

test('an object of many bytes has its turn as well, and one tenant with nothing to send saves no turns up', async () => {
  const { begun, submit, end } = setUpScheduler(1);
  submit('first', 'quiet');
  await end('first');
  submit('running', 'other');
  submit('huge', 'huge', 0, 10_000 * MIB);
  for (let n = 0; n < 5; n++) submit(`quiet${n}`, 'quiet');
  for (let n = 0; n < 7; n++) await end(begun.at(-1) ?? '');
  assert.deepEqual(begun, ['first', 'running', 'quiet0', 'quiet1', 'quiet2', 'quiet3', 'quiet4', 'huge']);
});

test('no tenant holds more than three quarters of the slots, so that another finds one at once', () => {
  const { scheduler, begun, submit } = setUpScheduler(8);
  for (let n = 0; n < 20; n++) submit(`flood${n}`, 'flood');
  assert.equal(begun.length, 6);
  submit('quiet', 'quiet');
  assert.deepEqual([begun.at(-1), scheduler.running], ['quiet', 7]);
});

test('no tenant holds more than three quarters of the memory', () => {
  const { scheduler, begun, submit } = setUpScheduler(99, 100);
  for (let n = 0; n < 20; n++) submit(`flood${n}`, 'flood', 10);
  assert.deepEqual([begun.length, scheduler.reservedBytes], [7, 70]);
  submit('quiet', 'quiet', 20);
  assert.equal(begun.at(-1), 'quiet');
});

test('large objects of many tenants leave a quarter of slots and memory to small ones', () => {
  const { begun, submit } = setUpScheduler(8, 1_024 * MIB);
  for (let n = 0; n < 8; n++) submit(`large${n}`, `tenant${n}`, 64 * MIB);
  assert.equal(begun.length, 6, 'of eight slots');
  submit('small', 'small', 4 * MIB);
  assert.equal(begun.at(-1), 'small');
});

test('while a large object waits for memory, small ones go on with what large ones cannot have', async () => {
  const { begun, submit, end } = setUpScheduler(99, 128 * MIB);
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
  const { begun, submit, end } = setUpScheduler(8, 1_000, { slotsOf: () => allowed.slots });
  for (let n = 0; n < 9; n++) submit(`job${n}`, 'new');
  assert.equal(begun.length, 1);
  allowed.slots = 8;
  await end('job0');
  assert.equal(begun.length, 7);
});

test('whether others wait is known: tenants that a slot would help, not those at their own bounds', async () => {
  const { scheduler, submit, end } = setUpScheduler(4);
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
  const { begun, submit, end } = setUpScheduler(1);
  for (const name of ['1', '2', '3', '4']) submit(name, 'one');
  for (let n = 0; n < 4; n++) await end(begun.at(-1) ?? '');
  assert.deepEqual(begun, ['1', '2', '3', '4']);
});

test('no more jobs run at once than there are slots', async () => {
  const { scheduler, begun, submit, end } = setUpScheduler(2);
  for (const name of ['a', 'b', 'c']) submit(name);
  assert.deepEqual([begun, scheduler.running, scheduler.waiting], [['a', 'b'], 2, 1]);
  await end('b');
  assert.deepEqual([begun, scheduler.running, scheduler.waiting], [['a', 'b', 'c'], 2, 0]);
  await end('a');
  await end('c');
  assert.deepEqual([scheduler.running, scheduler.waiting, scheduler.reservedBytes], [0, 0, 0]);
});

test('the estimates of what runs at once stay within the budget, to the byte', async () => {
  const { scheduler, begun, submit, end } = setUpScheduler(9, 100);
  submit('a', 'a', 60);
  submit('b', 'b', 40);
  submit('c', 'c', 1);
  assert.deepEqual([begun, scheduler.reservedBytes], [['a', 'b'], 100]);
  await end('b');
  assert.deepEqual([begun, scheduler.reservedBytes], [['a', 'b', 'c'], 61]);
});

test('an object that needs more than all waits for its room instead of being passed for ever', async () => {
  const { begun, submit, end } = setUpScheduler(9, 100);
  submit('small1', 'small', 50);
  submit('medium', 'medium', 60);
  submit('small2', 'other', 10);
  assert.deepEqual(begun, ['small1']);
  await end('small1');
  assert.deepEqual(begun, ['small1', 'medium', 'small2']);
});

test('an estimate larger than the share of one tenant counts as that share: the object goes, if alone of its kind', async () => {
  const { scheduler, begun, submit, end } = setUpScheduler(9, 64 * MIB);
  submit('huge1', 'a', 64 * MIB);
  submit('huge2', 'b', 64 * MIB);
  submit('small', 'c', 4 * MIB);
  assert.deepEqual(begun, ['huge1', 'small']);
  assert.equal(scheduler.reservedBytes, 52 * MIB);
  await end('huge1');
  assert.deepEqual(begun, ['huge1', 'small', 'huge2']);
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
