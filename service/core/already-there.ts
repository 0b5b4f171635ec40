import { type Batch, type ChunkPlan, messageText, timeOf } from './plan.ts';

/**
 * Which events of a batch a log stream holds already (docs/decisions/0012-exactly-once.md). Pure: somebody else reads the stream.
 *
 * Events are equal when their times and texts are. An equal event may be somebody else's, and a call is executed as a whole, all of
 * its events at one moment of ingestion. So an equal event counts only together with its call: one that brought half of the batch or
 * more, or, where the batch may have been cut differently, one that brought little else.
 */
export interface Search {
  /** What has to be read, in ascending order: few ranges, which leave out long stretches of time without an event of the batch. */
  readonly ranges: readonly TimeRange[];
  /** The stream holds this event. */
  see(event: SeenEvent): void;
  /** Another batch of the same stream is known to be in it: it claims its events first. */
  claim(other: Batch): void;
  /**
   * The events of the batch that the stream does not hold, in their order.
   * @param otherBatches the events may have been sent in other batches than now
   */
  missing(otherBatches: boolean): Uint32Array;
}

/** Epoch milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  /** Inclusive. */
  readonly toMs: number;
}

export interface SeenEvent {
  readonly timestamp: number;
  readonly message: string;
  /** Epoch milliseconds on the destination's clock. */
  readonly ingestedMs: number;
}

/** Events of one call have one time of ingestion, or, should that ever be different, times this near to each other. */
const CALL_MS = 1_000;
/** Stretches without an event of the batch are left out when they are longer than this, the longest of them first. */
const GAP_MS = 1_000;
const RANGES_MAX = 20;

/** @param events of the batch, or those of them that are looked for, in chronological order */
export function createSearch(plan: ChunkPlan, events: Uint32Array): Search {
  const keyOf = (event: number) => `${timeOf(plan, event)} ${messageText(plan, event)}`;
  const sought = Map.groupBy(events, keyOf);
  const found = new Map<string, number[]>();
  /** Events of all kinds by their time of ingestion. */
  const ingested = new Map<number, number>();

  const take = (key: string, ingestedMs: number): void => {
    const times = found.get(key) ?? [];
    times.splice(times.indexOf(ingestedMs), 1);
  };

  return {
    ranges: rangesOf(plan, events),
    see({ timestamp, message, ingestedMs }) {
      ingested.set(ingestedMs, (ingested.get(ingestedMs) ?? 0) + 1);
      const key = `${timestamp} ${message.toWellFormed()}`;
      if (!sought.has(key)) return;
      const times = found.get(key);
      if (times) times.push(ingestedMs);
      else found.set(key, [ingestedMs]);
    },
    claim(other) {
      const [first, last] = [events[0], events.at(-1)];
      if (first === undefined || last === undefined) return;
      const [fromMs, toMs] = [timeOf(plan, first), timeOf(plan, last)];
      const common = other.events.filter((event) => {
        const timeMs = timeOf(plan, event);
        return timeMs >= fromMs && timeMs <= toMs;
      });
      const wanted = new Map([...Map.groupBy(common, keyOf)].filter(([key]) => sought.has(key)));
      for (const { key, ingestedMs } of bestCall(wanted, found)) take(key, ingestedMs);
    },
    missing(otherBatches) {
      const whole = bestCall(sought, found).length * 2 >= events.length;
      const ours = otherBatches ? ownCalls(found, ingested) : new Set<number>();
      // Of a call that was executed, copies may have been claimed for others that came with theirs: here it does not matter with which.
      const copies = (key: string) => (found.get(key) ?? []).filter((ms) => whole || ours.has(ms)).length;
      const there = new Set([...sought].flatMap(([key, same]) => same.slice(0, copies(key))));
      return events.filter((event) => !there.has(event));
    },
  };
}

interface Sighting {
  readonly key: string;
  readonly ingestedMs: number;
}

/** The call that brought most of the wanted events. */
function bestCall(
  wanted: ReadonlyMap<string, readonly number[]>,
  found: ReadonlyMap<string, readonly number[]>,
): Sighting[] {
  const sightings = [...wanted.keys()]
    .flatMap((key) => (found.get(key) ?? []).map((ingestedMs) => ({ key, ingestedMs })))
    .sort((a, b) => a.ingestedMs - b.ingestedMs);
  const inWindow = new Map<string, number>();
  const room = (key: string) => wanted.get(key)?.length ?? 0;
  let [from, size, best] = [0, 0, { size: 0, from: 0, to: 0 }];
  for (const [to, { key, ingestedMs }] of sightings.entries()) {
    const copies = (inWindow.get(key) ?? 0) + 1;
    inWindow.set(key, copies);
    if (copies <= room(key)) size++;
    for (let oldest = sightings[from]; oldest && ingestedMs - oldest.ingestedMs > CALL_MS; oldest = sightings[++from]) {
      const left = (inWindow.get(oldest.key) ?? 0) - 1;
      inWindow.set(oldest.key, left);
      if (left < room(oldest.key)) size--;
    }
    if (size > best.size) best = { size, from, to: to + 1 };
  }
  const taken = new Map<string, number>();
  return sightings.slice(best.from, best.to).filter(({ key }) => {
    const copies = (taken.get(key) ?? 0) + 1;
    taken.set(key, copies);
    return copies <= room(key);
  });
}

/** Times of ingestion at which half of the events that came, or more, are events that we look for. */
function ownCalls(
  found: ReadonlyMap<string, readonly number[]>,
  ingested: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  const ours = Map.groupBy([...found.values()].flat(), (ms) => ms);
  return new Set([...ours].filter(([ms, { length }]) => length * 2 >= (ingested.get(ms) ?? 0)).map(([ms]) => ms));
}

function rangesOf(plan: ChunkPlan, events: Uint32Array): TimeRange[] {
  const timesMs = Float64Array.from(events, (event) => timeOf(plan, event));
  const gaps = Array.from(timesMs.subarray(1), (timeMs, at) => ({ at: at + 1, ms: timeMs - (timesMs[at] as number) }))
    .filter(({ ms }) => ms > GAP_MS)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, RANGES_MAX - 1)
    .sort((a, b) => a.at - b.at);
  const starts = [0, ...gaps.map(({ at }) => at)];
  return starts.map((start, at) => ({
    fromMs: timesMs[start] as number,
    toMs: timesMs[(starts[at + 1] ?? timesMs.length) - 1] as number,
  }));
}
