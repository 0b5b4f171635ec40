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
  limits = LIMITS,
): Promise<void> {
  const source = memorySource('x.log', Buffer.from(lines.join('\n')), pieceBytes);
  const expected = lines.filter((line) => !isBlank(line)).map((line) => readPlainly(line, messageFormat));
  using decoder = createTextDecoder(kernel, source, { layout: 'ndjson', compression: undefined });
  const records: DecodedRecord[] = [];
  for await (const chunk of decodeFrom(decoder, undefined, { messageFormat, limits }))
    records.push(...recordsOf(chunk));
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

/** What a line begins with: members up to `kubernetes`, as an agent repeats them. */
const beginning = fc
  .tuple(
    fc.array(fc.tuple(name, fc.oneof(fc.constantFrom('', 'a', 'prod', null, 7), anything)), { maxLength: 3 }),
    fc.dictionary(name, fc.constantFrom('', 'x', 'a value that is longer than a vector'), { maxKeys: 4 }),
    space,
  )
  .map(([members, kubernetes, a]) => {
    const before = members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'},${a}`);
    return `${a}${before.join('')}"kubernetes":${JSON.stringify(kubernetes)}${a}`;
  });

/** What stands behind a message in many lines. */
const repeated = fc.constantFrom(
  ['file', '/var/log/pods/a-file-name-that-is-long-enough/0.log'],
  ['file', ''],
  ['source_type', 'kubernetes_logs-and-something-longer'],
  ['ingest_timestamp', '2026-01-31T12:00:00Z'],
  ['other', 17],
  ['message', 'm'],
);

/** Mostly nothing; else a character is another one. */
const changed = fc.oneof(
  { weight: 5, arbitrary: fc.constant((text: string) => text) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(), fc.constantFrom('', '"', '}', '{', ',', '\\', 'x', ' '))
      .map(([at, put]) => (text: string) => {
        const place = at % Math.max(1, text.length);
        return text.slice(0, place) + put + text.slice(place + 1);
      }),
  },
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

  for (const messageFormat of ['message', 'record'] as const) {
    test(`as ${messageFormat}, of lines that begin as others did, or nearly so`, async () => {
      await holds(
        fc.asyncProperty(
          fc.array(beginning, { minLength: 1, maxLength: 40 }),
          fc.array(fc.tuple(fc.nat(), changed, fc.array(fc.oneof(member, repeated), { maxLength: 4 })), {
            maxLength: 60,
          }),
          fc.constantFrom(1, 7, 10_000),
          async (beginnings, chosen, chunkRecordsMax) => {
            const lines = chosen.map(([at, change, further]) => {
              const members = further.map(
                ([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'}`,
              );
              return `{${change(beginnings[at % beginnings.length] ?? '')}${members.join('')}}`.toWellFormed();
            });
            await check(lines, messageFormat, 1 << 20, { ...LIMITS, chunkRecordsMax });
          },
        ),
        1_000,
      );
    });
  }

  test('a line that ends where the beginning of another did', async () => {
    const beginning = '{"message":null,"application":"a","kubernetes":{"pod_name":"a-long-enough-one"}';
    await check([`${beginning},"file":"f"}`, `${beginning}}`, beginning, `${beginning}]`, `${beginning}x`], 'record');
  });

  const whole =
    '{"application":"checkout","environment":"prod","file":"/var/log/0.log","kubernetes":{"pod_name":"checkout-5d","namespace":"shop"}';

  test('a beginning that differs from a known one in any one byte', async () => {
    const others = Array.from(whole, (_, at) => `${whole.slice(0, at)}x${whole.slice(at + 1)}`);
    for (const messageFormat of ['message', 'record'] as const) {
      await check(
        [whole, ...others.flatMap((other) => [other, whole])].map((one) => `${one},"message":"m"}`),
        messageFormat,
      );
    }
  });

  test('values that change between members that repeat, and members that repeat behind them', async () => {
    const lines = Array.from({ length: 200 }, (_, at) => {
      const pod = ['a-long-enough-one', 'b-long-enough-one', ''][at % 3];
      return JSON.stringify({
        application: 'checkout',
        environment: ['prod', '', 'a-long-environment'][at % 5],
        n: at,
        file: `/var/log/${pod}.log`,
        ingest_timestamp: new Date(1_767_225_600_000 + at).toISOString(),
        kubernetes: { pod_name: pod, namespace: at % 2 === 0 ? 'shop' : undefined },
        message: `m${at}`,
        log_level: 'info',
        source_type: 'a-source-that-is-long-enough',
        timestamp: 1_767_225_600_000 + at,
      });
    });
    for (const messageFormat of ['message', 'record'] as const) {
      await check(lines, messageFormat);
      await check(lines, messageFormat, 1 << 20, { ...LIMITS, chunkRecordsMax: 7 });
    }
  });

  test('more stretches than are kept, of lengths about the longest that is', async () => {
    const lines = Array.from({ length: 50 }, (_, at) => {
      const file = `${at}-`.padEnd(1_900, 'f');
      const kubernetes = { pod_name: `pod-${at}`, other: 'x'.repeat(1_800 + at * 40) };
      return [1, 2].map((message) => JSON.stringify({ file, kubernetes, message: String(message) }));
    });
    await check([...lines.flat(), ...lines.flat().toReversed()], 'message');
  });

  test('values that never repeat, and then do', async () => {
    const lines = Array.from({ length: 300 }, (_, at) =>
      JSON.stringify({
        application: `app-${at < 200 ? at : 1}`,
        kubernetes: { pod_name: `a-long-enough-one` },
        message: 'm',
      }),
    );
    await check(lines, 'message');
  });

  test('a line that is cut off where the memory behind it still holds the rest', async () => {
    const line = `${whole},"message":"m"}`;
    for (let length = 1; length < line.length; length++) {
      await check([line, line.slice(0, length)], 'record', line.length + 1);
    }
  });

  test('a time before what is repeated is not forgotten', async () => {
    const lines = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'].flatMap((timestamp) => {
      const line = JSON.stringify({ timestamp, kubernetes: { pod_name: 'a-long-enough-one' }, message: 'm' });
      return [line, line];
    });
    await check(lines, 'message');
    await check(lines, 'record');
  });

  test('members that a line has again after a beginning that is known', async () => {
    const beginning = '{"application":"a","environment":"","kubernetes":{"pod_name":"a-long-enough-one"}';
    const further = ['"message":"m"', '"message":"m","application":"b"', '"message":"m","environment":"e"'];
    const again = '"kubernetes":{"namespace":"n"},"message":"m"';
    const place = '"application":"a","environment":"e","message":"m","kubernetes":{"pod_name":"a-long-enough-one"}';
    await check(
      [
        `{${place}}`,
        `{${place}}`,
        `${place.replace('"application":"a","environment":"e"', '{"kubernetes":{"namespace":"n"}')}}`,
      ],
      'message',
    );
    await check(
      [...further, again, ...further].map((one) => `${beginning},${one}}`),
      'message',
    );
  });

  const collected = takeRecords(
    createRecordSource({ seed: 'scan', tenantId: 'acme', clusterId: 'eu-1', environment: 'prod' }),
    500_000,
    1_767_225_600_000,
    1_767_225_660_000,
  );
  const otherwise = collected.map(({ application, message, timestamp }) =>
    JSON.stringify({
      kubernetes: { pod_name: application },
      source_type: 'a-source-that-is-long-enough',
      message,
      timestamp,
    }),
  );
  for (const [from, bytes] of [
    ['Vector', encodeNdjson(collected)],
    ['others', Buffer.from(otherwise.join('\n'))],
  ] as const) {
    test(`lines of ${from} never leave the kernel`, async () => {
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
      const source = memorySource('x.log', bytes);
      using decoder = createTextDecoder(watched, source, { layout: 'ndjson', compression: undefined });
      let count = 0;
      for await (const chunk of decodeFrom(decoder)) count += chunk.count;
      assert.equal(count, collected.length);
      assert.ok(results.length > 0 && !results.includes(SCAN.unusualLine));
    });
  }

  test('the edges of vectors: messages and names of every length up to forty', async () => {
    const lines = Array.from({ length: 41 }, (_, length) =>
      ['x'.repeat(length), `${'x'.repeat(length)}"`, `${'x'.repeat(length)}\\`, `${'é'.repeat(length)}\n`].map(
        (message) => JSON.stringify({ ['k'.repeat(length)]: 1, message, timestamp: 1_767_225_600_000 + length }),
      ),
    ).flat();
    await check(lines, 'message');
    await check(lines, 'message', 1);
  });

  test('escapes of every kind at every place of a vector, and what looks like one', async () => {
    const behind = ['"', 'n', 'x', 'u0041', 'u00e9', 'ud83d\\ude9a', 'ud83d', 'u12', '', '\u0001', 'é'];
    const lines = Array.from({ length: 18 }, (_, before) =>
      Array.from({ length: 20 }, (_, backslashes) =>
        behind.map((text) => `{"message":"${'x'.repeat(before)}${'\\'.repeat(backslashes)}${text}\\n\\"yz"}`),
      ),
    ).flat(2);
    await check(lines, 'message');
  });

  test('every byte behind a backslash', async () => {
    const bytes = Array.from({ length: 128 }, (_, byte) => String.fromCharCode(byte)).filter((byte) => byte !== '\n');
    await check(
      bytes.map((byte) => `{"message":"a\\${byte}b"}`),
      'message',
    );
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
