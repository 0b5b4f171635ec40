import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ColumnCursor, createColumnCursor } from '../../../../service/object/parquet/column.ts';
import { createLeafRows } from '../../../../service/object/parquet/leaf-rows.ts';
import { createRoom } from '../../../../service/object/parquet/room.ts';
import { memoryOf, openFile, writeParquet } from '../../../support/parquet-column.ts';

const never = new AbortController().signal;
const MEGABYTE = 1024 * 1024;

/** The rows of the one column of a file, and how many entries were decoded for them. */
async function open(data: unknown[], bytesMax: number, room = memoryOf().room) {
  const isList = Array.isArray(data[0]);
  const column = { name: 'x', data, encoding: 'PLAIN' as const };
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'x', num_children: 1, repetition_type: 'REQUIRED', converted_type: 'LIST' },
    { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
    { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  ] as const;
  const options = { codec: 'SNAPPY', pageSize: 2 ** 30, rowGroupSize: data.length } as const;
  const opened = await openFile(
    isList
      ? writeParquet({ ...options, schema: [...schema], columnData: [column] })
      : writeParquet({ ...options, columnData: [{ ...column, data: data as string[], type: 'STRING' }] }),
  );
  const [leaf] = opened.schema.leaves;
  assert.ok(leaf);
  const cursor = createColumnCursor(opened.file, leaf, undefined, memoryOf(), never);
  const seen = { decoded: 0 };
  const counting: ColumnCursor = {
    leaf,
    get position() {
      return cursor.position;
    },
    load: () => cursor.load(),
    seek: (row) => cursor.seek(row),
    consume(entries) {
      seen.decoded += entries;
      cursor.consume(entries);
    },
    [Symbol.dispose]: () => cursor[Symbol.dispose](),
  };
  return { rows: createLeafRows(counting, { firstRow: 0, isRaw: false, bytesMax, room }), seen, opened };
}

test('no more rows are made ready than there is room for, however they are asked for', async () => {
  const data = Array.from({ length: 200 }, (_, row) => `${row} ${'x'.repeat(100_000)}`);
  const { rows, seen, opened } = await open(data, 250_000);
  for (let row = 0; row < data.length; row++) {
    await rows.moveTo(row);
    assert.equal(rows.take(), JSON.stringify(data[row]));
    assert.ok(seen.decoded - row <= 3, `${seen.decoded} rows are decoded at row ${row}`);
  }
  rows[Symbol.dispose]();
  assert.equal(opened.kernel.memory.lent, 0);
});

test('of rows that are asked for one by one more and more are made ready, of rows far from one another none', async () => {
  const data = Array.from({ length: 5_000 }, (_, row) => `${row}`);
  const { rows, seen } = await open(data, MEGABYTE);
  using _ = rows;
  for (let row = 0; row < 300; row++) {
    await rows.moveTo(row);
    rows.take();
  }
  assert.ok(seen.decoded >= 300 && seen.decoded <= 1_000, `${seen.decoded}`);
  const before = seen.decoded;
  for (const row of [2_000, 3_000, 4_000]) {
    await rows.moveTo(row);
    assert.equal(rows.take(), `"${row}"`);
  }
  assert.ok(seen.decoded - before <= 6, `${seen.decoded - before} rows for three`);
});

test('rows of a list are passed over by their levels, and found again', async () => {
  const data = Array.from({ length: 500 }, (_, row) => Array.from({ length: row % 4 }, (_, at) => `${row}/${at}`));
  const { rows } = await open(data, 100);
  using _ = rows;
  for (const row of [0, 3, 4, 10, 11, 250, 499]) {
    await rows.moveTo(row);
    const values: unknown[] = [];
    do values.push(rows.take());
    while (rows.repetition !== undefined);
    assert.deepEqual(values, row % 4 === 0 ? [null] : data[row]?.map((value) => JSON.stringify(value)));
  }
  await assert.rejects(async () => rows.moveTo(500), { code: 'object-corrupt' });
});

test('a row that does not end asks for room as it grows', async () => {
  const data = [Array.from({ length: 400_000 }, () => 'x'.repeat(50))];
  const { rows } = await open(data, 1_000, createRoom({ grantedBytes: 0, mostBytes: 0 }));
  using _ = rows;
  await assert.rejects(async () => rows.moveTo(0), {
    code: 'object-too-large',
    message: /^a row with more than \d+ bytes of the column x\.list\.element/,
  });
});
