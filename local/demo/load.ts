import { encodeRecords, type LogObject, type ObjectFormat, objectKey, takeRecords } from '../workload/object.ts';
import { createRandom } from '../workload/random.ts';
import type { LogRecord } from '../workload/record.ts';
import { createRecordSource, type RecordSource } from '../workload/source.ts';

/** A cluster of a tenant, which writes objects all the time. */
export interface Writer {
  readonly tenantId: string;
  readonly clusterId: string;
  readonly environment: string;
  /** The next object, with records of the time from `fromMs` to `toMs`. */
  next(messageBytes: number, fromMs: number, toMs: number): Promise<WrittenObject>;
}

export interface WrittenObject extends LogObject {
  readonly format: ObjectFormat;
  readonly records: readonly LogRecord[];
}

/** Firehose writes Parquet, Vector gzip NDJSON; the demo has both ways into the bucket. */
const FORMATS: readonly ObjectFormat[] = ['parquet', 'ndjson+gzip'];
const CLUSTERS = [
  { clusterId: 'eu-central-1', environment: 'prod' },
  { clusterId: 'us-east-2', environment: 'staging' },
] as const;

export function createWriters(tenantIds: readonly string[], seed: string): Writer[] {
  return tenantIds.flatMap((tenantId) => CLUSTERS.map((cluster) => createWriter(tenantId, cluster, seed)));
}

function createWriter(tenantId: string, cluster: (typeof CLUSTERS)[number], seed: string): Writer {
  const source: RecordSource = createRecordSource({ seed, tenantId, ...cluster });
  const random = createRandom(`${seed}/${tenantId}/${cluster.clusterId}/objects`);
  let written = random.below(FORMATS.length);
  return {
    tenantId,
    ...cluster,
    async next(messageBytes, fromMs, toMs) {
      const format = FORMATS[written++ % FORMATS.length] ?? 'parquet';
      const records = takeRecords(source, messageBytes, fromMs, toMs);
      const key = objectKey({ seed: random.uuid(), tenantId, ...cluster, format, timeMs: toMs, stream: 'tenant-logs' });
      return { key, body: await encodeRecords(records, format), format, records };
    },
  };
}
