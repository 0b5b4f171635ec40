import type { Config } from '../config/config.ts';
import { reconciles } from '../values/service-environment.ts';
import { dollarsOfCalls } from './calls.ts';
import { distributorSettings } from './distributor-settings.ts';
import type { Line } from './model.ts';
import { HOURS_PER_MONTH, SECONDS_PER_MONTH, type Workload } from './workload.ts';

/** Keys in a page of a listing (S3 API reference, ListObjectVersions). */
const PAGE_KEYS = 1_000;
/** For each partition of the key: its folder, the oldest keys in it, and the end of the range. */
const CALLS_PER_PARTITION = 3;
/** A read that need not be consistent is half a one (DynamoDB developer guide, "Read consistency"). */
const READS_PER_OBJECT = 0.5;

/** What comparing the bucket with the ledger costs in a month; no line where it is off. */
export function reconcileLines({ partitions }: Workload, objects: number, config: Config): readonly Line[] {
  if (!reconciles(config)) return [];
  const { reconcileIntervalMs, reconcileLateMs } = distributorSettings(config);
  const passes = SECONDS_PER_MONTH / (reconcileIntervalMs / 1000);
  // The range itself, the partitions that may still be written into, and an hour for clocks that are ahead.
  const hours = (reconcileIntervalMs + reconcileLateMs) / 3_600_000 + 1;
  const keys = (objects / HOURS_PER_MONTH) * hours;
  const ListObjectVersions = passes * (keys / PAGE_KEYS + partitions * CALLS_PER_PARTITION);
  const usd = dollarsOfCalls({ ListObjectVersions, BatchGetItem: objects * READS_PER_OBJECT });
  return [{ component: 'Bucket against ledger', usd }];
}
