import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import type { CompressionCodec } from 'hyparquet';
import { createColumnCursor } from '../../../../service/object/parquet/column.ts';
import { createRoom } from '../../../../service/object/parquet/room.ts';
import { memoryOf, openFile, readColumn, writeParquet } from '../../../support/parquet-column.ts';

const never = new AbortController().signal;
/** Every page is too large, and windows are so small that elements of compressed data lie across their ends. */
const SLICED = { pageBytesMax: 0, windowBytes: 4_099 };
const GOLDEN = new URL('../../../golden/parquet/', import.meta.url);
const NAMES = (await readdir(GOLDEN)).filter((file) => file.endsWith('.parquet'));
const CODECS: readonly CompressionCodec[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI', 'LZ4_RAW', 'LZ4'];

/** Texts that repeat in part, some of them far from where they stood, and a few that do not. */
const texts = Array.from({ length: 30_000 }, (_, row) =>
  row % 11 === 3 ? null : `${row} ${'repeated '.repeat(row % 9)}${(row * 2_654_435_761) % 2 ** 32}`,
);

suite('a page that is read a slice at a time gives what it gives at once', () => {
  for (const codec of CODECS) {
    test(`in ${codec}`, async () => {
      const column = { name: 'message', data: texts, type: 'STRING', encoding: 'PLAIN', nullable: true } as const;
      const bytes = writeParquet({ columnData: [column], codec, pageSize: 8_000_000, rowGroupSize: texts.length });
      const opened = await openFile(bytes);
      const [leaf] = opened.schema.leaves;
      assert.ok(leaf);
      const { entries, spans } = await readColumn(opened, leaf, memoryOf(SLICED));
      assert.deepEqual(
        entries.map(([, , value]) => value && JSON.parse(value)),
        texts,
      );
      assert.ok(spans.length > 1, `${spans}`);
      assert.equal(opened.kernel.memory.lent, 0);
    });
  }

  for (const name of NAMES) {
    test(`in ${name}`, async () => {
      const opened = await openFile(new Uint8Array(await readFile(new URL(name, GOLDEN))));
      for (const leaf of opened.schema.leaves) {
        // A column that cannot be read (it is encrypted) is refused alike.
        const read = (memory: ReturnType<typeof memoryOf>) =>
          readColumn(opened, leaf, memory).then(
            ({ entries }) => entries,
            ({ code, message }) => ({ code, message }),
          );
        assert.deepEqual(await read(memoryOf(SLICED)), await read(memoryOf()), leaf.name);
      }
      assert.equal(opened.kernel.memory.lent, 0);
    });
  }
});

test('a value that is larger than a window is a slice by itself', async () => {
  const data = ['small', 'x'.repeat(3_000_000), 'small too', 'y'.repeat(1_500_000)];
  const column = { name: 'message', data, type: 'STRING', encoding: 'PLAIN' } as const;
  const opened = await openFile(writeParquet({ columnData: [column], codec: 'SNAPPY', pageSize: 2 ** 30 }));
  const [leaf] = opened.schema.leaves;
  assert.ok(leaf);
  const { entries, spans } = await readColumn(opened, leaf, memoryOf());
  assert.deepEqual(
    entries.map(([, , value]) => value && JSON.parse(value)),
    data,
  );
  assert.deepEqual(spans, [1, 1, 1, 1]);
});

test('a page of very many entries is read in slices, however few bytes it has', async () => {
  const column = { name: 'message', data: new Array<string>(3_000_000).fill('same'), type: 'STRING' } as const;
  const opened = await openFile(writeParquet({ columnData: [column], rowGroupSize: 3_000_000, pageSize: 2 ** 30 }));
  const [leaf] = opened.schema.leaves;
  assert.ok(leaf);
  using cursor = createColumnCursor(opened.file, leaf, undefined, memoryOf(), never);
  let rows = 0;
  for (let span = await cursor.load(); span; span = await cursor.load()) {
    assert.ok(span.page.entries <= 64 * 1024);
    assert.ok(span.page.values.kind === 'indices' && span.page.values.only === 0, 'what all of them are stays known');
    rows += span.page.entries;
    cursor.consume(span.page.entries);
  }
  assert.equal(rows, 3_000_000);
});

test('in the middle of a page, a cursor goes on from the beginning of the page', async () => {
  const data = Array.from({ length: 20_000 }, (_, row) => `${row} ${'x'.repeat(200)}`);
  const column = { name: 'message', data, type: 'STRING', encoding: 'PLAIN' } as const;
  const opened = await openFile(writeParquet({ columnData: [column], codec: 'SNAPPY', pageSize: 2 ** 30 }));
  const [leaf] = opened.schema.leaves;
  assert.ok(leaf);
  const memory = memoryOf({ pageBytesMax: 0 });
  using first = createColumnCursor(opened.file, leaf, undefined, memory, never);
  await first.seek(12_345);
  const { position } = first;
  assert.deepEqual(position?.[2], 0, 'its only page');
  using second = createColumnCursor(opened.file, leaf, position, memory, never);
  await second.seek(12_345);
  const span = await second.load();
  assert.ok(span?.page.values.kind === 'bytes');
  const { bytes, start, length } = span.page.values;
  const from = start[span.value] ?? 0;
  assert.equal(Buffer.from(bytes.subarray(from, from + (length[span.value] ?? 0))).toString(), data[12_345]);
});

test('of a page with a wrong checksum nothing is given, though it is read in slices', async () => {
  const bytes = new Uint8Array(await readFile(new URL('page-checksums.parquet', GOLDEN)));
  const opened = await openFile(bytes);
  const leaf = opened.schema.find('message');
  const column = opened.file.metadata.rowGroups[0]?.columns.find(({ name }) => name === 'message');
  assert.ok(leaf && column);
  // The last byte of its last page.
  const start = column.dictionaryPageOffset || column.dataPageOffset;
  const last = start + column.compressedBytes - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  using cursor = createColumnCursor(opened.file, leaf, undefined, memoryOf(SLICED), never);
  const read = async () => {
    for (let span = await cursor.load(); span; span = await cursor.load()) cursor.consume(span.page.entries);
  };
  await assert.rejects(read(), {
    code: 'object-corrupt',
    message: /the checksum of the Parquet page at byte \d+ is wrong/,
  });
});

suite('what cannot be cut into slices', () => {
  const data = Array.from({ length: 200_000 }, (_, row) => `${row} ${'x'.repeat(150)}`);
  const column = { name: 'message', data, type: 'STRING', encoding: 'RLE_DICTIONARY' } as const;
  const bytes = writeParquet({ columnData: [column], codec: 'SNAPPY', rowGroupSize: data.length, pageSize: 2 ** 30 });
  const read = async (grantedBytes: number, mostBytes: number) => {
    const opened = await openFile(bytes);
    const [leaf] = opened.schema.leaves;
    assert.ok(leaf);
    try {
      const { entries } = await readColumn(opened, leaf, memoryOf({ room: createRoom({ grantedBytes, mostBytes }) }));
      return entries.length;
    } finally {
      assert.equal(opened.kernel.memory.lent, 0);
    }
  };

  test('is read where the object was admitted for it', async () => {
    assert.equal(await read(64 * 1024 * 1024, 64 * 1024 * 1024), data.length);
  });

  test('says what it needs where that was less', async () => {
    await assert.rejects(read(0, 64 * 1024 * 1024), (error: unknown) => {
      assert.ok(error instanceof Error && 'code' in error && 'neededBytes' in error);
      assert.equal(error.code, 'memory-short');
      assert.ok(Number(error.neededBytes) > 10_000_000, `${error.neededBytes}`);
      return true;
    });
  });

  test('is refused with its size where no object may have so much', async () => {
    await assert.rejects(read(0, 1024 * 1024), {
      code: 'object-too-large',
      message:
        /^a dictionary of \d+ bytes in the column message takes \d+ bytes .*: MEMORY_BUDGET_MB allows \d+ for one object$/,
    });
  });
});
