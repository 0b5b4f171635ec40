import * as z from 'zod';
import { decodeBooks } from '../core/books.ts';
import { NO_COUNTS } from '../core/counts.ts';

/** What the ledger reads back of a delivery's item. */

/** Counts as an item of the ledger has them. */
export const COUNTS = z.object({
  read: z.number(),
  delivered: z.number(),
  filtered: z.number(),
  rejected: z.number(),
  quarantined: z.number(),
});
/** What is read back of an item. Somebody else may have written it: what cannot be read counts as absent. */
export const ITEM = z.object({
  state: z.enum(['delivering', 'done', 'dead']).catch('delivering'),
  lease_expires_at: z.number().catch(0),
  owner: z.string().optional().catch(undefined),
  recent_owners: z.set(z.string()).catch(new Set<string>()),
  setups: z.set(z.string()).catch(new Set<string>()),
  /** Whose last write this is: of the last owner that finished, buried or gave back. */
  ended_by: z.string().optional().catch(undefined),
  counts: COUNTS.catch(NO_COUNTS),
});
export type Item = z.output<typeof ITEM>;

const ORDINAL = z.number().int().nonnegative();
const ANSWER = z.object({ batch: ORDINAL, tooOldBefore: ORDINAL, expiredBefore: ORDINAL, tooNewFrom: ORDINAL });
const BOOKS = z.instanceof(Uint8Array).transform(decodeBooks).optional().catch(undefined);
/** A position holds together or not at all: half of one would count records twice, or in no outcome. */
export const PROGRESS = z.object({
  chunk: ORDINAL,
  record: ORDINAL,
  cursor: z.string(),
  batch: ORDINAL,
  ahead: z.array(z.tuple([ORDINAL, ORDINAL]).readonly()).readonly(),
  answers: z.array(ANSWER).readonly(),
  layout: z.string(),
  counts: COUNTS,
  partial: COUNTS,
  begunMs: ORDINAL.catch(0),
  // Positions that an earlier version saved have none of these.
  bytes: ORDINAL.catch(0),
  partialBytes: ORDINAL.catch(0),
  calls: ORDINAL.catch(0),
  books: BOOKS,
  partialBooks: BOOKS,
});

export const BEGUN = z.object({ begunMs: ORDINAL.optional().catch(undefined) });
