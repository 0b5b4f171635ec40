import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TIMESTAMP_UNREADABLE } from '../../../service/core/chunk.ts';
import { parseTimestamp, parseTimestampBytes } from '../../../service/core/timestamp.ts';
import { READABLE_TIMES, UNREADABLE_TIMES } from '../../support/times.ts';

test('reads each form of a time as whole epoch milliseconds', () => {
  for (const [value, expected] of READABLE_TIMES) assert.equal(parseTimestamp(value), expected, String(value));
});

test('refuses what is no time or not certainly one', () => {
  for (const value of UNREADABLE_TIMES)
    assert.equal(parseTimestamp(value), TIMESTAMP_UNREADABLE, JSON.stringify(value));
});

test('reads a range of bytes as it reads that text, whatever stands around it', () => {
  const texts = [...READABLE_TIMES.map(([value]) => value), ...UNREADABLE_TIMES].filter(
    (value) => typeof value === 'string',
  );
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
