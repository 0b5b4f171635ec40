import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { snappyCompress } from 'hysnappy';
import { HEAD_BYTES as S3_HEAD_BYTES } from '../../../service/aws/s3-source.ts';
import { HEAD_BYTES } from '../../../service/object/container/peel.ts';
import { type ByteSource, memorySource } from '../../../service/object/source.ts';
import { decodeAll, decodeFrom, open, recordsOf } from '../../support/decode.ts';

const MIB = 1024 * 1024;
const line = (at: number, pad = '') => JSON.stringify({ message: `line ${at}`, pad });
/** Does not compress to less than half. */
const noise = (bytes: number, seed: number) => {
  let state = seed;
  return Array.from({ length: bytes / 4 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8).toString(16).padStart(6, '0').slice(0, 4);
  }).join('');
};
const LINES = Array.from({ length: 60 }, (_, at) => line(at, noise(100_000, at)));
const TEXT = Buffer.from(`${LINES.join('\n')}\n`);
const snappy = (bytes: Uint8Array) => Buffer.from(snappyCompress(bytes));
const hadoop = (bytes: Buffer) => {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 256 * 1024) {
    const block = bytes.subarray(at, at + 256 * 1024);
    const compressed = snappy(block);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(block.length);
    head.writeUInt32BE(compressed.length, 4);
    blocks.push(head, compressed);
  }
  return Buffer.concat(blocks);
};

test('what is looked at is what a source on S3 has at hand', () => {
  assert.equal(HEAD_BYTES, S3_HEAD_BYTES);
});

suite('an object that is larger than what is looked at', () => {
  for (const [format, bytes] of Object.entries({
    ndjson: TEXT,
    'ndjson+gzip': gzipSync(TEXT),
    'ndjson+zstd': zstdCompressSync(TEXT),
    'ndjson+zlib': deflateSync(TEXT),
    'ndjson+snappy': snappy(TEXT),
    'ndjson+snappy-hadoop': hadoop(TEXT),
    'ndjson+snappy+gzip': gzipSync(snappy(TEXT)),
    'ndjson+zlib+gzip': gzipSync(deflateSync(TEXT)),
    'ndjson+utf-16le': Buffer.from(`\ufeff${TEXT}`, 'utf16le'),
  })) {
    test(`is recognised as ${format}, and read to its end`, async () => {
      assert.ok(bytes.length > HEAD_BYTES);
      const source = memorySource('o', bytes, MIB);
      assert.equal((await open(source)).format, format);
      const records = await decodeAll(source, { limits: LIMITS });
      assert.deepEqual(
        records.map(({ message }) => message),
        LINES.map((_, at) => `line ${at}`),
      );
    });
  }

  test('is read once to be opened, and not beyond what is looked at', async () => {
    const reads: [number, number][] = [];
    const source: ByteSource = {
      ...memorySource('o', gzipSync(TEXT)),
      async read(start, end) {
        reads.push([start, end]);
        return memorySource('o', gzipSync(TEXT)).read(start, end, new AbortController().signal);
      },
      // biome-ignore lint/correctness/useYield: it must not be asked for anything.
      async *stream() {
        throw new Error('the object is read');
      },
    };
    await open(source);
    assert.deepEqual(reads, [[0, HEAD_BYTES]]);
  });
});

const LIMITS = {
  chunkBytesMax: 1_000_000,
  chunkRecordsMax: 10_000,
  chunkStoredBytesMax: 10_000_000,
  recordBytesMax: 1_000_000,
  decompressionRatioMax: 400,
};

suite('a first value that is longer than what is looked at first', () => {
  const long = line(0, noise(100_000, 7));
  for (const [format, body] of [
    ['ndjson', `${long}\n${line(1)}\n`],
    ['json-objects', `${long}${line(1)}\n`],
    ['json-objects', `${long.replace(',', ',\n')}\n${line(1)}`],
    ['json-array', `[${long}, ${line(1)}]`],
    ['cloudtrail', `{"Records":[{"eventVersion":"1","pad":"${noise(50_000, 1)}","eventTime":"t"}]}`],
  ] as const) {
    test(`is looked at further, within gzip too: ${format}`, async () => {
      assert.equal((await open(memorySource('o', Buffer.from(body)))).format, format);
      assert.equal((await open(memorySource('o', gzipSync(body)))).format, `${format}+gzip`);
      assert.equal(
        (await decodeAll(memorySource('o', gzipSync(body)), { limits: LIMITS })).length,
        format === 'cloudtrail' ? 1 : 2,
      );
    });
  }
});

suite('text that begins as something else might', () => {
  for (const text of [
    'x^2 + y^2 = 1',
    '(not zlib either',
    'BZh9 is how bzip2 begins',
    'PK is no archive',
    'ORCHESTRATOR started',
    'Obj says nothing',
    '\u0000\u0000 two zeros\nand\nmore\nlines\n',
    '{ "a": 1 }\n',
    '( 1',
    '\t$',
    'é is not ASCII',
    'PAR is no Parquet',
  ]) {
    test(`${JSON.stringify(text)} is text`, async () => {
      assert.equal((await open(memorySource('o', Buffer.from(text)))).format, 'ndjson');
      assert.equal((await open(memorySource('o', gzipSync(text)))).format, 'ndjson+gzip');
    });
  }
});

suite('a shape that the tenant says its objects have', () => {
  const late = `${line(0, noise(300_000, 3))}${line(1)}`;
  const events = '{"Records":[{"message":"a","eventTime":"2026-01-01T00:00:00Z"},{"message":"b"}]}';
  for (const [shape, body, messages] of [
    ['json-objects', late, ['line 0', 'line 1']],
    ['ndjson', '{"message":"a"}{"message":"b"}', ['a', 'b']],
    ['ndjson', '\u0001one\u0001\n\u0001two\u0001\n', ['\u0001one\u0001', '\u0001two\u0001']],
    ['ndjson-cr', '{"message":"a"}\r{"message":\r\n', ['a', '{"message":']],
    ['cloudtrail', events, ['a', 'b']],
    ['cloudwatch-logs', '{"logEvents":[{"message":"a"}]}', ['a']],
    ['json-array', '{"message":"a"}\n[{"message":"b"}]', ['a', 'b']],
  ] as const) {
    test(`is believed: ${shape}`, async () => {
      for (const bytes of [Buffer.from(body), gzipSync(body)]) {
        using decoder = await open(memorySource('o', bytes), LIMITS, shape);
        assert.equal(decoder.format.split('+')[0], shape);
        const found: string[] = [];
        for await (const chunk of decodeFrom(decoder, undefined, { limits: LIMITS })) {
          found.push(...recordsOf(chunk).map(({ message }) => message));
        }
        assert.deepEqual(found, messages);
      }
    });
  }

  test('is that of text: Parquet stays what it is', async () => {
    const parquet = await readFile(new URL('../../golden/parquet/no-rows.parquet', import.meta.url));
    assert.equal((await open(memorySource('o', parquet), LIMITS, 'ndjson')).format, 'parquet');
  });
});

suite('the name of an object', () => {
  const code = (code: string) => (error: unknown) => (error as { code?: string }).code === code;

  test('says Parquet, and plain text is none', () =>
    assert.rejects(open(memorySource('a.parquet', Buffer.from('{"message":"m"}\n'))), code('object-corrupt')));

  test('says Parquet, and its content something else that is read', async () => {
    assert.equal((await open(memorySource('a.parquet', gzipSync('{"message":"m"}\n')))).format, 'ndjson+gzip');
  });

  test('says Parquet, and its content that it is encrypted', () =>
    assert.rejects(open(memorySource('a.parquet', Buffer.from('PARE and more'))), code('object-unsupported')));
});

test('Parquet within gzip that is too large to lie in memory is refused by its size', async () => {
  const large = Buffer.alloc(33 * MIB);
  large.write('PAR1');
  await assert.rejects(open(memorySource('o', gzipSync(large))), {
    code: 'object-unsupported',
    message: /more than 33554432 bytes/,
  });
});

test('Parquet within gzip that is cut off, or is none after all, is corrupt', async () => {
  const none = gzipSync(`PAR1${'x'.repeat(5_000)}`);
  await assert.rejects(open(memorySource('o', none)), { code: 'object-corrupt' });
  await assert.rejects(open(memorySource('o', none.subarray(0, -5))), { code: 'object-corrupt' });
});
