import pLimit from 'p-limit';
import type { Counts } from '../core/counts.ts';
import { type Batch, type ChunkPlan, messageText, recordOf, recordsIn, timeOf } from '../core/plan.ts';
import type { QuarantineReason } from '../core/screen.ts';
import { type BatchReceipt, type Destination, type StopSignals, throwIfStopped } from './destination.ts';
import type { Tracker } from './tracker.ts';

/** An event that the destination refused. */
export interface RefusedEvent {
  readonly record: number;
  readonly timestamp: number;
  readonly message: string;
}

export interface SendChunkDeps {
  readonly destination: Destination;
  readonly tracker: Tracker;
  /** Keeps refused events of a batch. It counts as accepted only afterwards; until then its answer is in the books. */
  readonly quarantine: (reason: QuarantineReason, batch: Batch, events: readonly RefusedEvent[]) => Promise<void>;
  readonly onAccepted: (batch: Batch, counts: Partial<Counts>) => void;
}

/** Calls under way at once for one delivery: enough to hide their latency, few enough to bound what a crash can repeat. */
export const PUTS_AT_ONCE = 4;

/**
 * Sends the batches of a chunk that are not accepted yet. When one fails, no further one is begun, and those under way
 * are waited for, so that the tracker knows their fate before anyone saves the position.
 */
export async function sendChunk(plan: ChunkPlan, deps: SendChunkDeps, signals: StopSignals): Promise<void> {
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
  const pending = plan.batches.filter((batch) => !deps.tracker.accepted(batch.index));
  const results = await Promise.allSettled(pending.map((batch) => limit(sendOne, batch)));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

async function sendBatch(plan: ChunkPlan, batch: Batch, deps: SendChunkDeps, signals: StopSignals): Promise<void> {
  const { tracker } = deps;
  const receipt = tracker.answerTo(batch.index) ?? (await deps.destination.send(plan, batch, signals));
  const refusals = refusedRanges(receipt, batch.events.length);
  // The destination has the others: whatever becomes of the quarantine, they must not be sent again.
  if (refusals.length > 0) tracker.answered(batch.index, receipt);
  let rejected = 0;
  for (const { reason, from, to } of refusals) {
    const events = batch.events.subarray(from, to);
    rejected += recordsIn(plan, events);
    await deps.quarantine(
      reason,
      batch,
      Array.from(events, (event) => toRefused(plan, event)),
    );
  }
  const counts = { delivered: recordsIn(plan, batch.events) - rejected, rejected };
  tracker.accept(batch.index, counts);
  deps.onAccepted(batch, counts);
}

interface RefusedRange {
  readonly reason: QuarantineReason;
  readonly from: number;
  readonly to: number;
}

/** The ranges do not overlap: an event that is both too old and expired is too old. */
function refusedRanges(receipt: BatchReceipt, events: number): RefusedRange[] {
  const { tooOldBefore, expiredBefore, tooNewFrom } = receipt;
  const ranges: RefusedRange[] = [
    { reason: 'too_old', from: 0, to: Math.min(tooOldBefore, events) },
    { reason: 'expired', from: tooOldBefore, to: Math.min(expiredBefore, events) },
    { reason: 'too_new', from: Math.max(tooNewFrom, tooOldBefore, expiredBefore), to: events },
  ];
  return ranges.filter(({ from, to }) => from < to);
}

function toRefused(plan: ChunkPlan, event: number): RefusedEvent {
  return {
    record: plan.chunk.at.record + recordOf(plan, event),
    timestamp: timeOf(plan, event),
    message: messageText(plan, event),
  };
}
