import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { createValueSplitter, type ValuePlace } from '../../../../service/object/text/value-splitter.ts';
import { space, text } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';

const TOP: ValuePlace = { offset: 0, within: 'top' };
const RECORD_BYTES_MAX = 10_000;

interface Cut {
  readonly text: string;
  readonly place: ValuePlace;
}

/** Cuts bytes that arrive in pieces, from a place on. */
function cut(bytes: Buffer, pieceBytes: number, from = TOP, envelope?: string): Cut[] {
  const splitter = createValueSplitter(from, RECORD_BYTES_MAX, envelope);
  const records: Cut[] = [];
  const drain = () => {
    while (splitter.next()) {
      const { start, stop, place } = splitter;
      records.push({ text: splitter.bytes.toString('utf8', start, stop), place });
    }
  };
  for (let at = from.offset; at < bytes.length; at += pieceBytes) {
    splitter.push(bytes.subarray(at, at + pieceBytes));
    drain();
  }
  splitter.end();
  drain();
  return records;
}

const texts = (...args: Parameters<typeof cut>) => cut(...args).map((record) => record.text);
const object = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
const gap = fc.oneof(space, fc.constantFrom('\n', '\r\n', '\n\n'));
/** Anything that the characters of JSON can be put together to. */
const rubble = fc.string({
  unit: fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ',',
    ':',
    '\n',
    ' ',
    'a',
    '1',
    '{"a":1}',
    '[{}]',
    '"Records":[',
    '\r',
  ),
  maxLength: 40,
});

suite('values that stand behind one another', () => {
  test('are records each, with white space between them or none, over any number of lines', () =>
    holds(
      fc.property(fc.array(fc.tuple(object, gap, fc.nat(2))), fc.constantFrom(1, 5, 1_000), (objects, pieceBytes) => {
        const written = objects.map(([value, , indent]) => JSON.stringify(value, null, indent));
        const body = written.map((json, at) => json + (objects[at]?.[1] ?? '')).join('');
        assert.deepEqual(
          texts(Buffer.from(body), pieceBytes),
          written.map((json) => json.toWellFormed()),
        );
      }),
      1_000,
    ));

  test('are what they are however they arrive, and from every place on', () =>
    holds(
      fc.property(rubble, fc.constantFrom(undefined, 'Records'), (body, envelope) => {
        const bytes = Buffer.from(body);
        const attempt = (pieceBytes: number, from = TOP) => {
          try {
            return cut(bytes, pieceBytes, from, envelope);
          } catch (error) {
            return (error as { code?: string }).code;
          }
        };
        const whole = attempt(1_000);
        assert.deepEqual(attempt(1), whole);
        assert.deepEqual(attempt(3), whole);
        if (!Array.isArray(whole)) return;
        for (const [at, { place }] of whole.entries()) assert.deepEqual(attempt(2, place), whole.slice(at));
      }),
      5_000,
    ));

  test('lose nothing: what is in no record is white space, or the brackets and commas of arrays', () =>
    holds(
      fc.property(rubble, (body) => {
        const bytes = Buffer.from(body);
        let records: Cut[];
        try {
          records = cut(bytes, 7);
        } catch {
          return;
        }
        let at = 0;
        for (const { text: record, place } of records) {
          assert.match(bytes.toString('utf8', at, place.offset), /^[\s[\],]*$/);
          at = place.offset + Buffer.byteLength(record);
        }
        assert.match(bytes.toString('utf8', at), /^[\s[\],]*$/);
      }),
      5_000,
    ));
});

test('an envelope that is larger than a record may be is cut into its events', () => {
  const event = { text: 'x'.repeat(900) };
  const body = JSON.stringify({
    head: 1,
    Records: Array.from({ length: 50 }, () => event),
    behind: 'y'.repeat(40_000),
  });
  const records = texts(Buffer.from(body + JSON.stringify(event)), 100, TOP, 'Records');
  assert.deepEqual(
    records,
    Array.from({ length: 51 }, () => JSON.stringify(event)),
  );
});

for (const [what, body, envelope] of [
  ['an array that is cut off', '[{"a":1},{"b"', undefined],
  ['an envelope that is cut off in its events', '{"Records":[{"a":1}', 'Records'],
  ['an envelope that is cut off behind its events', '{"Records":[{"a":1}],"b', 'Records'],
  ['a record longer than allowed', `{"a":"${'x'.repeat(RECORD_BYTES_MAX)}"}`, undefined],
  ['a record without an end', `{"a":"${'x'.repeat(5 * RECORD_BYTES_MAX)}`, undefined],
  ['text without an end of its line', 'x'.repeat(5 * RECORD_BYTES_MAX), undefined],
] as const) {
  test(`${what} makes the object corrupt`, () => {
    assert.throws(() => cut(Buffer.from(body), 1_000, TOP, envelope), { code: 'object-corrupt' });
  });
}
