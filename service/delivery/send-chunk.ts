import pLimit from 'p-limit';
import type { Books } from '../core/books.ts';
import type { Counts } from '../core/counts.ts';
import { type Batch, type ChunkPlan, messageText, recordOf, recordsIn, sizeOf, timeOf } from '../core/plan.ts';
import { detailOf, type Rejection } from '../core/refusal.ts';
import { type BatchReceipt, type Destination, type StopSignals, throwIfStopped } from './destination.ts';
import { type Keep, type KeptRecord, originalOf } from './keep-refused.ts';
import type { Tracker } from './tracker.ts';

export interface SendChunkDeps {
  readonly destination: Destination;
  readonly tracker: Tracker;
  /** Keeps events that the destination refused. Their batches count as accepted only afterwards; until then their answers are in the books. */
  readonly keep: Keep;
  /** Saves the position. What is kept in quarantine then follows from what is saved, whoever writes it. */
  readonly save: () => Promise<void>;
  /** The destination has taken a batch, whatever it says of its events. */
  readonly onTaken: () => void;
  /** @param deliveredBytes of the messages of delivered events, UTF-8 */
  readonly onAccepted: (batch: Batch, counts: Pick<Counts, 'delivered' | 'rejected'>, deliveredBytes: number) => void;
  /** Makes the books of the events of a batch from one place to before another; undefined: none are kept. */
  readonly book: ((plan: ChunkPlan, batch: Batch, from: number, to: number) => Books) | undefined;
  /** What a batch's bytes have for each event beside its message. */
  readonly eventOverheadBytes: number;
}

/** Calls under way at once for one delivery: enough to hide their latency, few enough to bound what a crash can repeat. */
export const PUTS_AT_ONCE = 4;
/**
 * Batches whose refused events are kept together, in one file for each reason. Almost every chunk is one round; the answers that are
 * open meanwhile stand in the ledger's item, some 70 bytes each.
 */
export const ROUND_BATCHES = 256;

/** Sends the batches of a chunk that are not accepted yet, and keeps what the destination refuses of them. */
export async function sendChunk(plan: ChunkPlan, deps: SendChunkDeps, signals: StopSignals): Promise<void> {
  for (let from = 0; from < plan.batches.length; from += ROUND_BATCHES) {
    const round = plan.batches.slice(from, from + ROUND_BATCHES);
    await sendRound(plan, round, deps, signals);
    await keepRejected(plan, round, deps);
  }
}

/**
 * When one batch fails, no further one is begun, and those under way are waited for, so that the tracker knows their fate before
 * anyone saves the position.
 */
async function sendRound(
  plan: ChunkPlan,
  round: readonly Batch[],
  deps: SendChunkDeps,
  signals: StopSignals,
): Promise<void> {
  const { tracker } = deps;
  const limit = pLimit(PUTS_AT_ONCE);
  let failed = false;
  const sendOne = async (batch: Batch) => {
    if (failed) return;
    try {
      throwIfStopped(signals);
      await sendBatch(plan, batch, deps, signals);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const pending = round.filter(({ index }) => !tracker.accepted(index) && !tracker.answerTo(index));
  const results = await Promise.allSettled(pending.map((batch) => limit(sendOne, batch)));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

async function sendBatch(plan: ChunkPlan, batch: Batch, deps: SendChunkDeps, signals: StopSignals): Promise<void> {
  const { destination, tracker } = deps;
  let receipt = destination.foresee?.(plan, batch);
  let books: Books | undefined;
  if (!receipt) {
    // Before it is sent, as the body is made of the same bytes: they are read from memory once.
    books = deps.book?.(plan, batch, 0, batch.events.length);
    receipt = await destination.send(plan, batch, signals);
    deps.onTaken();
  }
  // The destination has the others: whatever becomes of the quarantine, they must not be sent again.
  if (rejectedRanges(receipt, batch.events.length).length > 0) tracker.answered(batch.index, receipt);
  else accept(plan, batch, [], deps, books);
}

/** Keeps the events of a round that the destination refused, then counts their batches as accepted, all in one turn. */
async function keepRejected(plan: ChunkPlan, round: readonly Batch[], deps: SendChunkDeps): Promise<void> {
  const answered = round.flatMap((batch) => {
    const receipt = deps.tracker.answerTo(batch.index);
    return receipt ? [{ batch, ranges: rejectedRanges(receipt, batch.events.length) }] : [];
  });
  if (answered.length === 0) return;
  await deps.save();
  const place = `${plan.chunk.at.record}/from batch ${round[0]?.index}`;
  const kept = answered.flatMap(({ batch, ranges }) => ranges.map((range) => ({ ...range, batch })));
  const refused = Array.from(
    Map.groupBy(kept, (range) => range.reason),
    ([reason, ranges]) => ({ reason, records: () => keptRecords(plan, ranges) }),
  );
  await deps.keep(place, refused);
  for (const { batch, ranges } of answered) accept(plan, batch, ranges, deps);
}

/** @param books of all of its events, where they are known and none is rejected */
function accept(
  plan: ChunkPlan,
  batch: Batch,
  ranges: readonly RejectedRange[],
  deps: SendChunkDeps,
  books = deps.book?.(plan, batch, ...takenRange(ranges, batch.events.length)),
): void {
  const { index, events } = batch;
  let rejected = 0;
  let rejectedBytes = 0;
  for (const { from, to } of ranges) {
    const part = events.subarray(from, to);
    rejected += recordsIn(plan, part);
    rejectedBytes += sizeOf(plan, part);
  }
  const counts = { delivered: recordsIn(plan, events) - rejected, rejected };
  const bytes = batch.bytes - events.length * deps.eventOverheadBytes - rejectedBytes;
  deps.tracker.accept(index, counts, { bytes, books });
  deps.onAccepted(batch, counts, bytes);
}

/** What is rejected are the oldest events and the newest ones: those between were taken. */
function takenRange(ranges: readonly RejectedRange[], events: number): [from: number, to: number] {
  const isNew = ({ reason }: RejectedRange) => reason === 'too_new';
  const from = Math.max(0, ...ranges.filter((range) => !isNew(range)).map(({ to }) => to));
  return [from, ranges.find(isNew)?.from ?? events];
}

interface RejectedRange {
  readonly reason: Rejection;
  readonly from: number;
  readonly to: number;
}

/** The ranges do not overlap: an event that is both too old and expired is too old. */
function rejectedRanges(receipt: BatchReceipt, events: number): RejectedRange[] {
  const { tooOldBefore, expiredBefore, tooNewFrom } = receipt;
  const ranges: RejectedRange[] = [
    { reason: 'too_old', from: 0, to: Math.min(tooOldBefore, events) },
    { reason: 'expired', from: tooOldBefore, to: Math.min(expiredBefore, events) },
    { reason: 'too_new', from: Math.max(tooNewFrom, tooOldBefore, expiredBefore), to: events },
  ];
  return ranges.filter(({ from, to }) => from < to);
}

function* keptRecords(
  plan: ChunkPlan,
  ranges: readonly (RejectedRange & { readonly batch: Batch })[],
): Generator<KeptRecord, void, undefined> {
  for (const { batch, reason, from, to } of ranges) {
    for (const event of batch.events.subarray(from, to)) {
      const record = recordOf(plan, event);
      yield {
        record: plan.chunk.at.record + record,
        timestamp: timeOf(plan, event),
        detail: detailOf(reason, plan.chunk, record),
        message: messageText(plan, event),
        ...originalOf(plan.chunk, record),
      };
    }
  }
}
