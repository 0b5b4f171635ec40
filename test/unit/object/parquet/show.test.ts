import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { LogicalType, PhysicalType } from '../../../../service/object/parquet/metadata.ts';
import { readSchema } from '../../../../service/object/parquet/schema.ts';
import { createShow } from '../../../../service/object/parquet/show.ts';
import { clockText, dateText, intervalText, timestampText } from '../../../../service/object/parquet/show-times.ts';

/** The JSON of a value as its bytes stand in the file. */
function show(type: PhysicalType, logical: LogicalType | undefined, bytes: readonly number[]): string | null {
  const group = { typeLength: undefined, repetition: 'required', logical: undefined } as const;
  const [leaf] = readSchema([
    { ...group, name: 'root', type: undefined, children: 1 },
    { ...group, name: 'x', type, typeLength: bytes.length, children: 0, logical },
  ]).leaves;
  assert.ok(leaf);
  const all = Uint8Array.from(bytes);
  const { width } = leaf;
  return createShow(leaf)(
    width === undefined
      ? { kind: 'bytes', count: 1, bytes: all, start: Uint32Array.of(0), length: Uint32Array.of(all.length), gap: 0 }
      : { kind: 'fixed', count: 1, view: new DataView(all.buffer), width },
  )(0);
}

const text = (value: string) => [...Buffer.from(value)];
const decimal = (scale: number): LogicalType => ({ kind: 'decimal', scale });

/** What the golden files do not have: Arrow and DuckDB do not write it. */
suite('a value is shown', () => {
  const cases: readonly (readonly [
    what: string,
    type: PhysicalType,
    LogicalType | undefined,
    number[],
    string | null,
  ])[] = [
    ['a decimal of bytes', 'BYTE_ARRAY', decimal(2), [0xff, 0x85], '-1.23'],
    ['a decimal of no bytes', 'BYTE_ARRAY', decimal(2), [], '0.00'],
    ['a decimal of very many bytes', 'BYTE_ARRAY', decimal(0), new Array<number>(300).fill(1), null],
    ['a decimal whose scale means nothing', 'INT32', decimal(-1), [1, 0, 0, 0], null],
    ['a decimal with a scale without measure', 'INT32', decimal(2 ** 31), [1, 0, 0, 0], null],
    ['a decimal of an integer of 32 bits', 'INT32', decimal(3), [0xff, 0xff, 0xff, 0xff], '-0.001'],
    ['an unsigned integer', 'INT32', { kind: 'integer', signed: false }, [0xff, 0xff, 0xff, 0xff], '4294967295'],
    ['an annotation that does not fit its type', 'INT32', { kind: 'uuid' }, [7, 0, 0, 0], '7'],
    ['bytes that claim to be text and are none', 'BYTE_ARRAY', { kind: 'text' }, [0x61, 0xff], '"a\ufffd"'],
    ['bytes without a claim that are none', 'BYTE_ARRAY', undefined, [0x61, 0xff], '"Yf8="'],
    ['bytes of another format, even if they are text', 'BYTE_ARRAY', { kind: 'bytes' }, text('ab'), '"YWI="'],
    ['JSON with a byte order mark', 'BYTE_ARRAY', { kind: 'json' }, text('\ufeff{}'), '"\ufeff{}"'],
    ['JSON that is empty', 'BYTE_ARRAY', { kind: 'json' }, [], '""'],
    ['JSON in several lines', 'BYTE_ARRAY', { kind: 'json' }, text('[1,\r\n"\\n"]'), '[1,  "\\n"]'],
    ['text of a fixed length', 'FIXED_LEN_BYTE_ARRAY', { kind: 'text' }, text('abc'), '"abc"'],
    ['a time of day that is none', 'INT32', { kind: 'time', unit: 'millis' }, [0, 0x5c, 0x26, 0x05], null],
    ['a negative time of day', 'INT32', { kind: 'time', unit: 'millis' }, [0xff, 0xff, 0xff, 0xff], null],
    ['a date that no calendar has', 'INT32', { kind: 'date' }, [0xff, 0xff, 0xff, 0x7f], null],
    ['INT96', 'INT96', undefined, [1, 0, 0, 0, 0, 0, 0, 0, 0x8c, 0x3d, 0x25, 0], '"1970-01-01T00:00:00.000000001Z"'],
    ['a boolean', 'BOOLEAN', undefined, [1], 'true'],
  ];
  for (const [what, type, logical, bytes, expected] of cases) {
    test(what, () => assert.equal(show(type, logical, bytes), expected));
  }
});

test('times have the digits of their unit, in threes', () => {
  assert.equal(timestampText(0n, 'millis'), '"1970-01-01T00:00:00.000Z"');
  assert.equal(timestampText(1_000n, 'micros'), '"1970-01-01T00:00:00.001Z"');
  assert.equal(timestampText(1_001n, 'micros'), '"1970-01-01T00:00:00.001001Z"');
  assert.equal(timestampText(1_001_001n, 'nanos'), '"1970-01-01T00:00:00.001001001Z"');
  assert.equal(timestampText(-1n, 'nanos'), '"1969-12-31T23:59:59.999999999Z"');
  assert.equal(timestampText(2n ** 63n - 1n, 'millis'), null);
  assert.equal(clockText(86_399_999_999_999n, 'nanos'), '"23:59:59.999999999"');
  assert.equal(clockText(86_400_000_000_000n, 'nanos'), null);
  assert.equal(dateText(-719_528), '"0000-01-01"');
  assert.equal(dateText(2_932_897), '"+010000-01-01"');
});

test('months, days and milliseconds of an interval stay what they are', () => {
  assert.equal(intervalText(0, 0, 0), '"PT0S"');
  assert.equal(intervalText(14, 0, 0), '"P14M"');
  assert.equal(intervalText(0, 40, 1), '"P40DT0.001S"');
  assert.equal(intervalText(0, 0, 90_000), '"PT90S"');
  assert.equal(intervalText(1, 2, 4_294_967_295), '"P1M2DT4294967.295S"');
});
