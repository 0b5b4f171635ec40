import type { StopSignals } from './destination.ts';

/** A call that a destination is about to get. Plain data: threads ask each other about it. */
export interface PacedCall {
  readonly tenantId: string;
  /** The delivery's type. */
  readonly type: string;
  /** What has a limit of its own: service, account and region. */
  readonly destination: string;
  readonly bytes: number;
  /** The tenant's own cap; undefined: none. */
  readonly bytesPerSecondMax: number | undefined;
}

/** Keeps the calls to each destination within what it takes, over all objects and threads of the process. */
export interface Pace {
  /**
   * Resolves when the call may be made.
   * @throws DistributorError `destination-throttled`, with `retryAfterMs`, when waiting would keep a slot from others; and
   * as `throwIfStopped`
   */
  ready(call: PacedCall, signals: StopSignals): Promise<void>;
  /** The destination has throttled a call. */
  throttled(call: PacedCall): void;
}
