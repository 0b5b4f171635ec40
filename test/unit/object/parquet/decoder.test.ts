import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { takeRecords } from '../../../../local/workload/object.ts';
import { encodeParquet } from '../../../../local/workload/parquet.ts';
import { createRecordSource } from '../../../../local/workload/source.ts';
import { type DecodeRequest, START } from '../../../../service/core/chunk.ts';
import { recordText } from '../../../../service/core/record-text.ts';
import { type ByteSource, memorySource } from '../../../../service/object/source.ts';
import { decodeAll, decodeFrom, kernel, LIMITS, open, recordsOf } from '../../../support/decode.ts';
import { writeParquet } from '../../../support/parquet-column.ts';
import { holds } from '../../../support/property.ts';

const never = new AbortController().signal;
const FROM_MS = Date.UTC(2026, 5, 24, 11);
const source = createRecordSource({ seed: 'parquet', tenantId: 'acme', clusterId: 'c', environment: 'prod' });
const records = takeRecords(source, 16_000_000, FROM_MS, FROM_MS + 60_000);
const bytes = await encodeParquet(records);

/** Counts what is read of the object. */
function countingSource(object: Uint8Array): ByteSource & { readonly reads: { start: number; end: number }[] } {
  const inner = memorySource('x.parquet', object);
  const reads: { start: number; end: number }[] = [];
  return {
    ...inner,
    reads,
    read(start, end, stop) {
      reads.push({ start, end });
      return inner.read(start, end, stop);
    },
  };
}
const total = (reads: readonly { start: number; end: number }[]) =>
  reads.reduce((sum, { start, end }) => sum + end - start, 0);

test('a large object gives every record, in chunks that are full', async () => {
  using decoder = await open(memorySource('x.parquet', bytes));
  let at = 0;
  const sizes: number[] = [];
  for await (const chunk of decodeFrom(decoder)) {
    let size = 0;
    for (let i = 0; i < chunk.count; i++, at++) {
      assert.equal(recordText(chunk, i), records[at]?.message);
      assert.equal(chunk.timestampsMs[i], records[at]?.timestamp);
      size += (chunk.messages.size[i] ?? 0) + 26;
    }
    sizes.push(size);
  }
  assert.equal(at, records.length);
  for (const size of sizes.slice(0, -1)) {
    assert.ok(size <= LIMITS.chunkBytesMax && size > LIMITS.chunkBytesMax - 2_000, `a chunk of ${size}`);
  }
});

test('only the columns that are asked for are fetched', async () => {
  const few = countingSource(bytes);
  using decoder = await open(few);
  for await (const _ of decodeFrom(decoder, START, { fields: ['application'] }));
  const all = countingSource(bytes);
  await decodeAll(all);
  assert.ok(total(few.reads) < total(all.reads) * 0.9, `${total(few.reads)} of ${total(all.reads)}`);
});

test('all columns are asked for at once, at the beginning and at a resume', async () => {
  using first = await open(memorySource('x.parquet', bytes));
  const [, second] = await Array.fromAsync(decodeFrom(first));
  assert.ok(second);
  for (const at of [START, second.at]) {
    const inner = memorySource('x.parquet', bytes);
    const arrived = Promise.withResolvers<void>();
    let held = 0;
    let opened = false;
    const request: Partial<DecodeRequest> = { fields: ['application', 'namespace'] };
    using decoder = await open({
      ...inner,
      async read(start, end, stop, into) {
        // The message, the timestamp and two fields: nobody is answered before all have asked.
        if (opened && ++held === 4) arrived.resolve();
        if (opened) await arrived.promise;
        return inner.read(start, end, stop, into);
      },
    });
    opened = true;
    for await (const { count } of decodeFrom(decoder, at, request)) assert.ok(count > 0);
  }
});

for (const [messageFormat, wanted] of [
  ['message', 'at the beginning'],
  ['message', 'at a resume'],
  ['record', 'at the beginning'],
] as const) {
  test(`a column that comes after another has failed finds its memory as it left it, ${wanted}, as ${messageFormat}`, async () => {
    using first = await open(memorySource('x.parquet', bytes));
    const [start, later] = await Array.fromAsync(decodeFrom(first, START, { messageFormat }));
    const at = wanted === 'at a resume' ? later?.at : start?.at;
    assert.ok(at);
    first[Symbol.dispose]();
    const inner = memorySource('x.parquet', bytes);
    const before = kernel.memory.lent;
    let opened = false;
    let reads = 0;
    const late = Promise.withResolvers<void>();
    using decoder = await open({
      ...inner,
      async read(start, end, stop, into) {
        if (!opened) return inner.read(start, end, stop, into);
        const number = ++reads;
        if (number === 3) throw new Error('a column that cannot be read');
        if (number > 3) await late.promise;
        return inner.read(start, end, stop, into);
      },
    });
    opened = true;
    const decoding = Array.fromAsync(decodeFrom(decoder, at, { messageFormat, fields: ['application', 'namespace'] }));
    let failed = false;
    decoding.catch(() => {
      failed = true;
    });
    await setImmediate();
    assert.equal(failed, false);
    late.resolve();
    await assert.rejects(decoding, /a column that cannot be read/);
    decoder[Symbol.dispose]();
    await setImmediate();
    assert.equal(kernel.memory.lent, before);
  });
}

test('a column that says the same of every record is told from one that does not', async () => {
  const column = (name: string, data: (string | null)[]) => ({ name, data, type: 'STRING' as const, nullable: true });
  const rows = 2_000;
  const half = (first: string | null, second: string | null) =>
    Array.from({ length: rows }, (_, row) => (row < rows / 2 ? first : second));
  const object = parquetWriteBuffer({
    columnData: [
      column('message', half('m', 'n')),
      column('customer_tenant', half('acme', 'acme')),
      column('cluster_id', half('a', 'b')),
      column('environment', half('prod', null)),
      { ...column('application', half('api', 'api')), encoding: 'PLAIN' as const },
    ],
    rowGroupSize: rows / 4,
  });
  using decoder = await open(memorySource('x.parquet', new Uint8Array(object)));
  const [chunk, ...others] = await Array.fromAsync(decodeFrom(decoder));
  assert.equal(others.length, 0);
  assert.deepEqual(
    Object.entries(chunk?.fields ?? {}).flatMap(([name, { only, values }]) =>
      only === undefined ? [] : [[name, values[only]]],
    ),
    [
      ['customer_tenant', 'acme'],
      // The file does not have these.
      ...['log_level', 'namespace', 'pod_name', 'container_name', 'node_name', 'source_type', 'file'].map((name) => [
        name,
        '',
      ]),
    ],
  );
});

test('messages that the kernel takes and those that it cannot take make the same chunks', async () => {
  const message = fc.oneof(
    { weight: 5, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 400 }).map((length) => 'é'.repeat(length)) },
  );
  const limits = fc
    .record({ chunkBytesMax: fc.integer({ min: 1, max: 900 }), chunkRecordsMax: fc.integer({ min: 1, max: 12 }) })
    .map((some) => ({ ...LIMITS, ...some }));
  await holds(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 60, size: 'max' }), limits, async (data, limits) => {
      const chunksOf = async (codec: 'SNAPPY' | 'GZIP' | 'UNCOMPRESSED') => {
        const column = { name: 'message', data, type: 'STRING', encoding: 'PLAIN', nullable: true } as const;
        const compressors = { GZIP: (plain: Uint8Array) => gzipSync(plain) };
        const object = parquetWriteBuffer({ columnData: [column], codec, compressors, pageSize: 200 });
        using decoder = await open(memorySource('x.parquet', new Uint8Array(object)));
        const chunks: unknown[] = [];
        for await (const chunk of decodeFrom(decoder, START, { limits })) {
          chunks.push([chunk.at.record, chunk.messages.size.slice(), recordsOf(chunk)]);
        }
        return chunks;
      };
      const found = await chunksOf('GZIP');
      assert.deepEqual(await chunksOf('SNAPPY'), found);
      assert.deepEqual(await chunksOf('UNCOMPRESSED'), found);
    }),
  );
});

test('a resume does not fetch what is done', async () => {
  using decoder = await open(memorySource('x.parquet', bytes));
  const positions = [];
  for await (const { next } of decodeFrom(decoder)) if (next) positions.push(next);
  const late = positions.at(-2);
  assert.ok(late);
  const counted = countingSource(bytes);
  const rest = await decodeAll(counted, {}, late);
  assert.equal(rest.length, records.length - late.record);
  assert.equal(rest[0]?.message, records[late.record]?.message);
  const whole = countingSource(bytes);
  await decodeAll(whole);
  assert.ok(total(counted.reads) < total(whole.reads) / 4, `${total(counted.reads)} of ${total(whole.reads)}`);
});

test('a position without a cursor, or with one that makes no sense, is found by its record', async () => {
  for (const cursor of ['', 'rubbish', '{"message":[0,12345678,0]}', '{"message":[7,4,0]}', '[]']) {
    const at = { record: 20_001, cursor };
    if (cursor.includes('12345678')) {
      await assert.rejects(decodeAll(memorySource('x.parquet', bytes), {}, at), /beyond its column chunk/);
      continue;
    }
    const rest = await decodeAll(memorySource('x.parquet', bytes), {}, at);
    assert.equal(rest.length, records.length - at.record);
    assert.equal(rest[0]?.message, records[at.record]?.message);
  }
});

test('no more of a large column is fetched ahead than two windows', async () => {
  const counted = countingSource(bytes);
  using decoder = await open(counted);
  for await (const chunk of decodeFrom(decoder, START, { fields: [] })) {
    assert.ok(chunk.next);
    break;
  }
  assert.ok(total(counted.reads) < 11 * 1024 * 1024, `${total(counted.reads)} bytes for the first chunk`);
});

const corrupt = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'object-corrupt';
const small = await encodeParquet(records.slice(0, 300));

test('a file that grows without measure is given up, beyond what any file may become', async () => {
  // 4.5 GB of messages from some kilobytes, which the dictionary says once.
  const rows = 300_000;
  const data = new Array<string>(rows).fill('m'.repeat(15_000));
  const column = { name: 'message', data, type: 'STRING', encoding: 'RLE_DICTIONARY' } as const;
  const same = new Uint8Array(parquetWriteBuffer({ columnData: [column], rowGroupSize: rows }));
  const decode = async (decompressionRatioMax: number) => {
    using decoder = await open(memorySource('x.parquet', same));
    const limits = { ...LIMITS, chunkBytesMax: 100_000_000, decompressionRatioMax };
    let count = 0;
    for await (const chunk of decoder.chunks(START, { fields: [], messageFormat: 'message', limits }, never)) {
      count += chunk.count;
    }
    return count;
  };
  await assert.rejects(decode(10), { code: 'object-corrupt', message: /become more than 250 times their size/ });
  assert.equal(await decode(1_000_000), rows);
});

test('nine million equal rows of 531 bytes are nine million events', async () => {
  const file = await readFile(new URL('../../../golden/large/nine-million-equal-rows.parquet', import.meta.url));
  using decoder = await open(memorySource('x.parquet', file));
  const limits = { ...LIMITS, chunkBytesMax: 10_000_000, chunkRecordsMax: 400_000 };
  const before = kernel.memory.lent;
  let count = 0;
  let most = 0;
  for await (const chunk of decoder.chunks(START, { fields: [], messageFormat: 'message', limits }, never)) {
    for (const record of [0, chunk.count - 1]) {
      assert.equal(recordText(chunk, record), 'same');
      assert.equal(chunk.timestampsMs[record], Date.UTC(2026, 0, 1));
    }
    count += chunk.count;
    most = Math.max(most, kernel.memory.lent - before);
  }
  assert.equal(count, 9_000_000);
  assert.ok(most < 64 * 1024 * 1024, `${most} bytes of the kernel's memory`);
});

test('chunks of a dictionary with large messages take no more than their messages', async () => {
  const data = Array.from({ length: 40 }, (_, row) => `${row} `.padEnd(1_000_000, 'x'));
  const column = { name: 'message', data, type: 'STRING', encoding: 'RLE_DICTIONARY' } as const;
  const file = writeParquet({ columnData: [column], rowGroupSize: data.length, pageSize: 2 ** 30 });
  using decoder = await open(memorySource('x.parquet', file));
  const limits = { ...LIMITS, chunkBytesMax: 16_672_000 };
  const before = kernel.memory.lent;
  let most = 0;
  const counts: number[] = [];
  for await (const chunk of decoder.chunks(START, { fields: [], messageFormat: 'message', limits }, never)) {
    counts.push(chunk.count);
    most = Math.max(most, kernel.memory.lent - before);
  }
  assert.deepEqual(counts, [16, 16, 8]);
  assert.ok(most < 2.25 * 2 ** 24, `${most} bytes of the kernel's memory`);
});

test('a file that is cut off anywhere is corrupt', async () => {
  for (let length = 0; length < small.length; length += 397) {
    const cut = memorySource('x.parquet', small.subarray(0, length));
    if (length === 0) assert.deepEqual(await decodeAll(cut), []);
    else await assert.rejects(decodeAll(cut), corrupt, `cut at ${length}`);
  }
});

test('a file with a wrong byte gives its records or is corrupt, and never hangs or throws anything else', async () => {
  for (let at = 4; at < small.length; at += 311) {
    for (const value of [0x00, 0xff, (small[at] ?? 0) ^ 0x01]) {
      const mutant = Buffer.from(small);
      mutant[at] = value;
      try {
        assert.ok((await decodeAll(memorySource('x.parquet', mutant))).length <= 300);
      } catch (error) {
        assert.ok(corrupt(error), `byte ${at} = ${value}: ${error instanceof Error ? error.stack : error}`);
      }
    }
  }
});
