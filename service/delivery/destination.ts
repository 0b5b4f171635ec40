import { DistributorError } from '../base/errors.ts';
import type { Delivery } from '../core/delivery.ts';
import type { ObjectRef } from '../core/notification.ts';
import type { Batch, ChunkPlan } from '../core/plan.ts';
import type { Target } from '../core/target.ts';
import type { ByteSource } from '../object/source.ts';
import type { CallWatch } from './call-watch.ts';

/** Two ways to be told to stop. */
export interface StopSignals {
  /** Drain: start nothing new; what was sent may finish. */
  readonly drain: AbortSignal;
  /** Abort: the work is no longer ours, or time is over. */
  readonly abort: AbortSignal;
  /** Looks for a reason to stop that no timer has seen yet: of a process that was halted, timers run late. */
  readonly look?: () => void;
}

/** @throws DistributorError `stopping`, or the reason of the abort */
export function throwIfStopped(signals: StopSignals): void {
  signals.look?.();
  signals.abort.throwIfAborted();
  if (signals.drain.aborted) throw new DistributorError('stopping', 'the service is stopping; the position is saved');
}

/**
 * The result of work that takes no signal, unless a stop comes first; the work itself goes on.
 * @throws as `throwIfStopped`, or what the work throws
 */
export async function unlessStopped<T>(work: Promise<T>, signals: StopSignals): Promise<T> {
  const stop = AbortSignal.any([signals.drain, signals.abort]);
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const leave = () => resolve();
  stop.addEventListener('abort', leave, { once: true });
  if (stop.aborted) leave();
  try {
    await Promise.race([work, stopped]);
  } finally {
    stop.removeEventListener('abort', leave);
  }
  throwIfStopped(signals);
  return work;
}

/** What a destination did with a batch that it took: event index ranges that it refused, by reason. */
export interface BatchReceipt {
  readonly tooOldBefore: number;
  readonly expiredBefore: number;
  readonly tooNewFrom: number;
}

/** Where one object of one delivery goes. Each kind of destination (destination/kinds.ts) makes one of these. */
export interface Destination {
  /**
   * Delivers a batch, with retries as its kind of trouble demands.
   * @throws DistributorError with the disposition of what could not be fixed
   */
  send(plan: ChunkPlan, batch: Batch, signals: StopSignals): Promise<BatchReceipt>;
  /** The answer to a batch of which the destination is known to refuse every event, without a call; undefined: it must be sent. */
  foresee?(plan: ChunkPlan, batch: Batch): BatchReceipt | undefined;
  /**
   * Told, before the first batch of a chunk is sent, what others may have sent of it; reads it back before it sends. Absent where
   * nothing can be read back.
   */
  sentBefore?(plan: ChunkPlan, before: SentBefore): void;
  /** Whether a call may have been executed without our knowing; absent: nobody asks. */
  inDoubt?(): boolean;
  /**
   * Delivers the object as it is, byte for byte, where the delivery wants every record of it; absent where only batches
   * can be delivered. Repeating it does no harm.
   * @throws as `send`
   */
  copy?(source: ByteSource, signals: StopSignals): Promise<void>;
  /**
   * Keeps a file of the service's own beside the objects; the same name overwrites it. Absent where there are no files.
   * @returns its URL
   * @throws as `send`
   */
  keepFile?(name: string, body: Uint8Array, signals: StopSignals): Promise<string>;
  /**
   * Tells the tenant something: puts events of the service's own into a stream of their own, all in one call. Absent where nobody
   * would read them.
   * @throws as `send`
   */
  say?(stream: string, events: readonly OwnEvent[], signals: StopSignals): Promise<void>;
  /** Bytes of the largest object that can be copied; absent: any. What is larger is delivered in batches. */
  readonly copyBytesMax?: number;
}

/** What owners before sent of a chunk, as far as that is known. */
export interface SentBefore {
  /** They have sent nothing of it before this time, epoch milliseconds on AWS's clock. */
  readonly sinceMs: number;
  /** They may have cut it into other batches than now. */
  readonly otherBatches: boolean;
  /** Their last call was made long enough ago to be seen. */
  readonly settled: boolean;
  /** Whether a batch was accepted for certain. */
  readonly accepted: (index: number) => boolean;
}

/** An event that the service itself writes. */
export interface OwnEvent {
  /** Epoch milliseconds, by AWS's clock. */
  readonly timestamp: number;
  readonly message: string;
}

export interface OpenOptions<T extends Target> {
  readonly delivery: Delivery;
  readonly target: T;
  readonly task: ObjectTask;
  readonly watch: CallWatch;
  /** Told of what keeps nothing from being delivered, and should be put right all the same; the last of them counts. */
  readonly onNotice: (notice: Notice) => void;
}

/** Something about a destination that an operator should know. */
export interface Notice {
  readonly code:
    | 'retention-not-set'
    | 'entity-rejected'
    | 'rejected-events-quarantined'
    | 'rejected-events-unannounced';
  /** What it is, and what to do. */
  readonly message: string;
}

/** Opens the destination of a delivery for one object. */
export type OpenDestination<T extends Target = Target> = (options: OpenOptions<T>) => Destination;

/** How the main thread wants an object to be delivered. */
export interface DeliveryOrder {
  /** Types of deliveries to leave out for now. */
  readonly held: readonly string[];
  readonly watch: CallWatch;
}

/** An object on its way: what its message and its key say. */
export interface ObjectTask {
  readonly ref: ObjectRef;
  /** `tenant_id` and whatever else the key template names; what the sessions are tagged with comes from here. */
  readonly keyFields: Readonly<Record<string, string>> & { readonly tenant_id: string };
  /** Memory that it was admitted for, bytes. */
  readonly memoryBytes?: number;
}
