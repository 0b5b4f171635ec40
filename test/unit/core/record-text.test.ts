import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordText } from '../../../service/core/record-text.ts';
import { buildChunk } from '../../support/chunk.ts';
import { holds } from '../../support/property.ts';

test('a message comes back from either form, wherever it lies in the buffer', () =>
  holds(
    fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.boolean()), { maxLength: 8 }), (records) => {
      const chunk = buildChunk(records.map(([message, json]) => ({ message, json })));
      assert.deepEqual(
        records.map((_, at) => recordText(chunk, at)),
        records.map(([message]) => message),
      );
    }),
  ));

test('invalid UTF-8 becomes the replacement character', () => {
  const chunk = buildChunk([{ message: Uint8Array.of(0x61, 0xff, 0xc3, 0x62) }]);
  assert.equal(recordText(chunk, 0), 'a\ufffd\ufffdb');
});

test('an escape that stands for half a character becomes the replacement character', () => {
  const chunk = buildChunk([{ message: 'x', json: true }]);
  const bytes = Buffer.from('a\\ud83cb');
  const messages = {
    ...chunk.messages,
    bytes,
    start: Uint32Array.of(0),
    length: Uint32Array.of(bytes.length),
  };
  assert.equal(recordText({ ...chunk, messages }, 0), 'a\ufffdb');
});
