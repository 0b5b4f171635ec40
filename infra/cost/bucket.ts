import { MESSAGE_DAYS_MAX } from '../../service/core/limits.ts';
import { REPORT_EVERY_MS } from '../../service/ledger/fleet-reports.ts';
import type { Config } from '../config/config.ts';
import { callsOfObject, dollarsOfCalls } from './calls.ts';
import type { Line } from './model.ts';
import { platformLines, tasksOf } from './platform.ts';
import { FIREHOSE_INGESTION, PRICES, tiered } from './prices.ts';
import { receiptLines } from './receipts.ts';
import { reconcileLines } from './reconcile.ts';
import { storage } from './storage.ts';
import {
  CPU_SECONDS_PER_GB,
  DAYS_PER_MONTH,
  firehoseObjects,
  GB,
  GZIP_RATIO,
  LINES_PACKED,
  NAIVE_CPU_SECONDS_PER_GB,
  PARQUET_RATIO,
  SECONDS_PER_MONTH,
  type Volume,
  vectorObjects,
  type Workload,
  ZSTD_PARQUET_RATIO,
} from './workload.ts';

/** The designs in which logs lie in one bucket and are delivered from there. */
export const BUCKET_DESIGNS = ['firehose', 'firehose-aggregated', 'direct', 'direct-parquet', 'lambda'] as const;
export type BucketDesign = (typeof BUCKET_DESIGNS)[number];

/** An entry of the ledger with its keys and DynamoDB's own 100 bytes (DynamoDB developer guide, "Item sizes"). */
const LEDGER_ITEM_BYTES = 512;
/** A tenant's item is read again after a minute of use (service/tenant/store.ts). */
const TENANT_READ_SECONDS = 60;
/** An empty receive waits for 20 s, and each task has one under way at least. */
const LONG_POLL_SECONDS = 20;

/** Lines, and the tasks that run at the same time. */
interface Bill {
  readonly lines: readonly Line[];
  readonly tasks?: number;
}

interface Load {
  readonly workload: Workload;
  readonly volume: Volume;
  readonly objects: number;
  readonly storedGb: number;
}

export function bucketLines(design: BucketDesign, workload: Workload, volume: Volume, config: Config): Bill {
  const byFirehose = design === 'firehose' || design === 'firehose-aggregated';
  const objects = byFirehose ? firehoseObjects(workload, volume, config) : vectorObjects(workload, volume);
  const load = { workload, volume, objects, storedGb: volume.messageGb * ratioOf(design) };
  const packed = design === 'firehose-aggregated' ? LINES_PACKED : 1;
  const delivery = design === 'lambda' ? { lines: lambdaLines(load) } : distributorBill(design, load, config);
  const lines = [
    ...(byFirehose ? [{ component: 'Firehose', usd: firehose(load, packed) }] : []),
    { component: STORAGE, usd: storage(load.storedGb, objects, config.storage) },
    { component: 'S3: puts', usd: objects * PRICES.s3Put.usd },
    ...delivery.lines,
  ];
  return { ...delivery, lines };
}

/** The one line that depends on how long logs are kept. */
export const STORAGE = 'S3: storage and moves';

function ratioOf(design: BucketDesign): number {
  if (design === 'direct-parquet') return ZSTD_PARQUET_RATIO;
  return design === 'direct' || design === 'lambda' ? GZIP_RATIO : PARQUET_RATIO;
}

/** Every record is rounded up to 5 KB, each on its own, for ingestion and for conversion (Firehose pricing). */
function firehose({ workload, volume, objects }: Load, packed: number): number {
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

function distributorBill(design: BucketDesign, load: Load, config: Config): Bill {
  const { volume, objects } = load;
  const cpu = CPU_SECONDS_PER_GB[design === 'direct' ? 'ndjson' : 'parquet'];
  const tasks = tasksOf(volume, objects, cpu, config);
  const { GetObject = 0, UpdateItem = 0, ...others } = callsOf(load);
  const polls = (tasks.count * SECONDS_PER_MONTH) / LONG_POLL_SECONDS;
  const reads = (tasks.count * tenantsOf(load.workload) * SECONDS_PER_MONTH) / TENANT_READ_SECONDS;
  const reports = tasks.count * (SECONDS_PER_MONTH / (REPORT_EVERY_MS / 1000));
  const keptGb = (objects * LEDGER_ITEM_BYTES * (MESSAGE_DAYS_MAX / DAYS_PER_MONTH)) / GB;
  const lines = [
    { component: 'S3: gets', usd: objects * dollarsOfCalls({ GetObject }) },
    {
      component: 'SNS and SQS',
      usd: objects * (PRICES.snsPublish.usd + dollarsOfCalls(others)) + dollarsOfCalls({ ReceiveMessage: polls }),
    },
    { component: 'DynamoDB: writes', usd: dollarsOfCalls({ UpdateItem: objects * UpdateItem + reports }) },
    { component: 'DynamoDB: reads', usd: dollarsOfCalls({ GetItem: reads + usageReads(objects) }) },
    {
      component: 'DynamoDB: storage',
      usd: keptGb * (PRICES.dynamoStorage.usd + PRICES.dynamoRecovery.usd),
    },
    ...reconcileLines(load.workload, objects, config),
    ...receiptLines(load.workload, objects, config),
    ...platformLines(volume, objects, tasks, config),
  ];
  return { lines, tasks: tasks.count };
}

/**
 * Each day's usage is summed up by one pass over the ledger, in which an object is for 14 days (service/ledger/usage-days.ts). A read takes
 * 4 KB, and twice as much where the newest state does not matter (DynamoDB developer guide, "Read consistency").
 */
function usageReads(objects: number): number {
  return (objects * MESSAGE_DAYS_MAX * LEDGER_ITEM_BYTES) / (2 * 4 * 1024);
}

function callsOf({ volume, objects, storedGb }: Load): Readonly<Record<string, number>> {
  const each = (gb: number) => (gb * GB) / objects;
  return callsOfObject({
    storedBytes: each(storedGb),
    messageBytes: each(volume.messageGb),
    eventBytes: each(volume.eventGb),
  });
}

/** At most as many as partitions, where each has one cluster and environment. */
const tenantsOf = ({ partitions }: Workload) => partitions;

/**
 * A function for each object, outside of a VPC, as rosa-log-router has it: it looks the tenant up, assumes two roles, and pays for waiting
 * too. Each call of a batch takes some 50 ms, four at once. No ledger. 1,769 MB are one vCPU (Lambda developer guide, "Memory").
 */
function lambdaLines(load: Load): readonly Line[] {
  const { volume, objects } = load;
  const memoryGb = 1769 / 1024;
  const waitSecondsPerGb = (1024 * 0.05) / 4;
  const startSeconds = 0.2;
  const seconds = volume.messageGb * (NAIVE_CPU_SECONDS_PER_GB + waitSecondsPerGb) + objects * startSeconds;
  const { GetObject = 0, ...others } = callsOf(load);
  const { UpdateItem: _, ...queue } = others;
  // Three lines that Lambda writes for each run, and one of the function.
  const logGb = (objects * 1000) / GB;
  return [
    { component: 'S3: gets', usd: objects * dollarsOfCalls({ GetObject }) },
    { component: 'SNS and SQS', usd: objects * (PRICES.snsPublish.usd + dollarsOfCalls(queue)) },
    { component: 'DynamoDB: reads', usd: objects * dollarsOfCalls({ GetItem: 1 }) },
    { component: 'Lambda', usd: seconds * memoryGb * PRICES.lambdaCompute.usd + objects * PRICES.lambdaRequest.usd },
    { component: 'Logs of our own', usd: logGb * PRICES.logsIngestion.usd },
  ];
}
