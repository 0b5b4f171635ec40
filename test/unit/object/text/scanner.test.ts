import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { encodeNdjson } from '../../../../local/workload/ndjson.ts';
import { takeRecords } from '../../../../local/workload/object.ts';
import { createRecordSource } from '../../../../local/workload/source.ts';
import { createBodyBuffer, writeBody } from '../../../../service/core/body.ts';
import { RECORD_FIELDS } from '../../../../service/core/chunk.ts';
import { type ChunkPlan, messageText, planChunk, timeOf } from '../../../../service/core/plan.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { createTextDecoder } from '../../../../service/object/text/decoder.ts';
import { parseRecord } from '../../../../service/object/text/record.ts';
import { SCAN } from '../../../../service/object/text/scanner.ts';
import { type DecodedRecord, decodeFrom, kernel, LIMITS, open, recordsOf } from '../../../support/decode.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { holds } from '../../../support/property.ts';

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
      unparsable: 'not a JSON object, or nested too deep',
    };
  }
}

const isBlank = (line: string) => /^[ \t\r\n]*$/.test(line);

async function check(
  lines: readonly string[],
  messageFormat: 'message' | 'record',
  pieceBytes = 1 << 20,
): Promise<void> {
  const source = memorySource('x.log', Buffer.from(lines.join('\n')), pieceBytes);
  const expected = lines.filter((line) => !isBlank(line)).map((line) => readPlainly(line, messageFormat));
  using decoder = createTextDecoder(kernel, source, { layout: 'ndjson', compression: undefined });
  const records: DecodedRecord[] = [];
  for await (const chunk of decodeFrom(decoder, undefined, { messageFormat })) records.push(...recordsOf(chunk));
  assert.deepEqual(records, expected);
}

/** Text as it stands in logs, and as it should not: escapes, controls, other planes, halves of pairs. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('a', 'b', '"', '\\', '\n', '\t', '\u0000', '\u001f', ' ', 'é', '🚚'),
    maxLength: 40,
  }),
  fc.constantFrom('', '\ud800', 'x\udc00y', '\u2028', 'a'.repeat(17), '"'.repeat(33)),
);
const time = fc.oneof(
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
const name = fc.constantFrom('message', 'timestamp', 'kubernetes', ...RECORD_FIELDS, 'messag', 'message2', 'other', '');
const anything = fc.oneof(text, time, fc.jsonValue({ maxDepth: 3 }), fc.dictionary(name, text, { maxKeys: 5 }));

/** An object as text, its members in any order, names twice or not, with white space where it may be. */
const space = fc.constantFrom('', '', '', ' ', '\t', '  \r');
const member = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('message'), text) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('timestamp'), time) },
  { weight: 4, arbitrary: fc.tuple(name, anything) },
);
const objectText = fc
  .tuple(fc.array(fc.tuple(member, space, space, space), { maxLength: 8 }), fc.boolean())
  .map(([members, escapeSlashes]) => {
    const parts = members.map(([[key, value], a, b, c]) => {
      const json = JSON.stringify(value) ?? 'null';
      return `${a}${JSON.stringify(key)}${b}:${c}${escapeSlashes ? json.replaceAll('/', '\\/') : json}${a}`;
    });
    return `{${parts.join(',')}}`;
  });

/** A line that was something once: a character changed, taken out or put in. */
const broken = fc
  .tuple(
    objectText,
    fc.nat(),
    fc.constantFrom('', '"', '\\', '{', '}', ',', ':', '0', '\u0001', 'é', '\\u12', '\\ud800'),
    fc.boolean(),
  )
  .map(([line, at, put, replace]) => {
    const place = at % Math.max(1, line.length);
    return (line.slice(0, place) + put + line.slice(place + (replace ? 1 : 0))).toWellFormed().replaceAll('\n', ' ');
  });
const line = fc.oneof(
  { weight: 6, arbitrary: objectText },
  { weight: 4, arbitrary: broken },
  { weight: 1, arbitrary: fc.constantFrom('', '  ', '[]', '{}', 'null') },
);

suite('the scan of lines reads what JSON.parse reads', () => {
  for (const messageFormat of ['message', 'record'] as const) {
    test(`as ${messageFormat}, whatever the lines are`, async () => {
      await holds(
        fc.asyncProperty(
          fc.array(line, { maxLength: 12 }),
          fc.constantFrom(3, 64, 1 << 20),
          async (lines, pieceBytes) => {
            await check(
              lines.map((one) => one.toWellFormed()),
              messageFormat,
              pieceBytes,
            );
          },
        ),
        1_500,
      );
    });
  }

  test('lines as collectors write them never leave the kernel', async () => {
    const results: number[] = [];
    const watched = {
      ...kernel,
      calls: {
        ...kernel.calls,
        scanLines(...args: Parameters<typeof kernel.calls.scanLines>) {
          const result = kernel.calls.scanLines(...args);
          results.push(result);
          return result;
        },
      },
    };
    const options = { seed: 'scan', tenantId: 'acme', clusterId: 'eu-1', environment: 'prod' };
    const records = takeRecords(createRecordSource(options), 500_000, 1_767_225_600_000, 1_767_225_660_000);
    const source = memorySource('x.log', encodeNdjson(records));
    using decoder = createTextDecoder(watched, source, { layout: 'ndjson', compression: undefined });
    let count = 0;
    for await (const chunk of decodeFrom(decoder)) count += chunk.count;
    assert.equal(count, records.length);
    assert.ok(results.length > 0 && !results.includes(SCAN.unusualLine));
  });

  test('the edges of vectors: messages and names of every length up to forty', async () => {
    const lines = Array.from({ length: 41 }, (_, length) =>
      ['x'.repeat(length), `${'x'.repeat(length)}"`, `${'x'.repeat(length)}\\`, `${'é'.repeat(length)}\n`].map(
        (message) => JSON.stringify({ ['k'.repeat(length)]: 1, message, timestamp: 1_767_225_600_000 + length }),
      ),
    ).flat();
    await check(lines, 'message');
    await check(lines, 'message', 1);
  });

  test('more values of a field than the kernel keeps', async () => {
    const lines = Array.from({ length: 9_000 }, (_, at) =>
      JSON.stringify({ message: `m${at}`, application: `app-${at % 5_000}`, environment: ['prod', 'dev'][at % 2] }),
    );
    await check(lines, 'message');
  });

  test('values that are long, nested deeply, or twice there', async () => {
    await check(
      [
        JSON.stringify({ message: 'long', file: 'f'.repeat(2_048), application: 'a'.repeat(2_049) }),
        `{"message":"deep","x":${'['.repeat(40)}${']'.repeat(40)}}`,
        `{"message":"deep","x":${'{"a":'.repeat(31)}1${'}'.repeat(31)}}`,
        '{"message":"first","message":"second"}',
        '{"application":"a","message":"m","application":"b"}',
        '{"kubernetes":{"namespace":"a"},"message":"m","kubernetes":{"pod_name":"b"}}',
        '{"kubernetes":{"namespace":"a","message":"inner","timestamp":5},"message":"m"}',
        '{"kubernetes":"text","message":"m"}',
        '{"m\\u0065ssage":"escaped name"}',
        '{"message":"escapes \\u0041\\u00e9\\u20ac\\ud83d\\ude9a\\/\\b\\f"}',
        '{"message":"half \\ud83d"}',
        '{"message":"wrong \\x escape"}',
        '{"message":"m","n":01}',
        '{"message":"m","n":-}',
        '{"message":"m","n":1.}',
        '{"message":"m","n":1e}',
        '{"message":"m","n":tru}',
        '{"message":"m"} x',
        '{"message":"m"',
        '{"message":"m",}',
      ],
      'message',
    );
  });
});

suite("the kernel's bodies are what JSON.stringify gives", () => {
  const plainly = (planned: ChunkPlan) =>
    planned.batches.map(({ route, events }) =>
      JSON.stringify({
        logGroupName: route.group,
        logStreamName: route.stream,
        logEvents: Array.from(events, (event) => ({
          timestamp: timeOf(planned, event),
          message: messageText(planned, event),
        })),
      }),
    );

  for (const messageFormat of ['message', 'record'] as const) {
    test(`for messages as ${messageFormat}, of any text and time`, async () => {
      const records = fc.array(
        fc.record({
          message: text.map((one) => one.toWellFormed()),
          timestamp: fc.oneof(fc.integer({ min: 31_536_000_000, max: 7_258_118_399_999 }), fc.constant(null)),
          application: fc.constantFrom('a', 'b', 'c'),
        }),
        { minLength: 1, maxLength: 60 },
      );
      await holds(
        fc.asyncProperty(records, async (some) => {
          const body = some.map((record) => JSON.stringify(record)).join('\n');
          using decoder = await open(memorySource('x.log', Buffer.from(body)));
          for await (const chunk of decodeFrom(decoder, undefined, { messageFormat })) {
            const planned = planChunk(chunk, {
              delivery: buildDelivery({ log_group_name: '/acme/{application}', message_format: messageFormat }),
              keyFields: {},
              // Within the first second of 1970 too, where times have few digits.
              lastModifiedMs: some.length % 2,
              eventBytesMax: LIMITS.chunkBytesMax,
            });
            const written = planned.batches.map((batch) => writeBody(planned, batch, createBodyBuffer()).toString());
            // Bodies may escape what need not be escaped; what they say is the same.
            assert.deepEqual(
              written.map((one) => JSON.parse(one)),
              plainly(planned).map((one) => JSON.parse(one)),
            );
            if (messageFormat === 'record') assert.deepEqual(written, plainly(planned));
          }
        }),
        300,
      );
    });
  }
});
