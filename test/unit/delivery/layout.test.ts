import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodeRecords, OBJECT_FORMATS, type ObjectFormat, takeRecords } from '../../../local/workload/object.ts';
import type { LogRecord } from '../../../local/workload/record.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { fieldsOf } from '../../../service/core/delivery.ts';
import { planChunk } from '../../../service/core/plan.ts';
import { LAYOUT_VERSION } from '../../../service/delivery/run-delivery.ts';
import { memorySource } from '../../../service/object/source.ts';
import { decodeFrom, LIMITS, open } from '../../support/decode.ts';
import { buildDelivery } from '../../support/delivery.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 3_600_000;

const DELIVERIES = [
  buildDelivery({ log_stream_name: 's' }),
  buildDelivery({ log_group_name: '/g/{application}', log_stream_name: '{pod_name}/{date}', min_log_level: 'warn' }),
  buildDelivery({ desired_logs: ['checkout', 'audit'], message_format: 'record' }),
];

/** Lines of all kinds, out of order here and there, over more than a day, and one that must be split. */
function records(): LogRecord[] {
  const source = createRecordSource({ seed: 'layout', tenantId: 'acme', clusterId: 'c', environment: 'e' });
  const taken = takeRecords(source, 700_000, NOON_MS - 30 * HOUR_MS, NOON_MS);
  return taken.map((record, at) => ({
    ...record,
    timestamp: at % 7 === 0 ? record.timestamp - HOUR_MS : record.timestamp,
    message: at === 100 ? record.message.repeat(900).slice(0, 60_000) : record.message,
  }));
}

/** The same records in every format: NDJSON without the time of ingestion, which Firehose's Parquet does not have. */
async function encode(format: ObjectFormat): Promise<Buffer> {
  if (format === 'parquet') return encodeRecords(records(), format);
  const lines = (await encodeRecords(records(), 'ndjson')).toString();
  const body = Buffer.from(lines.replaceAll(/"ingest_timestamp":"[^"]*",/g, ''));
  return { ndjson: () => body, 'ndjson+gzip': () => gzipSync(body), 'ndjson+zstd': () => zstdCompressSync(body) }[
    format
  ]();
}

/** Everything that a position means: where chunks begin, and which events each batch has, in which order. */
async function layoutOf(format: ObjectFormat): Promise<string> {
  const body = await encode(format);
  const hash = createHash('sha256');
  for (const delivery of DELIVERIES) {
    using decoder = await open(memorySource('o', body), LIMITS);
    const request = { fields: fieldsOf(delivery), messageFormat: delivery.messageFormat, limits: LIMITS };
    const context = { delivery, keyFields: {}, lastModifiedMs: NOON_MS, eventBytesMax: 20_000 };
    for await (const chunk of decodeFrom(decoder, undefined, request)) {
      const { batches } = planChunk(chunk, context);
      hash.update(JSON.stringify([chunk.at.record, chunk.count]));
      for (const { index, route, events } of batches) hash.update(JSON.stringify([index, route, [...events]]));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The boundaries of version 2: of these objects they are those of version 1, which wrote other texts for some whole records of Parquet (a
 * DATE, a DECIMAL). A position that another process saved names batches by number; when the numbers mean
 * something else, it must not be followed. So when this changes: raise LAYOUT_VERSION, and write down the new ones.
 */
const VERSION = 2;
const LAYOUT = '8ac97c7679bf2ba2';

test('the boundaries of chunks and batches are those of the layout’s version, whatever the format', async () => {
  assert.equal(LAYOUT_VERSION, VERSION);
  for (const format of OBJECT_FORMATS) assert.equal(await layoutOf(format), LAYOUT, format);
});
