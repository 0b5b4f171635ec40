import { type Cell, HOUR_MS, keyOf } from '../../core/books.ts';
import { addDigests, digestOf } from '../../core/digest.ts';
import type { FoundEvent } from '../../core/receipt-compare.ts';
import { type ReadDeps, readEvents } from './source.ts';

/** Reads events back and computes what the books say of them. */

/** A stretch of a stream that is read in one go; what is interrupted within it is read again. */
export interface Unit {
  readonly group: string;
  readonly stream: string;
  /** Whole hours since the epoch: from, and before. */
  readonly fromHour: number;
  readonly toHour: number;
}

const UNIT_HOURS = 24;

/** All streams that the cells name, each for the whole time: an event in an hour for which it has no cell is one too many. */
export function unitsOf(cells: Iterable<Cell>, fromHour: number, toHour: number): Unit[] {
  const streams = new Map([...cells].map(({ group, stream }) => [JSON.stringify([group, stream]), { group, stream }]));
  return [...streams.keys()].sort().flatMap((key) => {
    const named = streams.get(key);
    const units: Unit[] = [];
    for (let from = fromHour; named && from < toHour; from += UNIT_HOURS) {
      units.push({ ...named, fromHour: from, toHour: Math.min(toHour, from + UNIT_HOURS) });
    }
    return units;
  });
}

/** The cells of a unit as they are found. @param onEvents is told of each page's events */
export async function readCells(deps: ReadDeps, unit: Unit, onEvents: (count: number) => void): Promise<Cell[]> {
  const { group, stream, fromHour, toHour } = unit;
  const cells = new Map<string, Cell>();
  const range = { group, stream, fromMs: fromHour * HOUR_MS, toMs: toHour * HOUR_MS };
  for await (const page of readEvents(deps, range)) {
    for (const { timestamp = 0, message = '' } of page) {
      const hour = Math.floor(timestamp / HOUR_MS);
      const bytes = Buffer.from(message);
      const digest = digestOf(bytes, timestamp);
      const key = keyOf({ group, stream, hour });
      const before = cells.get(key);
      cells.set(key, {
        group,
        stream,
        hour,
        events: (before?.events ?? 0) + 1,
        bytes: (before?.bytes ?? 0) + bytes.length,
        digest: before ? addDigests(before.digest, digest) : digest,
      });
    }
    onEvents(page.length);
  }
  return [...cells.values()];
}

/** More are not looked at one by one: some 200 MB. */
const EVENTS_MAX = 500_000;

/** Every event of a stream and hour; undefined where there are too many to look at. */
export async function readHour(
  deps: ReadDeps,
  { group, stream, hour }: Pick<Cell, 'group' | 'stream' | 'hour'>,
): Promise<FoundEvent[] | undefined> {
  const events: FoundEvent[] = [];
  const range = { group, stream, fromMs: hour * HOUR_MS, toMs: (hour + 1) * HOUR_MS };
  for await (const page of readEvents(deps, range)) {
    for (const { timestamp = 0, message = '', ingestionTime = 0 } of page) {
      const bytes = Buffer.from(message);
      events.push({ digest: digestOf(bytes, timestamp), bytes: bytes.length, timestamp, ingestedMs: ingestionTime });
    }
    if (events.length > EVENTS_MAX) return undefined;
  }
  return events;
}
