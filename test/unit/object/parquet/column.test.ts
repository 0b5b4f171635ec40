import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { createColumnCursor } from '../../../../service/object/parquet/column.ts';
import { readFooter } from '../../../../service/object/parquet/footer.ts';
import { createRoom } from '../../../../service/object/parquet/room.ts';
import { readSchema } from '../../../../service/object/parquet/schema.ts';
import { shareOf } from '../../../../service/object/parquet/share.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { createTestKernel } from '../../../support/kernel.ts';

const never = new AbortController().signal;
const ROWS = 20_000;

/** A cursor over the one column of a file with many pages. */
async function openMessages(codec: 'SNAPPY' | 'GZIP') {
  const data = Array.from({ length: ROWS }, (_, row) => `message ${row} ${'x'.repeat(row % 97)}`);
  const object = parquetWriteBuffer({
    columnData: [{ name: 'message', data, type: 'STRING', encoding: 'PLAIN' }],
    codec,
    compressors: { GZIP: (bytes) => gzipSync(bytes) },
    pageSize: 100_000,
    rowGroupSize: ROWS,
  });
  const source = memorySource('x.parquet', new Uint8Array(object));
  const metadata = await readFooter(source, never);
  const leaf = readSchema(metadata.elements).find('message');
  assert.ok(leaf);
  const kernel = createTestKernel();
  const memory = { room: createRoom({ grantedBytes: 0, mostBytes: 0 }), ...shareOf(1) };
  return {
    kernel,
    cursor: createColumnCursor({ kernel, source, metadata, groupRows: [0, ROWS] }, leaf, undefined, memory, never),
  };
}

test('a page lies in the kernel where the one before did, and all is given back at the end', async () => {
  const { kernel, cursor } = await openMessages('SNAPPY');
  const lent = new Set<number>();
  for (let span = await cursor.load(); span; span = await cursor.load()) {
    const { entries, values } = span.page;
    assert.ok(values.kind === 'bytes');
    for (const { buffer } of [values.bytes, values.start, values.length]) assert.equal(buffer, kernel.bytes.buffer);
    lent.add(kernel.memory.lent);
    cursor.consume(entries);
  }
  assert.equal(lent.size, 1, `${[...lent]}`);
  cursor[Symbol.dispose]();
  assert.equal(kernel.memory.lent, 0);
});

test('what lies elsewhere is given back when the next page is loaded, not before', async () => {
  const { cursor } = await openMessages('GZIP');
  using _ = cursor;
  let pages = 0;
  for (let span = await cursor.load(); span; ) {
    const { entries, values } = span.page;
    assert.ok(values.kind === 'bytes');
    cursor.consume(1);
    assert.equal((await cursor.load())?.page, span.page);
    assert.equal(values.start.length, values.count, 'while entries of it are left');
    cursor.consume(entries - 1);
    const next = await cursor.load();
    assert.deepEqual([values.start.length, values.length.length], [0, 0]);
    span = next;
    pages++;
  }
  assert.ok(pages > 1, `${pages} pages`);
});
