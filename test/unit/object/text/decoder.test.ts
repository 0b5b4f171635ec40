import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { START } from '../../../../service/core/chunk.ts';
import { type ByteSource, memorySource } from '../../../../service/object/source.ts';
import { decodeAll, decodeFrom, LIMITS, open } from '../../../support/decode.ts';

const BOM = '\ufeff';
const lines = Array.from({ length: 500 }, (_, at) =>
  JSON.stringify({
    message: `line ${at} ${'é🚚"\\\n'.repeat(at % 5)}`,
    timestamp: new Date(1_767_225_600_000 + at).toISOString(),
    customer_tenant: 'acme-corp',
    application: ['gateway', 'checkout'][at % 2],
    kubernetes: { namespace: `ns-${at % 3}` },
  }),
);
const ndjson = Buffer.from(`${lines.join('\n')}\n`);
const FORMS: Readonly<Record<string, Buffer>> = {
  ndjson,
  'ndjson+gzip': gzipSync(ndjson),
  'ndjson+zstd': zstdCompressSync(ndjson),
  'json-array': Buffer.from(`[${lines.join(',')}]`),
  'json-array+gzip': gzipSync(`  [\n${lines.join(' ,\n')}\n]\n`),
};
const wanted = lines.map((line) => JSON.parse(line));

/** A source whose pieces are as small as this, so that every boundary falls everywhere. */
const source = (bytes: Uint8Array, pieceBytes = 64 * 1024, name = 'object'): ByteSource =>
  memorySource(name, bytes, pieceBytes);
const code = (code: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === code;

for (const [format, bytes] of Object.entries(FORMS)) {
  suite(`an object in ${format}`, () => {
    test('is recognized by its content, whatever its name', async () => {
      assert.equal((await open(source(bytes, 1024, 'x.bin'))).format, format);
    });

    for (const pieceBytes of [1, 7, 997, 1 << 20]) {
      test(`gives its records when it arrives in pieces of ${pieceBytes} bytes`, async () => {
        const records = await decodeAll(source(bytes, pieceBytes));
        assert.equal(records.length, wanted.length);
        for (const [at, record] of records.entries()) {
          assert.equal(record.message, wanted[at].message);
          assert.equal(record.timestampMs, Date.parse(wanted[at].timestamp));
          assert.equal(record.fields.application, wanted[at].application);
          assert.equal(record.fields.namespace, wanted[at].kubernetes.namespace);
          assert.equal(record.fields.pod_name, '');
        }
      });
    }

    test('can be resumed at every chunk', async () => {
      const request = { limits: { ...LIMITS, chunkRecordsMax: 61 } };
      const all = await decodeAll(source(bytes));
      using decoder = await open(source(bytes));
      let chunks = 0;
      for await (const { next } of decodeFrom(decoder, START, request)) {
        chunks++;
        if (next) assert.deepEqual(await decodeAll(source(bytes, 13), request, next), all.slice(next.record));
      }
      assert.equal(chunks, 9);
    });
  });
}

test('as a record, each line comes as it stands, without the white space around it', async () => {
  const records = await decodeAll(source(Buffer.from(' {"message":"a" }\r\n\n\t{"b" : 1}\n')), {
    messageFormat: 'record',
  });
  assert.deepEqual(
    records.map(({ message }) => message),
    ['{"message":"a" }', '{"b" : 1}'],
  );
});

test('a record that takes more than all room before it comes whole', async () => {
  const long = JSON.stringify({ message: 'm'.repeat(900_000) });
  const limits = { ...LIMITS, recordBytesMax: 1_000_000 };
  const records = await decodeAll(source(Buffer.from(`{"message":"a"}\n${long}\n`)), {
    limits,
    messageFormat: 'record',
  });
  assert.deepEqual(
    records.map(({ message }) => message),
    ['{"message":"a"}', long],
  );
});

test('a record without a message comes as its JSON, a message that is no text as its own', async () => {
  const body = '{"a":1.0}\n{"message":null}\n{"message":{"x": [1.0]}}\n{"message":-0}\n{"message":""}\n';
  const records = await decodeAll(source(Buffer.from(body)));
  assert.deepEqual(
    records.map(({ message }) => message),
    ['{"a":1.0}', '{"message":null}', '{"x": [1.0]}', '-0', ''],
  );
});

test('a line that is no JSON object is a record of its own, with its bytes and the reason', async () => {
  const body = '{"message":"a"}\nplain text\n[1]\n"text"\n{"broken":\n{"message":"b"}\n';
  const records = await decodeAll(source(Buffer.from(body)));
  assert.deepEqual(
    records.map(({ message, unparsable }) => [message, unparsable !== undefined]),
    [
      ['a', false],
      ['plain text', true],
      ['[1]', true],
      ['"text"', true],
      ['{"broken":', true],
      ['b', false],
    ],
  );
});

test('a message that is nested without measure comes as it stands, and takes no time', async () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const messages = [nested(10), nested(1_001), nested(3_000_000)];
  const body = messages.map((message) => `{"message":${message}}`).join('\n');
  const limits = { ...LIMITS, recordBytesMax: 10_000_000 };
  const records = await decodeAll(source(Buffer.from(body), 1 << 20), { limits });
  assert.deepEqual(
    records.map(({ message, unparsable }) => [messages.indexOf(message), unparsable]),
    [
      [0, undefined],
      [1, undefined],
      [2, undefined],
    ],
  );
});

test('the last line needs no newline, and a byte order mark in front is none of it', async () => {
  const records = await decodeAll(source(Buffer.from(`${BOM}{"message":"a"}\n{"message":"b"}`), 2));
  assert.deepEqual(
    records.map(({ message }) => message),
    ['a', 'b'],
  );
  const [only] = await decodeAll(source(Buffer.from(`${BOM}[{"message":"c"}]`), 2));
  assert.equal(only?.message, 'c');
});

test('timestamps are read as text and as numbers of every unit, exactly', async () => {
  const forms = [
    ['"2026-01-01T00:00:00.124Z"', 1_767_225_600_124],
    ['1767225600', 1_767_225_600_000],
    ['1767225600124', 1_767_225_600_124],
    ['1767225600124000', 1_767_225_600_124],
    ['1767225600123999999', 1_767_225_600_123],
    ['1767225600124000000', 1_767_225_600_124],
    ['"1767225600124000000"', 1_767_225_600_124],
    ['1.767225600124e12', 1_767_225_600_124],
    ['null', Number.NaN],
    ['"yesterday"', Number.NEGATIVE_INFINITY],
    ['true', Number.NEGATIVE_INFINITY],
    ['{}', Number.NEGATIVE_INFINITY],
  ] as const;
  const body = forms.map(([text]) => `{"nested":{"timestamp":1},"timestamp":${text},"message":"m"}`).join('\n');
  const records = await decodeAll(source(Buffer.from(body)));
  assert.deepEqual(
    records.map(({ timestampMs }) => timestampMs),
    forms.map(([, ms]) => ms),
  );
});

test('fields that are numbers or booleans come as text, objects as nothing, and long ones are cut', async () => {
  const body = JSON.stringify({
    message: 'm',
    application: 7,
    environment: true,
    cluster_id: {},
    file: 'f'.repeat(5_000),
  });
  const [record] = await decodeAll(source(Buffer.from(body)));
  assert.equal(record?.fields.application, '7');
  assert.equal(record?.fields.environment, 'true');
  assert.equal(record?.fields.cluster_id, '');
  assert.equal(record?.fields.file, 'f'.repeat(2_048));
});

test('invalid UTF-8 and lone surrogates come as U+FFFD, and count as what they become', async () => {
  const body = Buffer.concat([
    Buffer.from('{"message":"a\xff'.slice(0, -1)),
    Buffer.from([0xff]),
    Buffer.from('b\\ud800"}\n'),
  ]);
  const [record] = await decodeAll(source(body));
  assert.equal(record?.message, 'a\ufffdb\ufffd');
});

suite('bytes that are not UTF-8', () => {
  const broken = Buffer.from('Stra\xdfe', 'latin1');
  const member = Buffer.from('{"message":"caf\xe9","n":1.0}', 'latin1');
  const good = Buffer.from('{"message":"good"}');
  const originals = async (bytes: Buffer, pieceBytes = 1 << 20): Promise<(string | undefined)[]> => {
    using decoder = await open(source(bytes, pieceBytes));
    const found: (string | undefined)[] = [];
    for await (const { count, originals } of decodeFrom(decoder)) {
      for (let record = 0; record < count; record++) {
        const bytes = originals?.of(record);
        found.push(bytes && Buffer.from(bytes).toString('latin1'));
      }
      assert.deepEqual(
        [...(originals?.records ?? [])],
        found.flatMap((bytes, at) => (bytes === undefined ? [] : [at])),
      );
    }
    return found;
  };
  const [line, object] = [broken, member].map((bytes) => bytes.toString('latin1'));
  const joined = (...parts: (Buffer | string)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

  for (const [shape, bytes, expected] of [
    ['lines', joined(broken, '\n \t', member, ' \r\n', good, '\n'), [line, object, undefined]],
    ['glued lines', joined(member, member, good, '\n'), [object, object, undefined]],
    ['an array', joined('[', member, ' ,', good, ']'), [object, undefined]],
    ['objects', joined(good, member, '\n', broken), [undefined, object, line]],
    ['UTF-8', joined(good, '\n', good), [undefined, undefined]],
  ] as const) {
    test(`are kept of each record that has some, in ${shape}`, async () => {
      for (const pieceBytes of [1, 1 << 20]) assert.deepEqual(await originals(bytes, pieceBytes), expected);
    });
  }

  test('are bounded: a chunk ends before they are more than a chunk may store', async () => {
    const long = joined('{"message":"m","x":"', Buffer.alloc(90_000, 0xff), '"}\n');
    const bytes = joined(...Array.from({ length: 10 }, () => long));
    const limits = { ...LIMITS, chunkStoredBytesMax: 300_000 };
    using decoder = await open(source(bytes));
    const counts: number[] = [];
    for await (const { count, next } of decodeFrom(decoder, START, { limits })) {
      counts.push(count);
      if (next) assert.equal((await decodeAll(source(bytes), { limits }, next)).length, 10 - next.record);
    }
    assert.deepEqual(counts, [3, 3, 3, 1]);
  });
});

test('only what JSON calls white space is taken off a line, invalid UTF-8 or not', async () => {
  const body = Buffer.concat([
    Buffer.from(' \t\u00a0no JSON '),
    Buffer.from([0xff]),
    Buffer.from('\u00a0\r\n \u00a0none either\u00a0 \n'),
  ]);
  assert.deepEqual(
    (await decodeAll(source(body))).map(({ message }) => message),
    ['\u00a0no JSON \ufffd\u00a0', '\u00a0none either\u00a0'],
  );
});

test('an empty object, and one of white space only, has no records', async () => {
  assert.equal((await open(source(Buffer.alloc(0)))).format, 'empty');
  for (const body of ['', '\n\n  \n', '[]', ' [ ] ']) assert.deepEqual(await decodeAll(source(Buffer.from(body))), []);
  assert.deepEqual(await decodeAll(source(gzipSync(''))), []);
});

test('gzip members and zstd frames one behind the other are one stream', async () => {
  const half = ndjson.length >> 1;
  for (const compress of [gzipSync, zstdCompressSync]) {
    const bytes = Buffer.concat([compress(ndjson.subarray(0, half)), compress(ndjson.subarray(half))]);
    assert.equal((await decodeAll(source(bytes, 100))).length, lines.length);
  }
});

for (const [what, bytes] of Object.entries({
  'gzip that is cut off': FORMS['ndjson+gzip']?.subarray(0, -20),
  'gzip with a flipped byte': Buffer.from(FORMS['ndjson+gzip'] ?? []).fill(0, 300, 310),
  'gzip with something else behind it': Buffer.concat([gzipSync(ndjson), Buffer.from('rubbish behind the end')]),
  'gzip whose second member is cut off': Buffer.concat([gzipSync(ndjson), gzipSync(ndjson).subarray(0, 100)]),
  'zstd that is cut off': FORMS['ndjson+zstd']?.subarray(0, -20),
  'an array that is cut off': FORMS['json-array']?.subarray(0, -20),
  'a line longer than allowed': Buffer.from(`{"message":"${'x'.repeat(LIMITS.recordBytesMax)}"}\n`),
  'a line without an end': Buffer.alloc(5 * LIMITS.recordBytesMax, 'x'),
  'an array element longer than allowed': Buffer.from(`[{"message":"${'x'.repeat(LIMITS.recordBytesMax)}"}]`),
})) {
  test(`${what} makes the object corrupt`, async () => {
    await assert.rejects(decodeAll(source(bytes ?? Buffer.alloc(0), 1_000)), code('object-corrupt'));
  });
}

test('a stream that inflates without measure is given up', async () => {
  const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, `{"message":"${'x'.repeat(50_000)}"}\n`));
  await assert.rejects(
    decodeAll(source(bomb), { limits: { ...LIMITS, decompressionRatioMax: 50 } }),
    /times their size/,
  );
});

test('what the source throws comes through', async () => {
  // Larger than what is unwrapped when the object is opened.
  const large = gzipSync(ndjson, { level: 0 });
  const broken: ByteSource = {
    ...source(large),
    async *stream() {
      yield large.subarray(0, 100);
      throw new Error('the network is down');
    },
  };
  await assert.rejects(decodeAll(broken), /the network is down/);
});

test('a consumer that leaves ends the reading of the source', async () => {
  for (const bytes of [ndjson, FORMS['ndjson+gzip'] ?? Buffer.alloc(0)]) {
    let reading = 0;
    const inner = source(bytes, 50);
    const counted: ByteSource = {
      ...inner,
      async *stream(start, stop) {
        reading++;
        try {
          yield* inner.stream(start, stop);
        } finally {
          reading--;
        }
      },
    };
    using decoder = await open(counted);
    for await (const chunk of decodeFrom(decoder, START, { limits: { ...LIMITS, chunkRecordsMax: 3 } })) {
      assert.equal(chunk.count, 3);
      break;
    }
    assert.equal(reading, 0);
  }
});
