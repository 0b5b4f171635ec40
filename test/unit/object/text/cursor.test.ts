import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCursor, parseCursor } from '../../../../service/object/text/cursor.ts';

const PLACES = ['top', 'array', 'events'] as const;
const FORMATS = ['ndjson', 'ndjson+gzip', 'json-array+zstd', 'json-objects', 'cloudtrail+gzip', 'ndjson+gzip+gzip'];

test('a cursor leads back to its place, in its own format', () => {
  for (const format of FORMATS) {
    for (const within of PLACES) {
      const place = { offset: 123, within };
      assert.deepEqual(parseCursor(format, formatCursor(format, place)), place);
    }
    assert.deepEqual(parseCursor(format, ''), { offset: 0, within: 'top' });
  }
});

test('the formats of the first version keep their bare numbers', () => {
  for (const around of ['', '+gzip', '+zstd']) {
    assert.equal(formatCursor(`ndjson${around}`, { offset: 7, within: 'top' }), '7');
    assert.equal(formatCursor(`json-array${around}`, { offset: 7, within: 'array' }), '7');
  }
  assert.equal(formatCursor('ndjson-cr', { offset: 7, within: 'top' }), 'ndjson-cr:t7');
  assert.equal(formatCursor('json-array', { offset: 7, within: 'top' }), 'json-array:t7');
});

test('a cursor of another format is refused, and what is none', () => {
  for (const [format, cursor] of [
    ['json-objects', '7'],
    ['ndjson+gzip+gzip', '7'],
    ['ndjson', 'json-objects:t7'],
    ['json-objects', 'cloudtrail:t7'],
    ['json-objects', 'json-objects:x7'],
    ['json-objects', 'json-objects:t'],
    ['ndjson', 't7'],
    ['ndjson', '-7'],
    ['ndjson', '7.5'],
    ['ndjson', '99999999999999999999'],
    ['ndjson', '{"message":[1]}'],
  ] as const) {
    assert.throws(() => parseCursor(format, cursor), { code: 'object-corrupt' }, `${format} ${cursor}`);
  }
});
