import { type Batch, type ChunkPlan, messageText, timeOf } from './plan.ts';

/**
 * Which events of a batch a log stream holds already (docs/decisions/0012-exactly-once.md). Pure: somebody else reads the stream.
 *
 * Events are equal when their times and texts are. An equal event may be somebody else's, and a call is executed as a whole, all of
 * its events at one moment of ingestion. So an equal event counts only together with its call: one that brought half of the batch or
 * more, or, where the batch may have been cut differently, one that brought a piece of it and little else.
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
const RANGES_MAX = 10;
/** The least part of a batch that a call must have brought which was cut differently and lies within it: others bring an equal event or two. */
const PIECE = 1 / 4;

/** Places in the batch by what makes events equal. */
type Places = ReadonlyMap<string, readonly number[]>;
/** Times of ingestion of equal events, one for each copy. */
type Copies = ReadonlyMap<string, readonly number[]>;

/** @param events of the batch, or those of them that are looked for, in chronological order */
export function createSearch(plan: ChunkPlan, events: Uint32Array): Search {
  const keyOf = (event: number) => `${timeOf(plan, event)} ${messageText(plan, event)}`;
  const sought: Places = Map.groupBy(events.keys(), (place) => keyOf(events[place] as number));
  const found = new Map<string, number[]>();
  /** Events of all kinds by their time of ingestion, without those that are claimed. */
  const ingested = new Map<number, number>();

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
      if (wanted.size === 0) return;
      // Its own copies came together, with all of its events; where ours did too, those that came with few of ours go first.
      const [theirs, ours] = [piecesOf(wanted, found), piecesOf(sought, found)];
      const sizeOf = (pieces: typeof ours, ms: number) => pieces.get(ms)?.length ?? 0;
      for (const [key, { length }] of wanted) {
        const copies = found.get(key) ?? [];
        copies.sort((a, b) => sizeOf(theirs, b) - sizeOf(theirs, a) || sizeOf(ours, a) - sizeOf(ours, b) || a - b);
        for (const ms of copies.splice(0, length)) ingested.set(ms, (ingested.get(ms) ?? 0) - 1);
      }
    },
    missing(otherBatches) {
      const there = new Set(otherBatches ? placesOfPieces(sought, found, ingested) : placesOfCall(sought, found));
      return events.filter((_event, place) => !there.has(place));
    },
  };
}

/** What the batch's own call brought, where it was executed: the call that brought most of it, if that is half. */
function placesOfCall(sought: Places, found: Copies): readonly number[] {
  const places = bestCall(sought, found);
  const size = sought.values().reduce((sum, { length }) => sum + length, 0);
  return places.length * 2 >= size ? places : [];
}

interface Sighting {
  readonly key: string;
  readonly ingestedMs: number;
}

/** The places of which most were brought within the time of one call. */
function bestCall(sought: Places, found: Copies): number[] {
  const sightings = [...found]
    .flatMap(([key, times]) => times.map((ingestedMs): Sighting => ({ key, ingestedMs })))
    .sort((a, b) => a.ingestedMs - b.ingestedMs);
  const inWindow = new Map<string, number>();
  const room = (key: string) => sought.get(key)?.length ?? 0;
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
  const call = Map.groupBy(sightings.slice(best.from, best.to), ({ key }) => key);
  return [...call].flatMap(([key, { length }]) => sought.get(key)?.slice(0, length) ?? []);
}

/** The places that each moment of ingestion can have brought. */
function piecesOf(sought: Places, found: Copies): ReadonlyMap<number, readonly number[]> {
  const pieces = new Map<number, number[]>();
  for (const [key, times] of found) {
    for (const [ms, { length }] of Map.groupBy(times, (ms) => ms)) {
      const places = sought.get(key)?.slice(0, length) ?? [];
      const piece = pieces.get(ms);
      if (piece) piece.push(...places);
      else pieces.set(ms, [...places]);
    }
  }
  return pieces;
}

/** What calls of ours brought that were cut differently. */
function placesOfPieces(sought: Places, found: Copies, ingested: ReadonlyMap<number, number>): readonly number[] {
  const size = sought.values().reduce((sum, { length }) => sum + length, 0);
  const own = new Set(
    [...piecesOf(sought, found)]
      .filter(([ms, places]) => isPiece(places, size) && places.length * 2 >= (ingested.get(ms) ?? 0))
      .map(([ms]) => ms),
  );
  return [...found].flatMap(
    ([key, times]) => sought.get(key)?.slice(0, times.filter((ms) => own.has(ms)).length) ?? [],
  );
}

/**
 * Whether places are a piece that a call may have been cut in: half of what lies between its ends, and a good part of the batch, or
 * one that reaches into it from a neighbour. One event is none, unless it is half of the batch.
 */
function isPiece(places: readonly number[], size: number): boolean {
  if (places.length * 2 >= size) return true;
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const reaches = first === 0 || last === size - 1;
  const dense = places.length * 2 >= last - first + 1;
  return places.length > 1 && dense && (reaches || places.length >= size * PIECE);
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
