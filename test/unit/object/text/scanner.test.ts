import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { encodeNdjson } from '../../../../local/workload/ndjson.ts';
import { takeRecords } from '../../../../local/workload/object.ts';
import { createRecordSource } from '../../../../local/workload/source.ts';
import type { Lines } from '../../../../service/kernel/calls.ts';
import { UNUSUAL_LINE } from '../../../../service/kernel/layout.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { createTextDecoder } from '../../../../service/object/text/decoder.ts';
import { decodeFrom, kernel } from '../../../support/decode.ts';
import { checkLines, member, space } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';
import { READABLE_TIMES, UNREADABLE_TIMES } from '../../../support/times.ts';

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
            await checkLines(
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
  const forms = READABLE_TIMES.filter(([value, ms]) => /^[^0]\d*(-.*)?$/.test(String(value)) && ms >= 0);
  const times = forms.map(([value]) => `{"message":"m","timestamp":${JSON.stringify(String(value))}}`);
  for (const [from, bytes] of [
    ['agents with other times', Buffer.from(times.join('\n'))],
    ['Vector', encodeNdjson(collected)],
    ['others', Buffer.from(otherwise.join('\n'))],
  ] as const) {
    test(`lines of ${from} never leave the kernel`, async () => {
      const results: number[] = [];
      const watched = {
        ...kernel,
        calls: {
          ...kernel.calls,
          scanLines(lines: Lines) {
            const result = kernel.calls.scanLines(lines);
            results.push(result);
            return result;
          },
        },
      };
      const source = memorySource('x.log', bytes);
      using decoder = createTextDecoder(watched, source, { shape: 'ndjson', wrappings: [], content: undefined });
      let count = 0;
      for await (const chunk of decodeFrom(decoder)) count += chunk.count;
      assert.equal(count, from === 'agents with other times' ? times.length : collected.length);
      assert.ok(results.length > 0 && !results.includes(UNUSUAL_LINE));
    });
  }

  test('times of every form, and what is none', async () => {
    const values = [...READABLE_TIMES.map(([value]) => value), ...UNREADABLE_TIMES].map((value) =>
      JSON.stringify(value),
    );
    await checkLines(
      values.map((value) => `{"message":"m","timestamp":${value}}`),
      'message',
    );
  });

  test('times that are nearly one of those forms', async () => {
    const known = fc.constantFrom(...READABLE_TIMES.map(([value]) => String(value)));
    const changed = fc
      .tuple(known, fc.nat(), fc.constantFrom('', '0', '9', ' ', ':', '-', '+', '.', ',', 'Z', 'T', 'U'), fc.boolean())
      .map(([time, at, put, replace]) => {
        const place = at % (time.length + 1);
        return time.slice(0, place) + put + time.slice(place + (replace ? 1 : 0));
      });
    await holds(
      fc.asyncProperty(fc.array(changed, { minLength: 50, maxLength: 100 }), (times) =>
        checkLines(
          times.map((value) => JSON.stringify({ message: 'm', timestamp: value })),
          'message',
        ),
      ),
      100,
    );
  });

  test('the edges of vectors: messages and names of every length up to forty', async () => {
    const lines = Array.from({ length: 41 }, (_, length) =>
      ['x'.repeat(length), `${'x'.repeat(length)}"`, `${'x'.repeat(length)}\\`, `${'é'.repeat(length)}\n`].map(
        (message) => JSON.stringify({ ['k'.repeat(length)]: 1, message, timestamp: 1_767_225_600_000 + length }),
      ),
    ).flat();
    await checkLines(lines, 'message');
    await checkLines(lines, 'message', 1);
  });

  test('escapes of every kind at every place of a vector, and what looks like one', async () => {
    const behind = ['"', 'n', 'x', 'u0041', 'u00e9', 'ud83d\\ude9a', 'ud83d', 'u12', '', '\u0001', 'é'];
    const lines = Array.from({ length: 18 }, (_, before) =>
      Array.from({ length: 20 }, (_, backslashes) =>
        behind.map((text) => `{"message":"${'x'.repeat(before)}${'\\'.repeat(backslashes)}${text}\\n\\"yz"}`),
      ),
    ).flat(2);
    await checkLines(lines, 'message');
  });

  test('every byte behind a backslash', async () => {
    const bytes = Array.from({ length: 128 }, (_, byte) => String.fromCharCode(byte)).filter((byte) => byte !== '\n');
    await checkLines(
      bytes.map((byte) => `{"message":"a\\${byte}b"}`),
      'message',
    );
  });

  test('more values of a field than the kernel keeps', async () => {
    const lines = Array.from({ length: 9_000 }, (_, at) =>
      JSON.stringify({ message: `m${at}`, application: `app-${at % 5_000}`, environment: ['prod', 'dev'][at % 2] }),
    );
    await checkLines(lines, 'message');
  });

  test('values that are long, nested deeply, or twice there', async () => {
    await checkLines(
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

  test('a line that is cut off where the memory behind it still holds the rest', async () => {
    const line = '{"application":"checkout","file":"/var/log/0.log","kubernetes":{"pod_name":"p-5d"},"message":"m"}';
    for (let length = 1; length < line.length; length++) {
      await checkLines([line, line.slice(0, length)], 'record', line.length + 1);
    }
  });
});
