import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ndjsonLine } from '../../../local/workload/ndjson.ts';
import { encodeRecords, objectKey, takeRecords } from '../../../local/workload/object.ts';
import { ingestedMs, type LogRecord } from '../../../local/workload/record.ts';
import { createRecordSource } from '../../../local/workload/source.ts';

const FROM_MS = Date.UTC(2026, 5, 24, 11);
const OPTIONS = { seed: 'test', tenantId: 'acme-corp', clusterId: 'eu-1', environment: 'prod' };
const records = takeRecords(createRecordSource(OPTIONS), 1_500_000, FROM_MS, FROM_MS + 60_000);

const arrayBuffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;

test('a Parquet object holds every record, with the struct, and its times as timestamps', async () => {
  const file = arrayBuffer(await encodeRecords(records, 'parquet'));
  const rows = await parquetReadObjects({ file });
  assert.deepEqual(
    rows.map((row) => ({
      ...row,
      timestamp: (row.timestamp as Date).getTime(),
      ingest_timestamp: (row.ingest_timestamp as Date).getTime(),
    })),
    records.map((record) => ({ ...record, ingest_timestamp: ingestedMs(record) })),
  );
});

test('a Parquet object is laid out as Firehose does it: one row group, Snappy, several pages, no statistics', async () => {
  const metadata = parquetMetadata(arrayBuffer(await encodeRecords(records, 'parquet')));
  assert.equal(metadata.row_groups.length, 1);
  const columns = metadata.row_groups[0]?.columns.map((column) => column.meta_data) ?? [];
  assert.deepEqual(
    columns.map((column) => column?.path_in_schema.join('.')),
    [
      'timestamp',
      'ingest_timestamp',
      'message',
      'customer_tenant',
      'cluster_id',
      'environment',
      'application',
      'log_level',
      'kubernetes.namespace',
      'kubernetes.pod_name',
      'kubernetes.container_name',
      'kubernetes.node_name',
      'source_type',
      'file',
    ],
  );
  assert.ok(columns.every((column) => column?.codec === 'SNAPPY'));
  assert.ok(records.length > 4_096, 'too few records for a second page');
});

test('NDJSON has one line a record, members sorted as Vector writes them', async () => {
  const lines = (await encodeRecords(records, 'ndjson')).toString().split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(lines, records.map(ndjsonLine));
  const line = JSON.parse(lines[0] ?? '');
  assert.deepEqual(Object.keys(line), Object.keys(line).sort());
  const { ingest_timestamp: ingested, ...first } = line;
  assert.equal(Date.parse(ingested), ingestedMs(records[0] as LogRecord));
  assert.ok(Date.parse(ingested) > Date.parse(first.timestamp));
  assert.deepEqual({ ...first, timestamp: Date.parse(first.timestamp) }, records[0]);
});

test('compressed NDJSON is the plain one, compressed', async () => {
  const plain = await encodeRecords(records, 'ndjson');
  assert.ok(gunzipSync(await encodeRecords(records, 'ndjson+gzip')).equals(plain));
  assert.ok(zstdDecompressSync(await encodeRecords(records, 'ndjson+zstd')).equals(plain));
});

test('no records make an empty NDJSON object', async () => {
  assert.equal((await encodeRecords([], 'ndjson')).length, 0);
});

test('keys follow the template and name files as Firehose and Vector do', () => {
  const folder = 'logs/tenant_id=acme-corp/cluster_id=eu-1/environment=prod/year=2026/month=06/day=24/hour=11/';
  const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
  const parts = { ...OPTIONS, timeMs: FROM_MS + 123_456 };
  assert.match(
    objectKey({ ...parts, format: 'parquet', stream: 'tenant-logs' }),
    new RegExp(`^${folder}tenant-logs-1-2026-06-24-11-02-03-${uuid}\\.parquet$`),
  );
  assert.match(objectKey({ ...parts, format: 'ndjson+gzip' }), new RegExp(`^${folder}1782298923-${uuid}\\.log\\.gz$`));
  assert.notEqual(objectKey({ ...parts, format: 'ndjson' }), objectKey({ ...parts, format: 'ndjson', seed: 'other' }));
});
