import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createThriftReader } from '../../../../service/object/parquet/thrift.ts';

/** A field's header: how much larger its number is than the last one's, and its type. */
const field = (delta: number, type: number) => (delta << 4) | type;
const STOP = 0;
const corrupt = { code: 'object-corrupt' };

/** Reads integers, booleans and texts of a struct by their numbers; everything else is skipped. */
function read(bytes: readonly number[]) {
  const reader = createThriftReader(Uint8Array.from(bytes));
  const found: Record<number, unknown> = {};
  reader.struct((number) => {
    if (number === 1) found[number] = reader.integer();
    else if (number === 2) found[number] = reader.boolean();
    else if (number === 3) found[number] = reader.text();
    else if (number === 4) found[number] = reader.list(() => reader.integer());
    else if (number === 5) found[number] = reader.list(() => reader.boolean());
  });
  return { found, offset: reader.offset };
}

suite('a structure', () => {
  test('gives the fields that are asked for, and where it ends', () => {
    const bytes = [field(1, 5), 3, field(1, 1), field(1, 8), 2, 0x68, 0x69, field(1, 9), 0x25, 2, 4, STOP, 99];
    assert.deepEqual(read(bytes), { found: { 1: -2, 2: true, 3: 'hi', 4: [1, 2] }, offset: 12 });
  });

  test('is read past fields of every type that nobody asks for', () => {
    const skipped = [
      [3, 7],
      [4, 1],
      [5, 1],
      [6, 0x80, 1],
      [7, 1, 2, 3, 4, 5, 6, 7, 8],
      [8, 2, 1, 1],
      [9, 0x15, 2],
      [9, 0xf5, 1, 2],
      [10, 0x11, 1],
      [11, 0],
      [11, 1, 0x58, 4, 1, 7],
      [12, field(1, 5), 2, STOP],
      [13, ...new Array<number>(16).fill(7)],
      [1],
      [2],
    ];
    for (const [type = 0, ...value] of skipped) {
      const bytes = [field(9, type), ...value, 5, 2, 4, STOP];
      // A field with its number written out: 1, as an integer of 32 bits.
      assert.deepEqual(read(bytes).found, { 1: 2 }, `type ${type}`);
    }
  });

  test('has integers of up to 53 bits exactly, and booleans in lists as bytes', () => {
    const { found } = read([
      field(1, 6),
      0xfe,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0x1f,
      field(4, 9),
      0x21,
      1,
      2,
      STOP,
    ]);
    assert.deepEqual(found, { 1: Number.MAX_SAFE_INTEGER, 5: [true, false] });
  });

  test('has a number where a boolean stands in its place', () => {
    assert.deepEqual(read([field(1, 2), STOP]).found, { 1: 0 });
    assert.deepEqual(read([field(1, 1), STOP]).found, { 1: 1 });
  });

  test('that ends too soon anywhere is corrupt', () => {
    const bytes = [field(1, 5), 0x83, 1, field(1, 1), field(1, 8), 2, 0x68, 0x69, field(1, 9), 0x25, 2, 4, STOP];
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => read(bytes.slice(0, length)), corrupt, `cut at ${length}`);
    }
  });

  test('that claims what cannot be, or holds another type than belongs there, is corrupt', () => {
    assert.throws(() => read([field(1, 8), 1, 0x61, STOP]), corrupt, 'a text for an integer');
    assert.throws(() => read([field(9, 9), 0xf5, 0xff, 0xff, 0xff, 0x7f, STOP]), /claims 268435455 elements/);
    assert.throws(() => read([field(9, 8), 0xff, 0xff, 0xff, 0x7f, STOP]), corrupt, 'a text longer than all there is');
    assert.throws(() => read([field(9, 14), STOP]), corrupt, 'an unknown type');
    assert.throws(() => read([field(1, 6), ...new Array<number>(12).fill(0xff), STOP]), /has no end/);
    assert.throws(() => read(new Array<number>(100).fill(field(9, 12))), /nested too deep/);
  });
});
