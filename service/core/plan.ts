import { type Chunk, type TextColumn, TIMESTAMP_UNREADABLE } from './chunk.ts';
import type { Delivery } from './delivery.ts';
import { levelRank } from './levels.ts';
import { TIMESTAMP_MAX_MS, TIMESTAMP_MIN_MS } from './limits.ts';
import { recordText } from './record-text.ts';
import { createRouter, type Route } from './route.ts';
import { splitMessage } from './split.ts';
import type { BatchLimits } from './target/target.ts';

/**
 * From a chunk to the batches that deliver it: filter, route, sort, cut. Pure and deterministic: the same chunk and
 * delivery give the same batches in any process, which is what lets the ledger name a batch by its number.
 */

/** One call of the destination to be: for CloudWatch Logs, PutLogEvents. */
export interface Batch {
  /** Number within the chunk, from 0. */
  readonly index: number;
  readonly route: Route;
  /** Event numbers in chronological order: below `chunk.count` a record, from there on a part of a split record. */
  readonly events: Uint32Array;
  /** What the destination counts: message bytes, and its overhead for each event. */
  readonly bytes: number;
}

/** A piece of a record whose message is longer than an event may be. */
export interface Part {
  readonly record: number;
  readonly text: string;
  readonly size: number;
  /** True for a record's first part: the one by which the record is counted. */
  readonly first: boolean;
}

export type QuarantineReason = 'unparsable' | 'foreign_tenant' | 'too_old' | 'too_new' | 'expired';

/** A record that is not sent, and why. */
export interface Refusal {
  readonly record: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
}

export interface ChunkPlan {
  readonly chunk: Chunk;
  readonly batches: readonly Batch[];
  readonly parts: readonly Part[];
  readonly refusals: readonly Refusal[];
  /** Records dropped by a filter or for an empty message. */
  readonly filtered: number;
  /** The time of each record, with substitutes in place. */
  readonly timesMs: Float64Array;
  /** Records in batches whose time was missing or unreadable, so that the object's LastModified stands for it. */
  readonly substituted: { readonly missing: number; readonly unreadable: number };
  /** Records that share one route because the chunk has too many. */
  readonly overflowed: number;
}

export interface PlanContext {
  readonly delivery: Delivery;
  /** What the object's key says of its records, for fields that a record does not have. */
  readonly keyFields: Readonly<Record<string, string>>;
  /** The object's LastModified, epoch milliseconds. */
  readonly lastModifiedMs: number;
  /** Bytes of an event, its overhead included. */
  readonly eventBytesMax: number;
  /** Which records are asked for, by their ordinal in the object; absent: all. */
  readonly asked?: ((record: number) => boolean) | undefined;
}

export function planChunk(chunk: Chunk, context: PlanContext): ChunkPlan {
  const admit = createFilter(chunk, context);
  const { limits } = context.delivery.target;
  const router = createRouter(chunk, context.delivery, context.keyFields);
  const timesMs = resolveTimes(chunk, context.lastModifiedMs);
  const substituted = { missing: 0, unreadable: 0 };
  // A batch must be able to hold the largest event.
  const eventBytesMax = limits.splits ? Math.min(context.eventBytesMax, limits.bytesMax) : Number.POSITIVE_INFINITY;
  const messageBytesMax = eventBytesMax - limits.eventOverheadBytes;
  const refusals: Refusal[] = [];
  const parts: Part[] = [];
  const byRoute = new Map<Route, number[]>();
  let filtered = 0;
  let overflowed = 0;

  for (let record = 0; record < chunk.count; record++) {
    const verdict = admit(record, timesMs[record] ?? 0);
    if (verdict === 'filter') {
      filtered++;
      continue;
    }
    if (verdict !== 'deliver') {
      refusals.push({ record, ...verdict });
      continue;
    }
    if (timesMs !== chunk.timestampsMs) {
      const time = chunk.timestampsMs[record] ?? 0;
      if (Number.isNaN(time)) substituted.missing++;
      else if (time === TIMESTAMP_UNREADABLE) substituted.unreadable++;
    }
    const route = router.routeOf(record, timesMs[record] ?? 0);
    if (route === router.overflow) overflowed++;
    const events = byRoute.get(route) ?? [];
    if (events.length === 0) byRoute.set(route, events);
    if ((chunk.messages.size[record] ?? 0) <= messageBytesMax) {
      events.push(record);
    } else {
      for (const part of splitMessage(chunk, record, messageBytesMax)) events.push(chunk.count + parts.push(part) - 1);
    }
  }

  const plan = { chunk, parts, refusals, filtered, timesMs, substituted, overflowed };
  const batches: Batch[] = [];
  for (const [route, events] of byRoute) {
    const order = hasTimes(limits) ? sortByTime(events, plan) : Uint32Array.from(events);
    cutBatches(plan, route, order, limits, batches);
  }
  return { ...plan, batches };
}

/** Whether the times of events matter to the destination. */
function hasTimes({ spanMs }: BatchLimits): boolean {
  return spanMs !== Number.POSITIVE_INFINITY;
}

type Verdict = 'deliver' | 'filter' | Omit<Refusal, 'record'>;

/** What becomes of a record before anything is known of its destination. */
function createFilter(chunk: Chunk, { delivery, asked }: PlanContext): (record: number, timeMs: number) => Verdict {
  const foreign = valueTest(chunk.fields.customer_tenant, (tenant) => tenant !== '' && tenant !== delivery.tenantId);
  const { applications, minLevel } = delivery;
  const unwanted = applications ? valueTest(chunk.fields.application, (name) => !applications.has(name)) : never;
  const minor =
    minLevel !== null ? valueTest(chunk.fields.log_level, (level) => (levelRank(level) ?? minLevel) < minLevel) : never;
  const { size } = chunk.messages;
  const { limits } = delivery.target;

  return (record, timeMs) => {
    if (asked && !asked(chunk.at.record + record)) return 'filter';
    if (chunk.unparsable.size > 0) {
      const detail = chunk.unparsable.get(record);
      if (detail !== undefined) return { reason: 'unparsable', detail };
    }
    if (foreign(record))
      return { reason: 'foreign_tenant', detail: 'customer_tenant names another tenant than the object key' };
    if (unwanted(record) || minor(record)) return 'filter';
    // An empty message has nothing to store, and one of them would fail the whole call.
    if (size[record] === 0 && !limits.emptyMessages) return 'filter';
    if (!hasTimes(limits)) return 'deliver';
    if (timeMs < TIMESTAMP_MIN_MS) return { reason: 'too_old', detail: 'the timestamp lies before 1970' };
    if (timeMs > TIMESTAMP_MAX_MS)
      return { reason: 'too_new', detail: 'the timestamp lies beyond what a date can hold' };
    return 'deliver';
  };
}

const never = (): boolean => false;

/** Decides once for each distinct value of a column, not once for each record. */
function valueTest(column: TextColumn | undefined, test: (value: string) => boolean): (record: number) => boolean {
  if (!column) return never;
  const verdicts = Uint8Array.from(column.values, (value) => (test(value) ? 1 : 0));
  if (!verdicts.includes(1)) return never;
  const { index } = column;
  return (record) => verdicts[index[record] ?? 0] === 1;
}

/** The chunk's own times, or a copy with the object's in place of those that are missing or unreadable. */
function resolveTimes({ timestampsMs }: Chunk, lastModifiedMs: number): Float64Array {
  let timesMs = timestampsMs;
  for (let record = 0; record < timestampsMs.length; record++) {
    const time = timestampsMs[record] ?? 0;
    if (!Number.isNaN(time) && time !== TIMESTAMP_UNREADABLE) continue;
    if (timesMs === timestampsMs) timesMs = timestampsMs.slice();
    timesMs[record] = lastModifiedMs;
  }
  return timesMs;
}

type EventTable = Pick<ChunkPlan, 'chunk' | 'parts' | 'timesMs'>;

/** The record that an event came from. */
export function recordOf(plan: EventTable, event: number): number {
  return event < plan.chunk.count ? event : (plan.parts[event - plan.chunk.count]?.record ?? 0);
}

export function timeOf(plan: EventTable, event: number): number {
  return plan.timesMs[recordOf(plan, event)] ?? 0;
}

function sizeOf(plan: EventTable, event: number): number {
  const { count, messages } = plan.chunk;
  return (event < count ? messages.size[event] : plan.parts[event - count]?.size) ?? 0;
}

/** Chronological, and in the object's order where times are equal. Logs mostly are in order: look before sorting. */
function sortByTime(events: readonly number[], plan: EventTable): Uint32Array {
  const order = Uint32Array.from(events);
  let sorted = true;
  let last = Number.NEGATIVE_INFINITY;
  for (const event of order) {
    const time = timeOf(plan, event);
    if (time < last) {
      sorted = false;
      break;
    }
    last = time;
  }
  // Events come in the object's order, and the sort is stable.
  return sorted ? order : order.sort((a, b) => timeOf(plan, a) - timeOf(plan, b));
}

/** Cuts a stream's events by the three limits of a call: bytes, events, span. Checks before it adds, never after. */
function cutBatches(plan: EventTable, route: Route, events: Uint32Array, limits: BatchLimits, batches: Batch[]): void {
  let from = 0;
  let bytes = 0;
  let firstMs = 0;
  const close = (to: number) => {
    if (to > from) batches.push({ index: batches.length, route, events: events.subarray(from, to), bytes });
    from = to;
    bytes = 0;
  };
  for (let at = 0; at < events.length; at++) {
    const event = events[at] ?? 0;
    const eventBytes = sizeOf(plan, event) + limits.eventOverheadBytes;
    const timeMs = timeOf(plan, event);
    const full =
      bytes + eventBytes > limits.bytesMax || at - from >= limits.eventsMax || timeMs - firstMs >= limits.spanMs;
    if (at > from && full) close(at);
    if (at === from) firstMs = timeMs;
    bytes += eventBytes;
  }
  close(events.length);
}

/** How many records a batch accounts for: a split record counts once, with its first part. */
export function recordsIn(plan: EventTable, events: Uint32Array): number {
  if (plan.parts.length === 0) return events.length;
  let records = 0;
  for (const event of events) {
    if (event < plan.chunk.count || plan.parts[event - plan.chunk.count]?.first) records++;
  }
  return records;
}

/** The message of an event as text: for quarantine, not for the hot path. */
export function messageText(plan: EventTable, event: number): string {
  const part = plan.parts[event - plan.chunk.count];
  return part ? part.text : recordText(plan.chunk, event);
}
