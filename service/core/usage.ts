import type { Counts } from './counts.ts';
import { EVENT_OVERHEAD_BYTES, MESSAGE_DAYS_MAX } from './limits.ts';
import { parseObjectId } from './notification.ts';
import { USD } from './prices.ts';

/** What deliveries have used: sums over the ledger's items of objects that are done. */
export interface Usage extends Counts {
  readonly objects: number;
  /** Of these, objects of replays. */
  readonly replayed: number;
  /** UTF-8 bytes of delivered messages. */
  readonly bytes: number;
  /** Requests to the destination: for CloudWatch Logs, PutLogEvents. */
  readonly calls: number;
  /** Bytes of the objects in the central bucket. */
  readonly size: number;
  /** Requests to the central bucket. */
  readonly gets: number;
  /** Writes to the ledger. */
  readonly writes: number;
}

export const NO_USAGE: Usage = {
  objects: 0,
  replayed: 0,
  read: 0,
  delivered: 0,
  filtered: 0,
  rejected: 0,
  quarantined: 0,
  bytes: 0,
  calls: 0,
  size: 0,
  gets: 0,
  writes: 0,
};
export const USAGE_NAMES = Object.keys(NO_USAGE) as readonly (keyof Usage)[];

export function addUsage(a: Usage, b: Usage): Usage {
  return Object.fromEntries(USAGE_NAMES.map((name) => [name, a[name] + b[name]])) as unknown as Usage;
}

/** What the ledger says of an object that is done. */
export interface DoneObject {
  /** `s3://bucket/key#version`, of a replay with its id. */
  readonly object: string;
  readonly counts: Counts;
  readonly bytes: number;
  readonly calls: number;
  readonly size: number;
  /** Chunks before the last one: each was saved with a write. */
  readonly chunk: number;
}

/** Bytes of one ranged read (aws/s3-source.ts). */
const READ_BYTES = 8 * 1024 * 1024;
/** Receives and deletes of one message in a steady flow, in batches that are not full. The benchmark counts them (test/bench). */
export const QUEUE_CALLS_PER_OBJECT = 0.5;
/** Of an object in one chunk: taking it, and marking it as done. */
export const LEDGER_WRITES_PER_OBJECT = 2;

export function usageOf({ object, counts, bytes, calls, size, chunk }: DoneObject): Usage {
  return {
    ...counts,
    objects: 1,
    replayed: parseObjectId(object)?.replayId === undefined ? 0 : 1,
    bytes,
    calls,
    size,
    gets: Math.max(1, Math.ceil(size / READ_BYTES)),
    writes: LEDGER_WRITES_PER_OBJECT + chunk,
  };
}

/** Usage by delivery, `<tenant_id>/<type>`. */
export type UsageByDelivery = ReadonlyMap<string, Usage>;

/** What a tenant has used on a day. */
export interface TenantUsage {
  readonly tenant: string;
  /** UTC, `2026-11-30`. */
  readonly day: string;
  /** The most that any of its deliveries had: each gets every object. */
  readonly objects: number;
  /** Of all deliveries: records that were delivered. */
  readonly events: number;
  readonly message_bytes: number;
  readonly calls: number;
  /** Of these objects in the central bucket, as they are stored. */
  readonly stored_bytes: number;
  /** What the platform pays for these objects: putting, announcing, reading and recording each. */
  readonly platform_usd: number;
  /** What the tenant's account pays for taking the events in, in log groups of the class STANDARD. */
  readonly logs_usd: number;
}

const GB = 1024 ** 3;
const TO_LOGS = /^cloudwatch(#|$)/;

/** A line for each tenant, sorted by its name. */
export function usageByTenant(day: string, usage: UsageByDelivery): TenantUsage[] {
  const tenants = Map.groupBy(usage, ([delivery]) => splitDelivery(delivery).tenant);
  return [...tenants]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tenant, deliveries]) => {
      const all = deliveries.map(([, one]) => one);
      const sum = all.reduce(addUsage);
      const most = (of: (one: Usage) => number) => Math.max(...all.map(of));
      const objects = most((one) => one.objects);
      const arrived = most((one) => one.objects - one.replayed);
      const toLogs = deliveries.filter(([delivery]) => TO_LOGS.test(splitDelivery(delivery).type));
      const logs = toLogs.map(([, one]) => one).reduce(addUsage, NO_USAGE);
      return {
        tenant,
        day,
        objects,
        events: sum.delivered,
        message_bytes: sum.bytes,
        calls: sum.calls,
        stored_bytes: most((one) => one.size),
        platform_usd:
          arrived * (USD.s3Put + USD.snsPublish) +
          objects * QUEUE_CALLS_PER_OBJECT * USD.sqsRequest +
          sum.gets * USD.s3Get +
          sum.writes * USD.dynamoWrite,
        logs_usd: ((logs.bytes + logs.delivered * EVENT_OVERHEAD_BYTES) / GB) * USD.logsIngestion,
      };
    });
}

/** Figures of a tenant that can be added. */
export const FIGURES = [
  'objects',
  'events',
  'message_bytes',
  'calls',
  'stored_bytes',
  'platform_usd',
  'logs_usd',
] as const satisfies readonly (keyof TenantUsage)[];

/** The sum of two days of a tenant, as if it were of the first. */
export function addTenantUsage(a: TenantUsage, b: TenantUsage): TenantUsage {
  return { ...a, ...Object.fromEntries(FIGURES.map((name) => [name, a[name] + b[name]])) };
}

/** A type has no slash; a tenant may. */
function splitDelivery(delivery: string): { readonly tenant: string; readonly type: string } {
  const at = delivery.lastIndexOf('/');
  return { tenant: delivery.slice(0, at), type: delivery.slice(at + 1) };
}

export const DAY_MS = 24 * 3_600_000;
/** Days that are over and whose items the ledger still has all of: it keeps an item for 14 days (core/limits.ts). */
export const SUMMABLE_DAYS = MESSAGE_DAYS_MAX - 2;

/** The UTC day of a time in epoch milliseconds. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** All days of a month, `2026-11`. @returns undefined when it is none */
export function daysOfMonth(month: string): string[] | undefined {
  const fromMs = /^\d{4}-\d{2}$/.test(month) ? startOfDay(`${month}-01`) : Number.NaN;
  if (Number.isNaN(fromMs)) return undefined;
  const days = Array.from({ length: 31 }, (_, at) => dayOf(fromMs + at * DAY_MS));
  return days.filter((day) => day.startsWith(month));
}
