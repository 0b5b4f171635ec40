import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { createDecoding } from './decoding.ts';
import { FUZZ_TIMEOUT_MS, fuzz } from './fuzz.ts';
import { setting } from './setting.ts';

const LINES = {
  chunkBytesMax: 500,
  chunkRecordsMax: 7,
  chunkStoredBytesMax: 100_000,
  recordBytesMax: 100_000,
  decompressionRatioMax: 400,
};
const blank = fc.string({ unit: fc.constantFrom(' ', '\t', '\r') });
/** The inside of a JSON string as no serializer would write it, but as it may stand in a file. */
const rough = fc
  .array(
    fc.constantFrom(
      'a',
      'é',
      '🚚',
      '\\n',
      '\\"',
      '\\/',
      '\\\\',
      '\\u0041',
      '\\u0000',
      '\\ud83d',
      '\\ude9a',
      '\\uFFFF',
      'x'.repeat(20),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));
const member = fc.constantFrom(
  '"message"',
  '"timestamp"',
  '"mess\\u0061ge"',
  '"application"',
  '"kubernetes"',
  '"x"',
  '""',
);
const roughLine = fc
  .array(
    fc.tuple(
      member,
      fc.oneof(
        rough.map((text) => `"${text}"`),
        fc.json({ maxDepth: 2 }),
        fc.constantFrom('1e3', '-0', '1.5', 'true', '{"pod_name":"p","message":"inner"}', '[{"message":1}]'),
      ),
      fc.constantFrom('', ' ', '\t'),
    ),
    { maxLength: 6 },
  )
  .map((members) => `{${members.map(([name, value, space]) => `${space}${name}:${space}${value}${space}`).join(',')}}`);
const good = fc.oneof(
  fc
    .record(
      { message: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()), timestamp: fc.jsonValue() },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  roughLine,
);
const bad = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom(
      '{',
      '"x"',
      '7',
      'null',
      '[]',
      '{"message":',
      '{"message":"\t"}',
      '{"message":"m"} x',
      "{'message':'m'}",
    ),
    fc.tuple(roughLine, fc.nat(60)).map(([line, at]) => line.slice(0, at)),
  )
  .map((text) => text.replaceAll('\n', ' '));

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** What a record is delivered as; written apart from the service on purpose. */
function textOf(line: string, format: 'message' | 'record'): string {
  const message = format === 'message' ? parse(line)?.message : undefined;
  if (message === undefined || message === null) return line.toWellFormed();
  return (typeof message === 'string' ? message : lastSource(line, 'message')).toWellFormed();
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The bytes of the object's last member of this name, found among the line's tokens. */
function lastSource(line: string, name: string): string {
  let depth = 0;
  let from = -1;
  let source = '';
  let key: string | undefined;
  for (const { 0: token, index } of line.matchAll(TOKEN)) {
    if (depth === 1 && from === -1 && token === ':') from = index + 1;
    else if (depth === 1 && from !== -1 && (token === ',' || token === '}')) {
      if (key === name) source = line.slice(from, index).trim();
      from = -1;
    } else if (depth === 1 && from === -1 && token.startsWith('"')) key = JSON.parse(token);
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
  }
  return source;
}

test('every line that is not blank is a record with its own text, in pieces and compressions of all kinds', {
  timeout: FUZZ_TIMEOUT_MS,
}, async (t) => {
  await using decoding = createDecoding();
  await fuzz(
    t,
    fc.asyncProperty(
      fc.array(fc.oneof(good, bad, blank), { maxLength: 40 }),
      fc.constantFrom(gzipSync, zstdCompressSync, (text: Buffer) => text),
      setting,
      async (lines, compress, { pieceBytes, messageFormat, resumeAt }) => {
        // A first line that looks like nothing else, and so many of them that most lines look like text.
        const all = [...lines.map(() => '{"message":"first"}'), '{"message":"first"}', ...lines];
        const outcome = await decoding.decode({
          name: 'o',
          bytes: new Uint8Array(compress(Buffer.from(all.join('\n')))),
          limits: LINES,
          pieceBytes,
          messageFormat,
          resumeAt,
        });
        assert.ok(outcome.kind === 'decoded', JSON.stringify(outcome));
        const records = all.map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, '')).filter((line) => line !== '');
        assert.deepEqual(
          outcome.texts,
          records.map((line) => textOf(line, messageFormat)),
        );
        assert.equal(outcome.unparsable, records.filter((line) => parse(line) === undefined).length);
      },
    ),
  );
});
