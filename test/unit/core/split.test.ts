import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitMessage } from '../../../service/core/split.ts';
import { buildChunk } from '../../support/chunk.ts';
import { holds } from '../../support/property.ts';

const MARKER = /^\[part (\d+)\/(\d+) of record (\d+)\] /;

function joined(parts: readonly { text: string }[]): string {
  return parts.map(({ text }) => text.replace(MARKER, '')).join('');
}

test('parts carry their number, their count and the ordinal of the record in the object', () => {
  const chunk = buildChunk([{ message: 'first' }, { message: 'x'.repeat(300) }], { at: { record: 40, cursor: 'c' } });
  const parts = splitMessage(chunk, 1, 200);
  assert.deepEqual(
    parts.map(({ text, record, first, size }) => [text.slice(0, text.indexOf(']') + 1), record, first, size]),
    [
      ['[part 1/3 of record 41]', 1, true, 144],
      ['[part 2/3 of record 41]', 1, false, 144],
      ['[part 3/3 of record 41]', 1, false, 84],
    ],
  );
  assert.equal(joined(parts), 'x'.repeat(300));
});

test('cuts fall between characters, so that a part is text and the parts together are the message', () => {
  for (let shift = 0; shift < 4; shift++) {
    const message = 'a'.repeat(shift) + '🍵é日'.repeat(100);
    const parts = splitMessage(buildChunk([{ message }]), 0, 130);
    assert.equal(joined(parts), message);
    assert.ok(parts.every(({ text }) => text.isWellFormed() && !text.includes('\ufffd')));
  }
});

test('whatever the message and its form, nothing is lost and no part is larger than it may be', () =>
  holds(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 3_000, size: 'max' }),
      fc.boolean(),
      fc.integer({ min: 90, max: 1_000 }),
      (message, json, bytesMax) => {
        const parts = splitMessage(buildChunk([{ message, json }]), 0, bytesMax);
        assert.equal(joined(parts), message);
        for (const [at, { text, size, first }] of parts.entries()) {
          assert.equal(size, Buffer.byteLength(text));
          assert.ok(size <= bytesMax, `${size} of ${bytesMax}`);
          assert.equal(first, at === 0);
          assert.deepEqual(MARKER.exec(text)?.slice(1), [String(at + 1), String(parts.length), '0']);
        }
      },
    ),
  ));
