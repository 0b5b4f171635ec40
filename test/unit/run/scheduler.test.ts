import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { createScheduler, estimateMemoryBytes } from '../../../service/run/scheduler.ts';
import { holds } from '../../support/property.ts';

const MIB = 1024 * 1024;

/** A scheduler whose jobs run until the test ends them, and note when they began. */
function setUp(slots: number, memoryBytes = 1_000) {
  const scheduler = createScheduler({ slots, memoryBytes });
  const begun: string[] = [];
  const open = new Map<string, PromiseWithResolvers<string>>();
  const submit = (name: string, tenant = name, memory = 0) => {
    const gate = Promise.withResolvers<string>();
    open.set(name, gate);
    return scheduler.submit(tenant, memory, () => {
      begun.push(name);
      return gate.promise;
    });
  };
  const end = async (name: string) => {
    open.get(name)?.resolve(name);
    await turn();
  };
  return { scheduler, begun, submit, end, open };
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
  const broken = scheduler.submit('b', 0, () => {
    throw new Error('no');
  });
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

test('a large object at the head waits for its room, and small ones do not pass it for ever', async () => {
  const { begun, submit, end } = setUp(9, 100);
  submit('small1', 'small', 50);
  submit('large', 'large', 90);
  submit('small2', 'small', 10);
  assert.deepEqual(begun, ['small1']);
  await end('small1');
  assert.deepEqual(begun, ['small1', 'large', 'small2']);
});

test('an object larger than the budget runs alone', async () => {
  const { begun, submit, end } = setUp(9, 100);
  submit('a', 'a', 10);
  submit('huge', 'huge', 500);
  submit('b', 'b', 10);
  assert.deepEqual(begun, ['a']);
  await end('a');
  assert.deepEqual(begun, ['a', 'huge']);
  await end('huge');
  assert.deepEqual(begun, ['a', 'huge', 'b']);
});

test('whatever comes and ends, slots and memory are never exceeded, every job runs once, and nothing is left over', () =>
  holds(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 80 })), { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
      async (jobs, slots, picks) => {
        const scheduler = createScheduler({ slots, memoryBytes: 100 });
        const running = new Map<number, () => void>();
        const begun: number[] = [];
        const results = jobs.map(([tenant, memory], job) =>
          scheduler.submit(tenant, memory, () => {
            begun.push(job);
            return new Promise<number>((resolve) => running.set(job, () => resolve(job)));
          }),
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
  assert.equal(estimateMemoryBytes(0), 4 * MIB);
  assert.equal(estimateMemoryBytes(1 * MIB), 20 * MIB);
  assert.equal(estimateMemoryBytes(10_000 * MIB), 80 * MIB);
  assert.equal(estimateMemoryBytes(undefined), 80 * MIB);
});
