import type { Config } from '../config/config.ts';
import { alarmsOf } from '../values/alarms.ts';
import { EXPORTED_METRICS } from '../values/collector.ts';
import { namesOf } from '../values/names.ts';
import { FIREHOSE_INGESTION, PRICES, tiered } from './prices.ts';
import { storage } from './storage.ts';
import {
  CHUNK_BYTES,
  CPU_HEADROOM,
  CPU_SECONDS_PER_GB,
  firehoseObjects,
  GB,
  GZIP_RATIO,
  HOURS_PER_MONTH,
  LOGS_COMPRESSION,
  PARQUET_RATIO,
  READ_BYTES,
  type Volume,
  vectorObjects,
  volumeOf,
  type Workload,
} from './workload.ts';

/** Lines in a record of Firehose, where the nodes write enough to fill it in 5 s (k8s/vector/overlays/firehose-aggregated). */
export const LINES_PACKED = 60;

/** The ways to get logs to tenants, or at least somewhere. */
export const DESIGNS = ['firehose', 'aggregated', 'direct', 'lambda', 'central'] as const;
export type Design = (typeof DESIGNS)[number];

export interface Line {
  readonly component: string;
  /** US dollars a month, in the steady state. */
  readonly usd: number;
}

export interface Estimate {
  readonly design: Design;
  readonly lines: readonly Line[];
  /** Of the platform. */
  readonly usd: number;
  /** What the tenants pay together for CloudWatch Logs in their own accounts. */
  readonly tenantsUsd: number;
}

/** A month's bill of a design, by component. Steady state: as much leaves the bucket as comes. */
export function estimate(design: Design, workload: Workload, config: Config): Estimate {
  const volume = volumeOf(workload);
  const lines = design === 'central' ? centralLines(volume, config) : pipelineLines(design, workload, volume, config);
  return {
    design,
    lines,
    usd: lines.reduce((sum, line) => sum + line.usd, 0),
    // Retention of 30 days: a month's logs lie there on average.
    tenantsUsd: design === 'central' ? 0 : logs(volume.eventGb, 1),
  };
}

/** Everything into log groups of the platform, and nobody else's: the plain way, kept as long as the bucket would. */
function centralLines(volume: Volume, config: Config): readonly Line[] {
  const months = (config.storage.retentionDays * 24) / HOURS_PER_MONTH;
  return [
    { component: 'CloudWatch Logs: ingestion', usd: volume.eventGb * PRICES.logsIngestion.usd },
    { component: 'CloudWatch Logs: storage', usd: logs(volume.eventGb, months) - logs(volume.eventGb, 0) },
  ];
}

function logs(gb: number, months: number): number {
  return gb * (PRICES.logsIngestion.usd + months * LOGS_COMPRESSION * PRICES.logsStorage.usd);
}

function pipelineLines(
  design: Exclude<Design, 'central'>,
  workload: Workload,
  volume: Volume,
  config: Config,
): readonly Line[] {
  const byFirehose = design === 'firehose' || design === 'aggregated';
  const objects = byFirehose ? firehoseObjects(workload, volume, config) : vectorObjects(workload, volume);
  const storedGb = volume.messageGb * (byFirehose ? PARQUET_RATIO : GZIP_RATIO);
  const packed = design === 'aggregated' ? LINES_PACKED : 1;
  return [
    ...(byFirehose ? [{ component: 'Firehose', usd: firehose(workload, volume, objects, packed) }] : []),
    { component: 'S3: requests', usd: requests(objects, storedGb) },
    { component: 'S3: storage', usd: storage(storedGb, objects, config.storage) },
    // A publish for each object; a receive, a delete and a change of visibility, in batches that are not full.
    { component: 'SNS and SQS', usd: objects * (PRICES.snsPublish.usd + PRICES.sqsRequest.usd) },
    { component: 'DynamoDB', usd: ledger(objects, volume) },
    ...(design === 'lambda' ? lambda(objects, volume) : fargate(volume, config)),
    { component: 'Watching', usd: watching(config) },
    { component: 'KMS', usd: 3 * PRICES.kmsKey.usd },
  ];
}

/** Every record is rounded up to 5 KB, each on its own, for ingestion and for conversion (Firehose pricing). */
function firehose(workload: Workload, volume: Volume, objects: number, packed: number): number {
  const stepBytes = 5 * 1024;
  const bytes = packed * (workload.messageBytes + workload.metadataBytes);
  const billedBytes = Math.ceil(bytes / stepBytes) * stepBytes;
  const billedGb = ((volume.records / packed) * billedBytes) / GB;
  // 70 hours for 742 GB in the example of the pricing page.
  const jqHours = volume.recordGb * (70 / 742);
  return (
    tiered(billedGb, FIREHOSE_INGESTION) +
    billedGb * PRICES.firehoseConversion.usd +
    volume.recordGb * PRICES.firehosePartitioning.usd +
    objects * PRICES.firehoseObjects.usd +
    jqHours * PRICES.firehoseJq.usd
  );
}

function requests(objects: number, storedGb: number): number {
  const reads = objects + (storedGb * GB) / READ_BYTES;
  return objects * PRICES.s3Put.usd + reads * PRICES.s3Get.usd;
}

/** Two writes for each object, one more for each chunk; an item is below 1 KB and lives for two weeks. */
function ledger(objects: number, volume: Volume): number {
  const writes = 2 * objects + (volume.messageGb * GB) / CHUNK_BYTES;
  const keptGb = (objects * 0.5 * 1024) / GB;
  return writes * PRICES.dynamoWrite.usd + keptGb * (PRICES.dynamoStorage.usd + PRICES.dynamoRecovery.usd);
}

/** Tasks on demand, the least that run at all, and the way out of the VPC. */
function fargate(volume: Volume, { distributor, network }: Config): readonly Line[] {
  const vcpus = distributor.cpuUnits / 1024;
  const neededCpus = (volume.messageGb * CPU_SECONDS_PER_GB * CPU_HEADROOM) / (HOURS_PER_MONTH * 3600);
  const tasks = Math.max(distributor.tasksMin, Math.ceil(neededCpus / vcpus));
  const task = vcpus * PRICES.fargateCpu.usd + (distributor.memoryMb / 1024) * PRICES.fargateMemory.usd;
  const nat = network.natGateways * HOURS_PER_MONTH * PRICES.natHour.usd;
  // Seven services; what is delivered to this region's CloudWatch goes through one of them, or through NAT.
  const way = network.interfaceEndpoints
    ? 7 * network.availabilityZones * HOURS_PER_MONTH * PRICES.endpointHour.usd +
      volume.eventGb * PRICES.endpointData.usd
    : volume.eventGb * PRICES.natData.usd;
  return [
    { component: `Fargate: ${tasks} tasks`, usd: tasks * task * HOURS_PER_MONTH },
    { component: 'Network', usd: nat + way },
  ];
}

/** A function for each object, outside of a VPC. It pays for waiting too: each call of a batch takes some 50 ms, four at once. */
function lambda(objects: number, volume: Volume): readonly Line[] {
  // 1,769 MB are one vCPU (Lambda developer guide, "Memory").
  const memoryGb = 1769 / 1024;
  const waitSecondsPerGb = (1024 * 0.05) / 4;
  const startSeconds = 0.2;
  const seconds = volume.messageGb * (CPU_SECONDS_PER_GB + waitSecondsPerGb) + objects * startSeconds;
  return [
    {
      component: 'Lambda',
      usd: seconds * memoryGb * PRICES.lambdaCompute.usd + objects * PRICES.lambdaRequest.usd,
    },
  ];
}

/** The metrics that are exported, those without their label and some three values of it; every metric of an alarm; two dashboards. */
function watching(config: Config): number {
  const series = EXPORTED_METRICS.reduce(
    (sum, metric) => sum + 1 + (metric.values?.length ?? (metric.label ? 3 : 0)),
    0,
  );
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  const watched = alarmsOf(config, names).reduce((sum, alarm) => sum + Object.keys(alarm.metrics).length, 0);
  return series * PRICES.metric.usd + watched * PRICES.alarm.usd + 2 * PRICES.dashboard.usd;
}
