import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { gatherReads } from '../../../../service/object/parquet/gather-reads.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { createTestKernel } from '../../../support/kernel.ts';
import { holds } from '../../../support/property.ts';

const KB = 1_024;
const kernel = createTestKernel();
const object = Uint8Array.from({ length: 4_000 * KB }, (_, at) => (at * 2_654_435_761) >>> 24);
const never = new AbortController().signal;

/** A gathering source over one that tells what is read of it, and fails when told to. */
function setUp(atHandBytes = 0) {
  const inner = memorySource('x', object);
  const state = { error: undefined as Error | undefined };
  const reads: (readonly [start: number, end: number])[] = [];
  const source = gatherReads(kernel, {
    ...inner,
    atHandBytes,
    read(start, end, signal, into) {
      reads.push([start, end]);
      // At once, as a source may that finds its arguments wrong.
      if (state.error) throw state.error;
      return inner.read(start, end, signal, into);
    },
  });
  const read = (start: number, end: number, signal = never) =>
    source.read(start, end, signal, new Uint8Array(end - start));
  return { source, read, reads, state };
}

test('small reads near one another are one request, and everyone gets theirs', async () => {
  const { read, reads } = setUp();
  const ranges = [
    [900 * KB, 901 * KB],
    [100, 200],
    [KB, 30 * KB],
    [1_000 * KB, 1_001 * KB],
    [40 * KB, 40 * KB + 1],
  ] as const;
  const found = await Promise.all(ranges.map(([start, end]) => read(start, end)));
  for (const [at, [start, end]] of ranges.entries()) assert.deepEqual(found[at], object.slice(start, end));
  assert.deepEqual(reads, [
    [100, 40 * KB + 1],
    [900 * KB, 901 * KB],
    [1_000 * KB, 1_001 * KB],
  ]);
  assert.equal(kernel.memory.lent, 0);
});

test('reads that are large, far apart, of other work, or not asked for together are requests of their own', async () => {
  const { source, read, reads } = setUp();
  await Promise.all([read(0, 300 * KB), read(310 * KB, 320 * KB)]);
  await Promise.all([read(0, KB), read(KB, 2 * KB, new AbortController().signal)]);
  await read(2 * KB, 3 * KB);
  await read(3 * KB, 4 * KB);
  // Who brings no memory is given the source's.
  await Promise.all([source.read(4 * KB, 5 * KB, never), read(5 * KB, 6 * KB)]);
  assert.deepEqual(
    reads.map(([, end]) => end / KB),
    [300, 320, 1, 2, 3, 4, 5, 6],
  );
});

test('what is at hand is read at once', async () => {
  const { read, reads } = setUp(10 * KB);
  const all = [read(0, KB), read(9 * KB, 10 * KB), read(10 * KB, 10 * KB + 1)];
  assert.deepEqual(reads, [
    [0, KB],
    [9 * KB, 10 * KB],
  ]);
  await Promise.all(all);
  assert.equal(reads.length, 3);
});

test('no request grows beyond a megabyte', async () => {
  const { read, reads } = setUp();
  await Promise.all(Array.from({ length: 20 }, (_, at) => read(at * 200 * KB, (at + 1) * 200 * KB)));
  assert.deepEqual(
    reads.map(([start, end]) => (end - start) / (200 * KB)),
    [5, 5, 5, 5],
  );
});

test('a failure reaches all who wait for the request, and nobody else', async () => {
  const { read, state } = setUp();
  const good = read(0, 10);
  await setImmediate();
  state.error = new Error('no');
  const bad = [read(0, 10), read(20, 30)];
  for (const each of bad) await assert.rejects(each, state.error);
  await assert.rejects(read(50, 60), state.error);
  assert.deepEqual(await good, object.slice(0, 10));
  assert.equal(kernel.memory.lent, 0);
});

test('whatever is asked for together comes as it would alone', () =>
  holds(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(3_700 * KB), fc.nat(300 * KB)), { minLength: 1, maxLength: 12 }),
      async (asked) => {
        const { read, reads } = setUp();
        const found = await Promise.all(asked.map(([start, length]) => read(start, start + length)));
        for (const [at, [start, length]] of asked.entries()) {
          assert.ok(Buffer.from(found[at] as Uint8Array).equals(object.subarray(start, start + length)));
        }
        assert.ok(reads.length <= asked.length);
      },
    ),
    50,
  ));
