import { Writable } from 'node:stream';
import parquet from 'parquetjs-lite';
import { ingestedMs, type LogRecord } from './record.ts';

/** Firehose's serializer begins a new page at 1 MiB (its default); this many rows of 256 bytes come to that. */
const ROWS_PER_PAGE = 4_096;

/**
 * Writes records as Amazon Data Firehose does with record format conversion: one row group whatever its size, Snappy,
 * data page v1, every column optional, `kubernetes` a struct.
 *
 * Where it differs: Firehose's own library writes dictionaries and INT96 timestamps, parquetjs-lite can neither, so
 * columns are plain and timestamps TIMESTAMP_MILLIS. It writes some 8 MB of messages a second (250-byte messages); who
 * needs gigabytes puts one object under many keys.
 */
export async function encodeParquet(records: Iterable<LogRecord>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const output = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  const options = { rowGroupSize: Number.MAX_SAFE_INTEGER, pageSize: ROWS_PER_PAGE, useDataPageV2: false };
  const writer = await parquet.ParquetWriter.openStream(createSchema(), output, options);
  for (const record of records) await writer.appendRow({ ...record, ingest_timestamp: ingestedMs(record) });
  await writer.close();
  return Buffer.concat(pieces);
}

/** A schema of its own for each file, as the library writes into the definitions that it is given. */
function createSchema() {
  const text = () => ({ type: 'UTF8', optional: true, compression: 'SNAPPY', statistics: false }) as const;
  const time = () => ({ type: 'TIMESTAMP_MILLIS', optional: true, compression: 'SNAPPY', statistics: false }) as const;
  return new parquet.ParquetSchema({
    timestamp: time(),
    ingest_timestamp: time(),
    message: text(),
    customer_tenant: text(),
    cluster_id: text(),
    environment: text(),
    application: text(),
    log_level: text(),
    kubernetes: {
      optional: true,
      fields: { namespace: text(), pod_name: text(), container_name: text(), node_name: text() },
    },
    source_type: text(),
    file: text(),
  });
}
