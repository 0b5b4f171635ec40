import { addBooks, type Books, NO_BOOKS } from '../core/books.ts';
import type { Chunk, Position } from '../core/chunk.ts';
import { addCounts, type Counts, NO_COUNTS } from '../core/counts.ts';
import type { Progress } from '../ledger/ledger.ts';
import type { BatchReceipt, SentBefore } from './destination.ts';
import { chunkLayout, parseLayout } from './layout.ts';

/**
 * Keeps the books of one delivery while it runs: which batches of the current chunk are accepted, and what became of
 * every record so far. Always in a state that the ledger may save.
 *
 * It also keeps the time by which the current chunk is planned (`judgedMs`): batches are numbers, and they mean the same only as
 * long as the same events are left out for their times. The time is fixed with the first thing that depends on it, a batch that
 * is accepted or an event that is kept, and is part of the saved layout from then on. Until then every attempt takes its own.
 */
export interface Tracker {
  /** Where decoding starts. */
  readonly from: Position;
  /**
   * The time by which the current chunk is to be planned: the one that it is fixed to, else `nowMs`. undefined: it was planned
   * without one before, by a version that knew of none, or because all of its events were in time.
   */
  judgedMs(nowMs: number): number | undefined;
  /** The chunk is planned. @param judgedMs undefined: its batches do not depend on the time */
  planned(judgedMs: number | undefined): void;
  /** From now on whoever goes on must plan the chunk by the same time. */
  fix(): void;
  /** Whether a batch was accepted already: by us, or by whoever held the delivery before. */
  accepted(batch: number): boolean;
  accept(batch: number, counts: Partial<Counts>, sent?: Sent): void;
  /** The destination has the batch, but events that it refused are not in quarantine yet. `accept` ends that. */
  answered(batch: number, receipt: BatchReceipt): void;
  /** The answer to a batch that was sent but not accepted yet, by us or by whoever held the delivery before. */
  answerTo(batch: number): BatchReceipt | undefined;
  /**
   * The chunk is delivered: its records that were never sent join the counts, and the position moves to the next. After
   * the last one it stays, with all batches accepted: there is no cursor for the end, and '' is the beginning.
   * @param nowMs on the table's clock, epoch milliseconds: the next chunk begins
   */
  completeChunk(chunk: Chunk, unsent: Partial<Counts>, nowMs: number): void;
  /**
   * What owners before may have sent of the chunk at hand without a trace that this one can use. undefined: nothing, or the chunk is
   * another one by now.
   * @param doubted the owner before did not say how its calls ended
   */
  sentBefore(
    doubted: { readonly otherSetup: boolean } | undefined,
  ): Pick<SentBefore, 'sinceMs' | 'otherBatches'> | undefined;
  /** A request goes out. */
  called(): void;
  /** A snapshot for the ledger. */
  progress(): Progress;
  /** All counts so far, those of a half-delivered chunk included. */
  counts(): Counts;
  /** The same of the rest. */
  totals(): Pick<Progress, 'bytes' | 'calls' | 'books'>;
}

/** What the destination has of a batch. */
export interface Sent {
  /** UTF-8 bytes of the messages. */
  readonly bytes: number;
  /** Of a delivery that keeps books. */
  readonly books?: Books | undefined;
}

const NOTHING_SENT: Sent = { bytes: 0 };

/**
 * @param saved where the ledger says the delivery stands
 * @param layout what batch numbers depend on now, for the whole object; when the saved one differs, the chunk at hand starts anew
 * @param booked whether books are kept
 */
export function createTracker(saved: Progress, layout: string, booked = false): Tracker {
  const before = parseLayout(saved.layout);
  const same = before.objectLayout === layout;
  let { chunk, record, cursor, counts, bytes, calls, begunMs } = saved;
  let batch = same ? saved.batch : 0;
  let ahead = same ? saved.ahead : [];
  let answers = new Map(same ? saved.answers.map((answer) => [answer.batch, answer]) : []);
  let partial = same ? saved.partial : NO_COUNTS;
  let partialBytes = same ? saved.partialBytes : 0;
  let books = booked ? (saved.books ?? booksWithout(counts)) : undefined;
  let partialBooks = booked ? ((same ? saved.partialBooks : undefined) ?? booksWithout(partial)) : undefined;
  let judgedMs = same ? before.judgedMs : undefined;
  let fixed = judgedMs !== undefined || batch > 0 || ahead.length > 0 || answers.size > 0;
  const changed = saved.layout !== '' && !same;
  const sent = saved.batch > 0 || saved.ahead.length > 0 || saved.answers.length > 0;
  const fixedBefore = fixed;
  /** What the last chunk adds to the counts, besides its accepted batches. */
  let last: Partial<Counts> = {};

  return {
    from: { record, cursor },
    judgedMs: (nowMs) => (fixed ? judgedMs : nowMs),
    planned(ms) {
      if (!fixed) judgedMs = ms;
    },
    fix() {
      fixed = true;
    },
    accepted: (index) => index < batch || ahead.some(([from, to]) => from <= index && index < to),
    accept(index, accepted, sent = NOTHING_SENT) {
      fixed = true;
      ahead = join([...ahead, [index, index + 1]]);
      const [first, ...others] = ahead;
      if (first?.[0] === batch) {
        batch = first[1];
        ahead = others;
      }
      answers.delete(index);
      partial = addCounts(partial, accepted);
      partialBytes += sent.bytes;
      partialBooks &&= addBooks(partialBooks, sent.books ?? NO_BOOKS);
    },
    answered(index, { tooOldBefore, expiredBefore, tooNewFrom }) {
      fixed = true;
      answers.set(index, { batch: index, tooOldBefore, expiredBefore, tooNewFrom });
    },
    answerTo: (index) => answers.get(index),
    completeChunk({ count, next }, unsent, nowMs) {
      const rest = { ...unsent, read: count };
      if (!next) {
        last = rest;
        return;
      }
      counts = addCounts(addCounts(counts, partial), rest);
      bytes += partialBytes;
      books &&= addBooks(books, partialBooks ?? NO_BOOKS);
      chunk++;
      record = next.record;
      cursor = next.cursor;
      batch = 0;
      ahead = [];
      answers = new Map();
      partial = NO_COUNTS;
      partialBytes = 0;
      partialBooks &&= NO_BOOKS;
      judgedMs = undefined;
      fixed = false;
      begunMs = nowMs;
    },
    sentBefore(doubted) {
      if (chunk !== saved.chunk || !(doubted || (sent && changed))) return undefined;
      // What was planned by another time may leave out other events.
      const judgedAnew = !fixedBefore && judgedMs !== undefined;
      return { sinceMs: begunMs, otherBatches: changed || judgedAnew || doubted?.otherSetup === true };
    },
    called() {
      calls++;
    },
    progress: () => ({
      chunk,
      record,
      cursor,
      batch,
      ahead,
      answers: [...answers.values()],
      layout: chunkLayout(layout, fixed ? judgedMs : undefined),
      counts,
      partial,
      begunMs,
      bytes,
      partialBytes,
      calls,
      ...(books && { books, partialBooks }),
    }),
    counts: () => addCounts(addCounts(counts, partial), last),
    totals: () => ({
      bytes: bytes + partialBytes,
      calls,
      books: books && addBooks(books, partialBooks ?? NO_BOOKS),
    }),
  };
}

/** Of deliveries that kept none until now: books that lack what was delivered before would be wrong. */
function booksWithout({ delivered }: Counts): Books {
  return { ...NO_BOOKS, covered: delivered === 0 };
}

/** Ranges in order, those that touch made one. Batches are begun in order, a few at once, so few gaps are ever left. */
function join(ranges: Progress['ahead']): Progress['ahead'] {
  const joined: [from: number, to: number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}
