import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ingestedMs, type LogRecord } from './record.ts';

/** One JSON object a line, as Vector's aws_s3 sink writes it: members in alphabetical order, the time as RFC 3339. */
export function encodeNdjson(records: Iterable<LogRecord>): Buffer {
  const lines: string[] = [];
  for (const record of records) lines.push(ndjsonLine(record));
  return Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
}

/** A record's line, without its end: also what a delivery with `message_format` record stores of it. */
export function ndjsonLine(record: LogRecord): string {
  const { kubernetes } = record;
  return JSON.stringify({
    application: record.application,
    cluster_id: record.cluster_id,
    customer_tenant: record.customer_tenant,
    environment: record.environment,
    file: record.file,
    ingest_timestamp: new Date(ingestedMs(record)).toISOString(),
    kubernetes: {
      container_name: kubernetes.container_name,
      namespace: kubernetes.namespace,
      node_name: kubernetes.node_name,
      pod_name: kubernetes.pod_name,
    },
    log_level: record.log_level,
    message: record.message,
    source_type: record.source_type,
    timestamp: new Date(record.timestamp).toISOString(),
  });
}

/** Level 6 is the default of Vector's gzip. */
export function encodeNdjsonGzip(records: Iterable<LogRecord>): Buffer {
  return gzipSync(encodeNdjson(records), { level: 6 });
}

export function encodeNdjsonZstd(records: Iterable<LogRecord>): Buffer {
  return zstdCompressSync(encodeNdjson(records));
}
