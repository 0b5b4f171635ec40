import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { variantMembers, variantText } from '../../../../service/object/parquet/variant.ts';

/** Metadata with the names `a` and `b`. */
const NAMES = Uint8Array.of(0x01, 2, 0, 1, 2, 0x61, 0x62);
const NONE = Uint8Array.of(0x01, 0, 0);
/** The first byte of a value: its kind, and what that says of itself. */
const head = (kind: number, more: number) => (more << 2) | kind;
const int8 = (value: number) => [head(0, 3), value];
const text = (value: string) => [head(1, value.length), ...Buffer.from(value)];

/** Offsets and counts of one byte. */
function array(...values: readonly (readonly number[])[]): number[] {
  return [head(3, 0), values.length, ...offsetsOf(values), ...values.flat()];
}

function object(ids: readonly number[], ...values: readonly (readonly number[])[]): number[] {
  return [head(2, 0), values.length, ...ids, ...offsetsOf(values), ...values.flat()];
}

function offsetsOf(values: readonly (readonly number[])[]): number[] {
  const offsets = [0];
  for (const value of values) offsets.push((offsets.at(-1) ?? 0) + value.length);
  return offsets;
}

const show = (bytes: readonly number[], metadata = NAMES) => variantText(metadata, Uint8Array.from(bytes));

suite('a variant', () => {
  test('is shown with all that is in it', () => {
    const value = object([0, 1], array(int8(1), text('x"'), [head(0, 0)], [head(0, 1)]), object([0], int8(255)));
    assert.equal(show(value), '{"a":[1,"x\\"",null,true],"b":{"a":-1}}');
  });

  test('keeps every digit of a number, whatever its type', () => {
    const little = (value: bigint, bytes: number) =>
      Array.from({ length: bytes }, (_, byte) => Number((value >> BigInt(8 * byte)) & 255n));
    assert.equal(show([head(0, 6), ...little(-(2n ** 63n), 8)]), '-9223372036854775808');
    assert.equal(show([head(0, 8), 2, ...little(1_000n, 4)]), '10.00');
    assert.equal(show([head(0, 10), 38, ...little(-(10n ** 38n) + 1n, 16)]), `-0.${'9'.repeat(38)}`);
    assert.equal(show([head(0, 14), ...new Uint8Array(Float32Array.of(0.1).buffer)]), '0.1');
  });

  test('that is broken is not shown', () => {
    const value = object([0, 1], array(int8(1), text('x')), object([0], int8(2)));
    assert.notEqual(show(value), null);
    for (let length = 0; length < value.length; length++) assert.equal(show(value.slice(0, length)), null, `${length}`);
    assert.equal(show(object([0], int8(1)), NONE), null, 'a member without a name');
    assert.equal(show(int8(1), Uint8Array.of(0x02, 0, 0)), null, 'of a version that nobody knows');
    assert.equal(show(object([0], int8(1)), Uint8Array.of()), null, 'without metadata');
    assert.equal(show([head(0, 63)]), null, 'of an unknown type');
    assert.equal(show([head(0, 8), 255, 0, 0, 0, 0]), `0.${'0'.repeat(255)}`);
  });

  test('that refers to itself, or to the same bytes again and again, is not shown', () => {
    assert.equal(show([head(3, 0), 1, 0, 0]), null, 'an element that is the array itself');
    // Each level has two elements, which are both the next level: two to the thirtieth values in a hundred bytes.
    const levels = Array.from({ length: 30 }, () => [head(3, 0), 2, 0, 0, 0]);
    assert.equal(show([...levels.flat(), ...int8(1)]), null);
  });

  test('without members that stand elsewhere has the others', () => {
    const value = Uint8Array.from(object([0, 1], int8(1), int8(2)));
    assert.equal(variantMembers(NAMES, value, new Set()), '"a":1,"b":2');
    assert.equal(variantMembers(NAMES, value, new Set(['"a"'])), '"b":2');
    assert.equal(variantMembers(NAMES, Uint8Array.from(int8(1)), new Set()), null, 'a number has no members');
  });
});
