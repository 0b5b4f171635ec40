import { suite, test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../support/decode.ts';
import { anything, checkLines, member, name, space } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';

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

suite('stretches of members that lines repeat are read as JSON.parse reads them', () => {
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
            await checkLines(lines, messageFormat, 1 << 20, { ...LIMITS, chunkRecordsMax });
          },
        ),
        1_000,
      );
    });
  }

  test('a line that ends where the beginning of another did', async () => {
    const beginning = '{"message":null,"application":"a","kubernetes":{"pod_name":"a-long-enough-one"}';
    await checkLines(
      [`${beginning},"file":"f"}`, `${beginning}}`, beginning, `${beginning}]`, `${beginning}x`],
      'record',
    );
  });

  const whole =
    '{"application":"checkout","environment":"prod","file":"/var/log/0.log","kubernetes":{"pod_name":"checkout-5d","namespace":"shop"}';

  test('a beginning that differs from a known one in any one byte', async () => {
    const others = Array.from(whole, (_, at) => `${whole.slice(0, at)}x${whole.slice(at + 1)}`);
    for (const messageFormat of ['message', 'record'] as const) {
      await checkLines(
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
      await checkLines(lines, messageFormat);
      await checkLines(lines, messageFormat, 1 << 20, { ...LIMITS, chunkRecordsMax: 7 });
    }
  });

  test('more stretches than are kept, of lengths about the longest that is', async () => {
    const lines = Array.from({ length: 50 }, (_, at) => {
      const file = `${at}-`.padEnd(1_900, 'f');
      const kubernetes = { pod_name: `pod-${at}`, other: 'x'.repeat(1_800 + at * 40) };
      return [1, 2].map((message) => JSON.stringify({ file, kubernetes, message: String(message) }));
    });
    await checkLines([...lines.flat(), ...lines.flat().toReversed()], 'message');
  });

  test('values that never repeat, and then do', async () => {
    const lines = Array.from({ length: 300 }, (_, at) =>
      JSON.stringify({
        application: `app-${at < 200 ? at : 1}`,
        kubernetes: { pod_name: `a-long-enough-one` },
        message: 'm',
      }),
    );
    await checkLines(lines, 'message');
  });

  test('a line that is cut off where the memory behind it still holds the rest', async () => {
    const line = `${whole},"message":"m"}`;
    for (let length = 1; length < line.length; length++) {
      await checkLines([line, line.slice(0, length)], 'record', line.length + 1);
    }
  });

  test('a time before what is repeated is not forgotten', async () => {
    const lines = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'].flatMap((timestamp) => {
      const line = JSON.stringify({ timestamp, kubernetes: { pod_name: 'a-long-enough-one' }, message: 'm' });
      return [line, line];
    });
    await checkLines(lines, 'message');
    await checkLines(lines, 'record');
  });

  test('members that a line has again after a beginning that is known', async () => {
    const beginning = '{"application":"a","environment":"","kubernetes":{"pod_name":"a-long-enough-one"}';
    const further = ['"message":"m"', '"message":"m","application":"b"', '"message":"m","environment":"e"'];
    const again = '"kubernetes":{"namespace":"n"},"message":"m"';
    const place = '"application":"a","environment":"e","message":"m","kubernetes":{"pod_name":"a-long-enough-one"}';
    await checkLines(
      [
        `{${place}}`,
        `{${place}}`,
        `${place.replace('"application":"a","environment":"e"', '{"kubernetes":{"namespace":"n"}')}}`,
      ],
      'message',
    );
    await checkLines(
      [...further, again, ...further].map((one) => `${beginning},${one}}`),
      'message',
    );
  });
});
