import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitWidthOf, createRuns } from '../../../../service/object/parquet/runs.ts';
import { holds } from '../../../support/property.ts';

/** A number in groups of seven bits, the lowest first. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** `count` times the same value, in as many bytes as its width takes. */
const run = (count: number, value: number, width = 2) => [
  ...varint(count << 1),
  ...Array.from({ length: Math.ceil(width / 8) }, (_, byte) => Math.floor(value / 256 ** byte) % 256),
];

/** Groups of eight values, each in `width` bits, the least significant first. */
function packed(values: readonly number[], width: number): number[] {
  const groups = Math.ceil(values.length / 8);
  const bytes = new Array<number>(groups * width).fill(0);
  for (const [at, value] of values.entries()) {
    for (let bit = 0; bit < width; bit++) {
      const place = at * width + bit;
      if (Math.floor(value / 2 ** bit) % 2 === 1) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
    }
  }
  return [...varint((groups << 1) | 1), ...bytes];
}

test('values that lie in one run are told without being read, and nothing else is taken for that', () => {
  const only = (bytes: readonly number[], count: number, width = 2) =>
    createRuns(Uint8Array.from(bytes), width).only(count);
  assert.equal(only(run(5, 2), 5), 2);
  assert.equal(only(run(70_000, 1), 70_000), 1);
  assert.equal(only(run(6, 2), 5), 2, 'longer than it need be');
  assert.equal(only(run(5, 0x201, 16), 5, 16), 0x201, 'in as many bytes as its width takes');
  assert.equal(only(varint(5 << 1), 5, 0), 0, 'in none, where there is but one value');
  assert.equal(only([...run(4, 2), ...run(1, 2)], 5), undefined, 'shorter');
  assert.equal(only(packed([3, 3, 3, 3, 3, 3, 3, 3], 2), 8), undefined, 'packed');
});

test('runs that end before their values do are corrupt', () => {
  const read =
    (bytes: readonly number[], count: number, width = 2) =>
    () =>
      createRuns(Uint8Array.from(bytes), width).read(new Uint8Array(count), count);
  const corrupt = { code: 'object-corrupt' };
  assert.throws(read([], 1), corrupt, 'nothing');
  assert.throws(read([0x80], 5), corrupt, 'in a header');
  assert.throws(read(varint(5 << 1), 5), corrupt, 'behind a header');
  assert.throws(read([...varint(5 << 1), 1], 5, 16), corrupt, 'in a value');
  assert.throws(read(run(4, 2), 5), corrupt, 'behind a run');
  assert.throws(read(run(0, 2), 5), corrupt, 'an empty run');
  assert.throws(read(packed([1, 2, 3, 1, 2, 3, 1, 2], 2).slice(0, -1), 8), corrupt, 'in packed values');
  assert.throws(read(run(5, 1), 5, 33), corrupt, 'wider than an index can be');
});

test('a packed run may be cut off behind its last value', () => {
  const out = new Uint8Array(5);
  createRuns(Uint8Array.from(packed([1, 2, 3, 0, 1, 0, 0, 0], 2).slice(0, -1)), 2).read(out, 4);
  assert.deepEqual([...out], [1, 2, 3, 0, 0]);
});

test('whatever the runs, their widths and the parts that they are read in, the values are those that were written', () => {
  const widths = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 17, 24, 25, 31, 32));
  const cases = widths.chain((width) => {
    const value = fc.integer({ min: 0, max: 2 ** width - 1 });
    const part = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 30 }), value).map(([count, one]) => ({
        bytes: run(count, one, width),
        values: new Array<number>(count).fill(one),
      })),
      fc.array(value, { minLength: 1, maxLength: 4 }).map((some) => {
        const values = Array.from({ length: 8 }, (_, at) => some[at % some.length] ?? 0);
        return { bytes: packed(values, width), values };
      }),
    );
    return fc.tuple(
      fc.constant(width),
      fc.array(part, { minLength: 1, maxLength: 8 }),
      fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 30 }),
    );
  });
  return holds(
    fc.property(cases, ([width, parts, reads]) => {
      const runs = createRuns(Uint8Array.from(parts.flatMap(({ bytes }) => bytes)), width);
      const values = parts.flatMap((part) => part.values);
      let at = 0;
      for (const [count, look] of [...reads, [values.length, false] as const]) {
        const taken = Math.min(count, values.length - at);
        const expected = values.slice(at, at + taken);
        const only = look ? runs.only(taken) : undefined;
        const out = new Uint32Array(taken);
        if (only === undefined) runs.read(out, taken);
        else out.fill(only);
        assert.deepEqual([...out], expected);
        at += taken;
      }
    }),
  );
});

test('a level takes as many bits as the largest does', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 255].map(bitWidthOf), [0, 1, 2, 2, 3, 8]);
});
