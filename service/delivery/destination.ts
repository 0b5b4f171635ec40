import { DistributorError } from '../base/errors.ts';
import type { Delivery } from '../core/delivery.ts';
import type { Batch, ChunkPlan } from '../core/plan.ts';

/** Two ways to be told to stop. */
export interface StopSignals {
  /** Drain: start nothing new; what was sent may finish. */
  readonly drain: AbortSignal;
  /** Abort: the work is no longer ours, or time is over. */
  readonly abort: AbortSignal;
}

/** @throws DistributorError `stopping`, or the reason of the abort */
export function throwIfStopped(signals: StopSignals): void {
  signals.abort.throwIfAborted();
  if (signals.drain.aborted) throw new DistributorError('stopping', 'the service is stopping; the position is saved');
}

/** What a destination did with a batch that it accepted: event index ranges that it refused, by reason. */
export interface BatchReceipt {
  readonly tooOldBefore: number;
  readonly expiredBefore: number;
  readonly tooNewFrom: number;
}

/** Where the batches of one delivery go. A kind of destination is a file that makes one of these. */
export interface Destination {
  /**
   * Delivers a batch, with retries as its kind of trouble demands.
   * @throws DistributorError with the disposition of what could not be mended
   */
  send(plan: ChunkPlan, batch: Batch, signals: StopSignals): Promise<BatchReceipt>;
}

/** Opens the destination of a delivery for one object. `keyFields` become session tags. */
export type OpenDestination = (delivery: Delivery, keyFields: Readonly<Record<string, string>>) => Destination;
