import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseS3Url, rate, timeParser, wholeNumber } from '../../../service/cli/arguments.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 12, 30);
const time = timeParser(() => NOW_MS);

test('a time is one with its zone, a UTC date, now, or an age', () => {
  assert.equal(time('2026-11-24T10:00:00Z'), Date.UTC(2026, 10, 24, 10));
  assert.equal(time('2026-11-24T10:00+02:00'), Date.UTC(2026, 10, 24, 8));
  assert.equal(time('2026-11-24'), Date.UTC(2026, 10, 24));
  assert.equal(time('now'), NOW_MS);
  assert.equal(time('90m'), NOW_MS - 90 * 60_000);
  assert.equal(time('-2h'), NOW_MS - 2 * 3_600_000);
  assert.equal(time('14d'), NOW_MS - 14 * 86_400_000);
});

test('a time without a zone, or on no calendar, is refused with what would be one', () => {
  for (const text of [
    '2026-11-24T10:00:00',
    '2026-02-31',
    '2026-13-01',
    '10:00',
    '',
    'yesterday',
    '5w',
    '1764000000',
  ]) {
    assert.throws(() => time(text), /must be a time such as 2026-11-24T10:00:00Z/, text);
  }
});

test('whole numbers and rates keep to their bounds', () => {
  assert.equal(wholeNumber(1, 10)('10'), 10);
  for (const text of ['0', '11', '1.5', '-1', 'ten', '', '1e1']) assert.throws(() => wholeNumber(1, 10)(text), text);
  assert.equal(rate(100)('0.5'), 0.5);
  for (const text of ['0', '101', '-1', 'fast', '', 'Infinity', '1e2']) assert.throws(() => rate(100)(text), text);
});

test('an S3 URL gives bucket and key as they are', () => {
  assert.deepEqual(parseS3Url('s3://central-logs/logs/a b%20c#d?e'), {
    bucket: 'central-logs',
    key: 'logs/a b%20c#d?e',
  });
  for (const text of ['s3://central-logs', 's3://central-logs/', 'https://a/b', 's3://UPPER/key', '/logs/a']) {
    assert.equal(parseS3Url(text), undefined, text);
  }
});
