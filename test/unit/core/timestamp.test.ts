import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TIMESTAMP_UNREADABLE } from '../../../service/core/chunk.ts';
import { parseTimestamp, parseTimestampBytes } from '../../../service/core/timestamp.ts';

/** 2026-01-31T23:59:59.123Z */
const MS = 1_769_903_999_123;
const DAY_MS = 86_400_000;

const READABLE: readonly (readonly [string | number, number])[] = [
  ['2026-01-31T23:59:59.123Z', MS],
  ['2026-01-31t23:59:59.123z', MS],
  ['2026-01-31 23:59:59.123Z', MS],
  ['2026-01-31T23:59:59Z', MS - 123],
  ['2026-01-31T23:59:59.1Z', MS - 23],
  ['2026-01-31T23:59:59.123999999999Z', MS],
  ['2026-01-31T23:59:59.000999Z', MS - 123],
  ['2026-02-01T05:29:59.123+05:30', MS],
  ['2026-01-31T15:59:59.123-08:00', MS],
  ['2026-01-31T23:59:59.123-00:00', MS],
  ['2026-01-31T23:59:59.123+00:00', MS],
  ['1970-01-01T00:00:00Z', 0],
  ['1969-12-31T23:59:59.999Z', -1],
  ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
  ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ['2016-12-31T23:59:60.5Z', Date.UTC(2017, 0, 1) + 500],
  ['2017-01-01T05:29:60+05:30', Date.UTC(2017, 0, 1)],
  ['2016-12-31T15:59:60-08:00', Date.UTC(2017, 0, 1)],
  // The four units, as number and as text.
  [1_769_903_999, MS - 123],
  ['1769903999', MS - 123],
  [1_769_903_999.123, MS],
  ['1769903999.123', MS],
  ['1769903999.1239', MS],
  [MS, MS],
  ['1769903999123', MS],
  ['1769903999123.9', MS],
  [1.769_903_999_123_456e15, MS],
  ['1769903999123456', MS],
  [1.769_903_999_123e18, MS],
  ['1769903999123456789', MS],
  // The last nanosecond of a millisecond, which a double would round into the next.
  ['1769903999123999999', MS],
  ['1.769903999123e12', MS],
  ['1.769903999123E+12', MS],
  ['1769903999123e0', MS],
  ['17699039991230e-1', MS],
  ['1.7e9', 1_700_000_000_000],
  ['1.7e18', 1_700_000_000_000],
  // The edges of the thresholds: 1971-01-01 and the last unit before 2200-01-01.
  ['31536000', 365 * DAY_MS],
  ['7258118399', Date.UTC(2200, 0, 1) - 1000],
  ['31536000000', 365 * DAY_MS],
  ['7258118399999', Date.UTC(2200, 0, 1) - 1],
  ['31536000000000', 365 * DAY_MS],
  ['7258118399999999', Date.UTC(2200, 0, 1) - 1],
  ['31536000000000000', 365 * DAY_MS],
  ['7258118399999999999', Date.UTC(2200, 0, 1) - 1],
];

const UNREADABLE: readonly (string | number)[] = [
  '',
  ' ',
  'Z',
  '1',
  '2026',
  'now',
  'Sat, 31 Jan 2026 23:59:59 GMT',
  '2026-01-31',
  '2026-01-31T23:59Z',
  '2026-01-31T23:59:59',
  '2026-01-31T23:59:59.123',
  '2026-01-31T23:59:59.Z',
  '2026-01-31T23:59:59,123Z',
  '2026-01-31T23:59:59.12aZ',
  '2026-01-31T23:59:59.123Z ',
  ' 2026-01-31T23:59:59.123Z',
  '2026-01-31_23:59:59.123Z',
  '2026-01-31T23:59:59.123ZZ',
  '2026-01-31T23:59:59+0000',
  '2026-01-31T23:59:59+00',
  '2026-01-31T23:59:59+24:00',
  '2026-01-31T23:59:59+00:60',
  '2026-01-31T23:59:59 00:00',
  '2026-01-31T23.59:59.000Z',
  '2026-01-31T23:59-59.000Z',
  '2026/01/31T23:59:59.000Z',
  '2026-01/31T23:59:59.000Z',
  '2026-1-31T23:59:59.0000Z',
  '-026-01-31T23:59:59.000Z',
  '2026-00-31T23:59:59Z',
  '2026-13-31T23:59:59Z',
  '2026-01-00T23:59:59Z',
  '2026-01-32T23:59:59Z',
  '2026-04-31T23:59:59Z',
  '2026-02-29T23:59:59Z',
  '2100-02-29T23:59:59Z',
  '2024-02-30T23:59:59Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T23:60:00Z',
  '2026-01-31T23:59:61Z',
  '2026-01-31T12:00:60Z',
  '2016-12-31T23:59:60+05:30',
  `2026-01-31T23:59:59.${'1'.repeat(60)}Z`,
  '\u0132\u0130\u0132\u0136-01-31T23:59:59Z',
  '31535999',
  '7258118400',
  '31535999999',
  '7258118400000',
  '31535999999999',
  '7258118400000000',
  '31535999999999999',
  '7258118400000000000',
  '17699039991234567890',
  '01769903999123',
  '+1769903999123',
  '-1769903999123',
  '1769903999123.',
  '.5',
  '1.7e',
  '1.7e999',
  '0x1a000000000',
  '1_769_903_999_123',
  '1769903999123n',
  0,
  1,
  -1_769_903_999_123,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

test('reads each form of a time as whole epoch milliseconds', () => {
  for (const [value, expected] of READABLE) assert.equal(parseTimestamp(value), expected, String(value));
});

test('refuses what is no time or not certainly one', () => {
  for (const value of UNREADABLE) assert.equal(parseTimestamp(value), TIMESTAMP_UNREADABLE, JSON.stringify(value));
});

test('reads a range of bytes as it reads that text, whatever stands around it', () => {
  const texts = [...READABLE.map(([value]) => value), ...UNREADABLE].filter((value) => typeof value === 'string');
  for (const text of texts) {
    for (const around of ['0', ':00', '"', 'Z']) {
      const bytes = Buffer.from(around + text + around);
      const from = Buffer.byteLength(around);
      assert.equal(parseTimestampBytes(bytes, from, bytes.length - from), parseTimestamp(text), text);
    }
  }
});

test('agrees with Date on every instant that Date writes', () => {
  const [min, max] = [new Date('0000-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59.999Z')];
  fc.assert(
    fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
      assert.equal(parseTimestamp(date.toISOString()), date.getTime());
    }),
    { numRuns: 3_000 },
  );
});

test('reads all four units of one instant alike', () => {
  fc.assert(
    fc.property(fc.integer({ min: 31_536_000_000, max: 7_258_118_399_999 }), (ms) => {
      const seconds = `${String(ms).slice(0, -3)}.${String(ms).slice(-3)}`;
      for (const text of [seconds, `${ms}`, `${ms}999`, `${ms}999999`]) assert.equal(parseTimestamp(text), ms, text);
      for (const number of [ms / 1000, ms, ms * 1000]) assert.equal(parseTimestamp(number), ms, String(number));
    }),
    { numRuns: 3_000 },
  );
});
