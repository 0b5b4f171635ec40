import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeRecords } from '../../../../local/workload/object.ts';
import { encodeParquet } from '../../../../local/workload/parquet.ts';
import { createRecordSource } from '../../../../local/workload/source.ts';
import { createKernel } from '../../../../service/kernel/kernel.ts';
import { createColumnCursor } from '../../../../service/object/parquet/column.ts';
import { readFooter } from '../../../../service/object/parquet/footer.ts';
import { readSchema } from '../../../../service/object/parquet/schema.ts';
import { memorySource } from '../../../../service/object/source.ts';

const never = new AbortController().signal;

test('a page gives back what it was decoded into when the next one is loaded, not before', async () => {
  const records = createRecordSource({ seed: 'column', tenantId: 'acme', clusterId: 'c', environment: 'prod' });
  const bytes = await encodeParquet(takeRecords(records, 4_000_000, 0, 60_000));
  const source = memorySource('x.parquet', bytes);
  const metadata = await readFooter(source, never);
  const schema = readSchema(metadata);
  const leaf = schema.leaves.find(({ name }) => name === 'message');
  assert.ok(leaf);
  const groupRows = [0];
  for (const { num_rows: rows } of metadata.row_groups) groupRows.push((groupRows.at(-1) ?? 0) + Number(rows));
  using cursor = createColumnCursor({ kernel: createKernel(), source, metadata, groupRows }, leaf, undefined, never);
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
