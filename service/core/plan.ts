import { present } from '../base/present.ts';
import { type Chunk, TIMESTAMP_UNREADABLE } from './chunk.ts';
import { recordText } from './record-text.ts';
import { type RecordTimes, resolveTimes } from './record-times.ts';
import type { Refusal } from './refusal.ts';
import { type Route, routeRecords } from './route.ts';
import { type ScreenContext, screen } from './screen.ts';
import { type Part, splitMessage } from './split.ts';
import { type BatchLimits, hasTimes } from './target.ts';

/**
 * From a chunk to the batches that deliver it: filter, route, sort, cut. Pure and deterministic: the same chunk, delivery and
 * `judgedMs` give the same batches in any process, which is what lets the ledger name a batch by its number. Time passes
 * between two attempts, so `judgedMs` is fixed before anything depends on it, and stands in the ledger
 * (delivery/tracker.ts, decisions/0060).
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

export interface ChunkPlan {
  readonly chunk: Chunk;
  readonly batches: readonly Batch[];
  readonly parts: readonly Part[];
  readonly refusals: readonly Refusal[];
  /** Records dropped by a filter or for an empty message. */
  readonly filtered: number;
  /** Whether the batches depend on `judgedMs`: whether any record lies outside of the window that it gives. */
  readonly judged: boolean;
  /** The time of each event, with substitutes in place: of all records, then of the parts. */
  readonly timesMs: Float64Array;
  /** Records in batches whose time was missing or unreadable, so that the object's LastModified stands for it. */
  readonly substituted: { readonly missing: number; readonly unreadable: number };
  /** Records whose bytes are not UTF-8: of those in batches, and of the refusals. */
  readonly notUtf8: { readonly admitted: number; readonly refused: number };
  /** Records that share one route because the chunk has too many. */
  readonly overflowed: number;
}

export interface PlanContext extends ScreenContext {
  /** What the object's key says of its records, for fields that a record does not have. */
  readonly keyFields: Readonly<Record<string, string>>;
  /** The object's LastModified, epoch milliseconds. */
  readonly lastModifiedMs: number;
  /** Bytes of an event, its overhead included. */
  readonly eventBytesMax: number;
}

export function planChunk(chunk: Chunk, context: PlanContext): ChunkPlan {
  const { delivery, keyFields, lastModifiedMs } = context;
  const { limits } = delivery.target;
  const times = resolveTimes(chunk, lastModifiedMs);
  const { admitted, refusals, filtered, judged } = screen(chunk, times, context);
  const substituted = countSubstituted(chunk, times, admitted);
  const { routes, of: routeOf, overflowed } = routeRecords(chunk, admitted, times, delivery, keyFields);
  // A batch must be able to hold the largest event.
  const eventBytesMax = limits.splits ? Math.min(context.eventBytesMax, limits.bytesMax) : Number.POSITIVE_INFINITY;
  const parts = splitLong(chunk, admitted, eventBytesMax - limits.eventOverheadBytes);

  const { timesMs, sizes } = withParts(chunk, times.ofMs, parts);
  const batches: Batch[] = [];
  const groups = groupEvents(listEvents(chunk.count, admitted, routeOf, parts), routes.length);
  for (const [number, events] of groups.entries()) {
    // In the object's order they are already.
    if (hasTimes(limits) && !times.ascending) sortByTime(events, timesMs);
    cutBatches(routes[number] as Route, events, sizes, timesMs, limits, batches);
  }
  const notUtf8 = countNotUtf8(chunk, admitted, refusals);
  return { chunk, batches, parts, refusals, filtered, judged, timesMs, substituted, notUtf8, overflowed };
}

function countNotUtf8({ originals }: Chunk, admitted: Uint32Array, refusals: readonly Refusal[]): ChunkPlan['notUtf8'] {
  if (!originals) return { admitted: 0, refused: 0 };
  const notUtf8 = new Set(originals.records);
  return {
    admitted: admitted.filter((record) => notUtf8.has(record)).length,
    refused: refusals.flatMap(({ records }) => records.filter((record) => notUtf8.has(record))).length,
  };
}

function countSubstituted(
  { timestampsMs }: Chunk,
  { ofMs }: RecordTimes,
  records: Uint32Array,
): ChunkPlan['substituted'] {
  if (ofMs === timestampsMs) return { missing: 0, unreadable: 0 };
  const count = records.length;
  let missing = 0;
  let unreadable = 0;
  for (let place = 0; place < count; place++) {
    const timeMs = timestampsMs[records[place] as number] as number;
    if (timeMs > TIMESTAMP_UNREADABLE) continue;
    if (timeMs === TIMESTAMP_UNREADABLE) unreadable++;
    else missing++;
  }
  return { missing, unreadable };
}

/** The parts of all records that are too long to be one event, in the order of the records. */
function splitLong(chunk: Chunk, records: Uint32Array, messageBytesMax: number): Part[] {
  const { size } = chunk.messages;
  const count = records.length;
  const parts: Part[] = [];
  for (let place = 0; place < count; place++) {
    const record = records[place] as number;
    if ((size[record] as number) > messageBytesMax) parts.push(...splitMessage(chunk, record, messageBytesMax));
  }
  return parts;
}

/** Times and sizes of records, and behind them those of parts. */
function withParts({ count, messages }: Chunk, recordsMs: Float64Array, parts: readonly Part[]) {
  if (parts.length === 0) return { timesMs: recordsMs, sizes: messages.size };
  const timesMs = new Float64Array(count + parts.length);
  const sizes = new Uint32Array(count + parts.length);
  timesMs.set(recordsMs);
  sizes.set(messages.size);
  for (const [at, { record, size }] of parts.entries()) {
    timesMs[count + at] = recordsMs[record] as number;
    sizes[count + at] = size;
  }
  return { timesMs, sizes };
}

interface EventList {
  /** In the object's order. */
  readonly events: Uint32Array;
  /** The number of each one's route. */
  readonly routes: Uint32Array;
}

/** Records, and in place of the long ones their parts. */
function listEvents(count: number, records: Uint32Array, routeOf: Uint32Array, parts: readonly Part[]): EventList {
  if (parts.length === 0) return { events: records, routes: routeOf };
  const split = parts.filter(({ first }) => first).length;
  const events = new Uint32Array(records.length - split + parts.length);
  const routes = new Uint32Array(events.length);
  let at = 0;
  let part = 0;
  for (let place = 0; place < records.length; place++) {
    const record = records[place] as number;
    const before = at;
    while (parts[part]?.record === record) events[at++] = count + part++;
    if (at === before) events[at++] = record;
    routes.fill(routeOf[place] as number, before, at);
  }
  return { events, routes };
}

/** The events of each of so many routes, in the object's order. */
function groupEvents({ events, routes }: EventList, count: number): Uint32Array[] {
  if (count === 1) return [events];
  const sizes = new Uint32Array(count);
  for (let at = 0; at < routes.length; at++) {
    const route = routes[at] as number;
    sizes[route] = (sizes[route] as number) + 1;
  }
  const groups = Array.from(sizes, (size) => new Uint32Array(size));
  const ends = sizes.fill(0);
  for (let at = 0; at < events.length; at++) {
    const route = routes[at] as number;
    const end = ends[route] as number;
    (groups[route] as Uint32Array)[end] = events[at] as number;
    ends[route] = end + 1;
  }
  return groups;
}

type EventTable = Pick<ChunkPlan, 'chunk' | 'parts' | 'timesMs'>;

/** The record that an event came from. */
export function recordOf(plan: EventTable, event: number): number {
  return event < plan.chunk.count ? event : present(plan.parts[event - plan.chunk.count], 'a part of an event').record;
}

export function timeOf(plan: EventTable, event: number): number {
  return present(plan.timesMs[event], 'the time of an event');
}

/** Chronological, and in the object's order where times are equal. Logs mostly are in order: look before sorting. */
function sortByTime(events: Uint32Array, timesMs: Float64Array): void {
  const count = events.length;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < count; at++) {
    const timeMs = timesMs[events[at] as number] as number;
    if (timeMs < lastMs) {
      // Events come in the object's order, and the sort is stable.
      events.sort((a, b) => (timesMs[a] as number) - (timesMs[b] as number));
      return;
    }
    lastMs = timeMs;
  }
}

/** Cuts a stream's events by the three limits of a call: bytes, events, span. Checks before it adds, never after. */
function cutBatches(
  route: Route,
  events: Uint32Array,
  sizes: Uint32Array,
  timesMs: Float64Array,
  { bytesMax, eventsMax, spanMs, eventOverheadBytes }: BatchLimits,
  batches: Batch[],
): void {
  const count = events.length;
  let from = 0;
  let bytes = 0;
  let firstMs = 0;
  for (let at = 0; at < count; at++) {
    const event = events[at] as number;
    const eventBytes = (sizes[event] as number) + eventOverheadBytes;
    const timeMs = timesMs[event] as number;
    const full = bytes + eventBytes > bytesMax || at - from >= eventsMax || timeMs - firstMs >= spanMs;
    if (full && at > from) {
      batches.push({ index: batches.length, route, events: events.subarray(from, at), bytes });
      from = at;
      bytes = 0;
    }
    if (at === from) firstMs = timeMs;
    bytes += eventBytes;
  }
  if (count > from) batches.push({ index: batches.length, route, events: events.subarray(from), bytes });
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

/** UTF-8 bytes of the messages of events. */
export function sizeOf({ chunk, parts }: EventTable, events: Uint32Array): number {
  const { count, messages } = chunk;
  let bytes = 0;
  for (const event of events) {
    bytes += (event < count ? messages.size[event] : parts[event - count]?.size) ?? 0;
  }
  return bytes;
}

/** The message of an event as text: for quarantine, not for the hot path. */
export function messageText(plan: EventTable, event: number): string {
  const part = plan.parts[event - plan.chunk.count];
  return part ? part.text : recordText(plan.chunk, event);
}
