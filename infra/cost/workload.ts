import { EVENT_OVERHEAD_BYTES } from '../../service/core/limits.ts';
import { DECODE_LIMITS } from '../../service/object/decode-limits.ts';
import type { Config } from '../config/config.ts';

/** What a month brings, and what it takes to carry it. */
export interface Workload {
  /** TB (1,024 GB) of message text in a month. */
  readonly terabytes: number;
  readonly messageBytes: number;
  /** What a record has as JSON besides its message: names of tenant, cluster, pod and so on. */
  readonly metadataBytes: number;
  /** Tenants times clusters times environments that write at one time. */
  readonly partitions: number;
  /** Nodes that write to S3 by themselves where there is no Firehose. */
  readonly nodes: number;
  /** Partitions that one node has logs of. */
  readonly partitionsPerNode: number;
  /** After so long Vector closes a partition's object, `batch.timeout_secs` of its sink. */
  readonly batchSeconds: number;
}

/** Line sizes and ratios as local/workload's shop has them (`SHOP`: 215-byte messages, 668-byte records). */
export const TYPICAL: Omit<Workload, 'terabytes'> = {
  messageBytes: 250,
  metadataBytes: 450,
  partitions: 100,
  nodes: 50,
  partitionsPerNode: 5,
  /** k8s/vector/overlays/s3/sink.yaml */
  batchSeconds: 300,
};

/**
 * Bytes in S3 for each byte of message, measured on local/workload's shop: Parquet with Snappy, NDJSON with gzip. Parquet with zstd, as
 * Vector writes it, is counted like NDJSON with gzip: an assumption.
 */
export const PARQUET_RATIO = 0.51;
export const GZIP_RATIO = 0.3;
export const ZSTD_PARQUET_RATIO = GZIP_RATIO;
/** Bytes of PutLogEvents bodies as they are sent, for each byte of message (docs/results.md: 0.246). */
export const WIRE_RATIO = 0.25;
/** Bytes beside the bodies for each object: notification, ledger, headers. An assumption. */
export const CONTROL_BYTES_PER_OBJECT = 8 * 1024;
/** How well CloudWatch compresses what it keeps; AWS gives 0.15 in the examples of its pricing page. */
export const LOGS_COMPRESSION = 0.15;
/**
 * CPU seconds for a GB of message text in large objects, and for an object whatever its size. docs/results.md has 11.9 for gzip NDJSON
 * and 6.3 for Parquet, bodies uncompressed, and 3 for compressing them; the run in test/infra/support/bench.json has 4.3 and 4.7 ms for
 * an object of 0.15 MB, of which half are its bytes. Twice the rest, as that was one run.
 */
export const CPU_SECONDS_PER_GB = { ndjson: 15, parquet: 9.5 };
export const CPU_SECONDS_PER_OBJECT = 0.005;
/** What one writes in an hour takes for a GB of gzip NDJSON in small objects: the benchmark's naive pipeline (the same run). */
export const NAIVE_CPU_SECONDS_PER_GB = 34;
/** A task is planned for half of its CPU, and peaks are four times the average. */
export const CPU_HEADROOM = 2 * 4;
/** Vector writes a tenant's object when it has so many bytes of records (k8s/vector/overlays/s3/sink.yaml). */
export const VECTOR_BATCH_MB = 32;
/** Lines in a record of Firehose, where the nodes write enough to fill it in 5 s (k8s/vector/overlays/firehose-aggregated). */
export const LINES_PACKED = 60;
/** Bytes of one chunk of the service, after which it writes to the ledger. */
export const CHUNK_BYTES = DECODE_LIMITS.chunkBytesMax;
/** Bytes of one ranged read (service/aws/s3-source.ts). */
export const READ_BYTES = 8 * 1024 * 1024;

export const GB = 1024 ** 3;
export const HOURS_PER_MONTH = 730;
export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;
export const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600;

/** Quantities that follow from a workload, a month's each. */
export interface Volume {
  readonly messageGb: number;
  readonly records: number;
  readonly recordGb: number;
  /** GB that CloudWatch Logs bills for the same messages. */
  readonly eventGb: number;
}

export function volumeOf(workload: Workload): Volume {
  const messageGb = workload.terabytes * 1024;
  const records = (messageGb * GB) / workload.messageBytes;
  return {
    messageGb,
    records,
    recordGb: (records * (workload.messageBytes + workload.metadataBytes)) / GB,
    eventGb: (records * (workload.messageBytes + EVENT_OVERHEAD_BYTES)) / GB,
  };
}

/** Objects that Firehose writes: a partition's buffer is full, or its time is over. */
export function firehoseObjects(workload: Workload, volume: Volume, config: Config): number {
  const bySize = (volume.recordGb * 1024) / config.ingestion.bufferSizeMb;
  const byTime = workload.partitions * (SECONDS_PER_MONTH / config.ingestion.bufferIntervalSeconds);
  return Math.max(bySize, byTime);
}

/** Objects that Vector writes by itself, on each node: a partition's batch is full, or its time is over. */
export function vectorObjects(workload: Workload, volume: Volume): number {
  const bySize = (volume.recordGb * 1024) / VECTOR_BATCH_MB;
  const byTime = workload.nodes * workload.partitionsPerNode * (SECONDS_PER_MONTH / workload.batchSeconds);
  return Math.max(bySize, byTime);
}
