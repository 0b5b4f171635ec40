import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RECORD_FIELDS } from '../../service/core/chunk.ts';
import { memorySource } from '../../service/object/source.ts';
import { createTextDecoder } from '../../service/object/text/decoder.ts';
import { parseRecord } from '../../service/object/text/record.ts';
import { type DecodedRecord, decodeFrom, kernel, LIMITS, recordsOf } from './decode.ts';

/** The kernel's scan of lines against JSON.parse: what it takes it must read the same. */

/** What a line is by way of JSON.parse. */
function readPlainly(line: string, messageFormat: 'message' | 'record'): DecodedRecord {
  const text = line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  try {
    const record = parseRecord(text);
    return {
      timestampMs: record.timestampMs,
      message: (messageFormat === 'message' ? (record.message ?? text) : text).toWellFormed(),
      fields: Object.fromEntries(RECORD_FIELDS.map((name) => [name, record.field(name)])),
      unparsable: undefined,
    };
  } catch {
    return {
      timestampMs: Number.NaN,
      message: text,
      fields: Object.fromEntries(RECORD_FIELDS.map((name) => [name, ''])),
      unparsable: 'not a JSON object',
    };
  }
}

const isBlank = (line: string) => /^[ \t\r\n]*$/.test(line);

/** Decodes lines, and compares with what JSON.parse makes of each. */
export async function checkLines(
  lines: readonly string[],
  messageFormat: 'message' | 'record',
  pieceBytes = 1 << 20,
  limits = LIMITS,
): Promise<void> {
  const source = memorySource('x.log', Buffer.from(lines.join('\n')), pieceBytes);
  const expected = lines.filter((line) => !isBlank(line)).map((line) => readPlainly(line, messageFormat));
  using decoder = createTextDecoder(kernel, source, { shape: 'ndjson', wrappings: [], content: undefined });
  const records: DecodedRecord[] = [];
  for await (const chunk of decodeFrom(decoder, undefined, { messageFormat, limits }))
    records.push(...recordsOf(chunk));
  assert.deepEqual(records, expected);
}

/** Text as it stands in logs, and as it should not: escapes, controls, other planes, halves of pairs. */
export const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('a', 'b', '"', '\\', '\n', '\t', '\u0000', '\u001f', ' ', 'é', '🚚'),
    maxLength: 40,
  }),
  fc.constantFrom('', '\ud800', 'x\udc00y', '\u2028', 'a'.repeat(17), '"'.repeat(33)),
);
export const time = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    '2026-01-31T12:00:00Z',
    '2026-01-31 12:00:00.123456789+05:30',
    '2016-12-31T23:59:60Z',
    '2026-02-30T00:00:00Z',
    '2026-01-31T12:00:00',
    '0000-01-01T00:00:00Z',
    'yesterday',
    '',
  ),
  fc.integer(),
  fc.double(),
  fc.constantFrom(
    1_767_225_600,
    1_767_225_600_123,
    1_767_225_600_123_456,
    31_535_999,
    9_999_999_999,
    0,
    -1,
    null,
    true,
  ),
  fc.bigInt({ min: 0n, max: 7_258_118_400_000_000_000n }).map(String),
);
export const name = fc.constantFrom(
  'message',
  'timestamp',
  'kubernetes',
  ...RECORD_FIELDS,
  'messag',
  'message2',
  'other',
  '',
);
export const anything = fc.oneof(text, time, fc.jsonValue({ maxDepth: 3 }), fc.dictionary(name, text, { maxKeys: 5 }));

/** An object as text, its members in any order, names twice or not, with white space where it may be. */
export const space = fc.constantFrom('', '', '', ' ', '\t', '  \r');
export const member = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('message'), text) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('timestamp'), time) },
  { weight: 4, arbitrary: fc.tuple(name, anything) },
);
