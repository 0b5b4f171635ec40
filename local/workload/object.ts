import { encodeNdjson, encodeNdjsonGzip, encodeNdjsonZstd } from './ndjson.ts';
import { encodeParquet } from './parquet.ts';
import { createRandom } from './random.ts';
import type { LogRecord } from './record.ts';
import type { RecordSource } from './source.ts';

export const OBJECT_FORMATS = ['parquet', 'ndjson', 'ndjson+gzip', 'ndjson+zstd'] as const;
export type ObjectFormat = (typeof OBJECT_FORMATS)[number];

/** An object as it lies in the central bucket. */
export interface LogObject {
  readonly key: string;
  readonly body: Buffer;
}

export async function encodeRecords(records: Iterable<LogRecord>, format: ObjectFormat): Promise<Buffer> {
  switch (format) {
    case 'parquet':
      return encodeParquet(records);
    case 'ndjson':
      return encodeNdjson(records);
    case 'ndjson+gzip':
      return encodeNdjsonGzip(records);
    case 'ndjson+zstd':
      return encodeNdjsonZstd(records);
  }
}

export interface KeyParts {
  readonly seed: string;
  readonly tenantId: string;
  readonly clusterId: string;
  readonly environment: string;
  readonly format: ObjectFormat;
  /** When the writer closed the object, epoch milliseconds. */
  readonly timeMs: number;
  /** Name of the delivery stream; Firehose begins the file's name with it. */
  readonly stream?: string;
}

/** The key that the platform's writers give an object: Firehose to Parquet, Vector to everything else. */
export function objectKey(parts: KeyParts): string {
  const iso = new Date(parts.timeMs).toISOString();
  const [year, month, day, hour] = [iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10), iso.slice(11, 13)];
  const folder =
    `logs/tenant_id=${parts.tenantId}/cluster_id=${parts.clusterId}/environment=${parts.environment}` +
    `/year=${year}/month=${month}/day=${day}/hour=${hour}`;
  const id = createRandom(`${parts.seed}/key`).uuid();
  if (parts.format === 'parquet') {
    // <stream>-<version>-<time>-<uuid><extension> (Firehose developer guide, "Configure Amazon S3 object name format").
    return `${folder}/${parts.stream ?? 'logs'}-1-${iso.slice(0, 19).replace(/[T:]/g, '-')}-${id}.parquet`;
  }
  // <seconds>-<uuid>.<extension>: filename_time_format "%s" and filename_append_uuid, Vector's defaults.
  return `${folder}/${Math.floor(parts.timeMs / 1_000)}-${id}.${EXTENSIONS[parts.format]}`;
}

const EXTENSIONS = { ndjson: 'log', 'ndjson+gzip': 'log.gz', 'ndjson+zstd': 'log.zst' } as const;

/**
 * Takes records from a source until their messages come to at least `messageBytes`, spread evenly over the time from
 * `fromMs` (included) to `toMs` (excluded).
 */
export function takeRecords(source: RecordSource, messageBytes: number, fromMs: number, toMs: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (let bytes = 0; bytes < messageBytes; ) {
    const timeMs = fromMs + Math.floor((bytes / messageBytes) * (toMs - fromMs));
    const record = source(timeMs);
    bytes += Buffer.byteLength(record.message);
    records.push(record);
  }
  return records;
}
