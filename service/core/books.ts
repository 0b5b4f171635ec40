import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { addDigests, DIGEST_VERSION, type Digest, formatDigest, parseDigest } from './digest.ts';

/**
 * What a delivery has put where: for each log stream and hour the number of events, their bytes and their digest. Kept with the position,
 * for deliveries that have receipts.
 */
export interface Books {
  /** One for each stream and hour, in no order. */
  readonly cells: readonly Cell[];
  /** False: there were more cells than books may have. Cells mean nothing then, and are none. */
  readonly covered: boolean;
}

export interface Cell {
  readonly group: string;
  readonly stream: string;
  /** Whole hours since the epoch, of the timestamps of the events. */
  readonly hour: number;
  /** Events, parts of split records included. */
  readonly events: number;
  /** UTF-8 bytes of their messages. */
  readonly bytes: number;
  readonly digest: Digest;
}

export const NO_BOOKS: Books = { cells: [], covered: true };
const NOT_COVERED: Books = { cells: [], covered: false };

/** Of one object. With names of usual length they take some 40 bytes each where they are kept. */
export const CELLS_MAX = 1_000;
/** What books may take in the ledger's item, which may have 400 KB (DynamoDB developer guide, "Quotas"). */
export const BOOKS_BYTES_MAX = 64 * 1024;
/** What they may take before they are compressed: twice what as many cells have whose names have 512 characters each. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

export const HOUR_MS = 3_600_000;

/** The books of both. @param b not more cells than `CELLS_MAX` either */
export function addBooks(a: Books, b: Books): Books {
  if (!a.covered || !b.covered) return NOT_COVERED;
  if (b.cells.length === 0) return a;
  const cells = new Map(a.cells.map((cell) => [keyOf(cell), cell]));
  for (const cell of b.cells) {
    const key = keyOf(cell);
    const before = cells.get(key);
    cells.set(key, before ? addCells(before, cell) : cell);
  }
  return cells.size > CELLS_MAX ? NOT_COVERED : { cells: [...cells.values()], covered: true };
}

/** What names a cell. No name of a group or stream has a zero byte. */
export function keyOf({ group, stream, hour }: Pick<Cell, 'group' | 'stream' | 'hour'>): string {
  return `${group}\0${stream}\0${hour}`;
}

/** @param b of the same stream and hour */
export function addCells(a: Cell, b: Cell): Cell {
  return { ...a, events: a.events + b.events, bytes: a.bytes + b.bytes, digest: addDigests(a.digest, b.digest) };
}

/** As they stand in the ledger. Books that would take more than `BOOKS_BYTES_MAX` are written as not covered. */
export function encodeBooks({ cells, covered }: Books): Uint8Array {
  const rows = cells.map(({ group, stream, hour, events, bytes, digest }) => [
    group,
    stream,
    hour,
    events,
    bytes,
    formatDigest(digest),
  ]);
  const text = Buffer.from(JSON.stringify({ digest: DIGEST_VERSION, covered, cells: rows }));
  const encoded = text.length <= TEXT_BYTES_MAX ? deflateRawSync(text) : undefined;
  return encoded && encoded.length <= BOOKS_BYTES_MAX ? encoded : encodeBooks(NOT_COVERED);
}

const COUNT = z.int().nonnegative();
const DIGEST = z.string().transform((text, context) => {
  const digest = parseDigest(text);
  if (digest) return digest;
  context.addIssue('must be 32 hexadecimal digits');
  return z.NEVER;
});
const CELL = z
  .tuple([z.string(), z.string(), z.int(), COUNT, COUNT, DIGEST])
  .transform(([group, stream, hour, events, bytes, digest]): Cell => ({ group, stream, hour, events, bytes, digest }));
const BOOKS = z
  .object({ digest: z.literal(DIGEST_VERSION), covered: z.boolean(), cells: z.array(CELL).max(CELLS_MAX) })
  .transform(({ cells, covered }): Books => ({ cells, covered }));

/** @returns books that are not covered where the bytes are no books, or of another version of the digest */
export function decodeBooks(encoded: Uint8Array): Books {
  try {
    return BOOKS.parse(JSON.parse(inflateRawSync(encoded, { maxOutputLength: TEXT_BYTES_MAX }).toString('utf8')));
  } catch {
    return NOT_COVERED;
  }
}
