import { addCells, type Books, type Cell, keyOf } from './books.ts';
import { addCounts, type Counts, NO_COUNTS } from './counts.ts';
import { formatDigest } from './digest.ts';
import { parseObjectId } from './notification.ts';
import { hourName, type Receipt, type ReceiptObject, type ReceiptStream } from './receipt.ts';

/** An object that a delivery is done with, and that no receipt has yet. */
export interface DueObject {
  readonly id: string;
  readonly counts: Counts;
  readonly books: Books;
}

/** What the objects make of a receipt. */
export type ReceiptContent = Pick<Receipt, 'replay' | 'counts' | 'objects' | 'streams'>;

/** Collects objects for one receipt, until it is full. */
export interface ReceiptDraft {
  /** What is not taken waits for another receipt. */
  add(object: DueObject): 'taken' | 'of another replay' | 'no room';
  content(): ReceiptContent;
}

/** Objects of one receipt: whoever issues it marks each of them with a write of its own. */
export const RECEIPT_OBJECTS_MAX = 1_000;
/** What a receipt has beside objects and streams takes less. */
const FRAME_BYTES = 2_048;
/** Most that an hour takes: its names, 32 digits and two numbers. */
const HOUR_BYTES = 128;
const STREAM_BYTES = 40;

/** @param bytesMax of the document; an object that would not even fit alone is said to be not covered */
export function createReceiptDraft(bytesMax: number): ReceiptDraft {
  const objects: ReceiptObject[] = [];
  const cells = new Map<string, Cell>();
  const streams = new Set<string>();
  let counts = NO_COUNTS;
  let replay: string | null = null;
  let bytes = FRAME_BYTES;

  const costOf = (added: readonly Cell[]): number => {
    const seen = new Set<string>();
    let cost = 0;
    for (const cell of added) {
      if (!cells.has(keyOf(cell))) cost += HOUR_BYTES;
      const stream = streamOf(cell);
      if (!streams.has(stream) && !seen.has(stream)) cost += bytesOf(cell.group) + bytesOf(cell.stream) + STREAM_BYTES;
      seen.add(stream);
    }
    return cost;
  };
  const take = (object: ReceiptObject, added: readonly Cell[], cost: number, of: Counts) => {
    for (const cell of added) {
      const before = cells.get(keyOf(cell));
      cells.set(keyOf(cell), before ? addCells(before, cell) : cell);
      streams.add(streamOf(cell));
    }
    objects.push(object);
    bytes += cost;
    counts = addCounts(counts, of);
  };

  return {
    add({ id, counts: of, books }) {
      const replayId = parseObjectId(id)?.replayId ?? null;
      if (objects.length === 0) replay = replayId;
      if (replay !== replayId) return 'of another replay';
      if (objects.length >= RECEIPT_OBJECTS_MAX) return 'no room';
      const object = { id, read: of.read, delivered: of.delivered, covered: books.covered };
      const ownCost = bytesOf(object);
      const cost = ownCost + costOf(books.cells);
      if (bytes + cost <= bytesMax) {
        take(object, books.cells, cost, of);
        return 'taken';
      }
      if (objects.length > 0) return 'no room';
      take({ ...object, covered: false }, [], ownCost, of);
      return 'taken';
    },
    content: () => ({
      replay,
      counts: { objects: objects.length, ...counts },
      objects,
      streams: toStreams([...cells.values()]),
    }),
  };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}

function streamOf({ group, stream }: Cell): string {
  return `${group}\0${stream}`;
}

/** In the order of names and hours, so that people find them. */
function toStreams(cells: readonly Cell[]): ReceiptStream[] {
  const byStream = Map.groupBy(cells, streamOf);
  return [...byStream.keys()].sort().map((key) => {
    const [group = '', stream = ''] = key.split('\0');
    const hours = (byStream.get(key) ?? [])
      .toSorted((a, b) => a.hour - b.hour)
      .map(({ hour, events, bytes, digest }) => ({
        hour: hourName(hour),
        events,
        bytes,
        digest: formatDigest(digest),
      }));
    return { group, stream, hours };
  });
}
