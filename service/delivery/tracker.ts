import type { Chunk, Position } from '../core/chunk.ts';
import { addCounts, type Counts, NO_COUNTS } from '../core/counts.ts';
import type { Progress } from '../ledger/ledger.ts';

/**
 * Keeps the books of one delivery while it runs: which batches of the current chunk are accepted, and what became of
 * every record so far. Always in a state that the ledger may save.
 */
export interface Tracker {
  /** Where decoding starts. */
  readonly from: Position;
  /** Whether a batch was accepted already: by us, or by whoever held the delivery before. */
  accepted(batch: number): boolean;
  accept(batch: number, counts: Partial<Counts>): void;
  /**
   * The chunk is delivered: its records that were never sent join the counts, and the position moves to the next. After
   * the last one it stays, with all batches accepted: there is no cursor for the end, and '' is the beginning.
   */
  completeChunk(chunk: Chunk, unsent: Partial<Counts>): void;
  /** A snapshot for the ledger. */
  progress(): Progress;
  /** All counts so far, those of a half-delivered chunk included. */
  counts(): Counts;
}

/**
 * @param saved where the ledger says the delivery stands
 * @param layout what batch numbers depend on now; when the saved one differs, the chunk at hand starts anew
 */
export function createTracker(saved: Progress, layout: string): Tracker {
  const same = saved.layout === layout;
  let { chunk, record, cursor, counts } = saved;
  let batch = same ? saved.batch : 0;
  let ahead = new Set(same ? saved.ahead : []);
  let partial = same ? saved.partial : NO_COUNTS;
  /** What the last chunk adds to the counts, besides its accepted batches. */
  let last: Partial<Counts> = {};

  return {
    from: { record, cursor },
    accepted: (index) => index < batch || ahead.has(index),
    accept(index, accepted) {
      ahead.add(index);
      while (ahead.delete(batch)) batch++;
      partial = addCounts(partial, accepted);
    },
    completeChunk({ count, next }, unsent) {
      const rest = { ...unsent, read: count };
      if (!next) {
        last = rest;
        return;
      }
      counts = addCounts(addCounts(counts, partial), rest);
      chunk++;
      record = next.record;
      cursor = next.cursor;
      batch = 0;
      ahead = new Set();
      partial = NO_COUNTS;
    },
    progress: () => ({ chunk, record, cursor, batch, ahead: [...ahead], layout, counts, partial }),
    counts: () => addCounts(addCounts(counts, partial), last),
  };
}
