import type { StopSignals } from './destination.ts';

/** A call that a destination is about to get. Plain data: threads ask each other about it. */
export interface RateLimitedCall {
  readonly tenantId: string;
  /** The delivery's type. */
  readonly type: string;
  /** What has a limit of its own: service, account and region. */
  readonly destination: string;
  readonly bytes: number;
  /** The tenant's own cap; undefined: none. */
  readonly bytesPerSecondMax: number | undefined;
}

/** What a destination's limit made of a call. Errors of another kind say nothing about the limit. */
export type LimitAnswer = 'accepted' | 'refused';

/** Keeps the calls to each destination within what it takes, over all objects and threads of the process. */
export interface RateLimiter {
  /**
   * Resolves when the call may be made, with a function to be told its answer.
   * @throws DistributorError `destination-throttled`, with `retryAfterMs`, when waiting would keep a slot from others; and
   * as `throwIfStopped`
   */
  ready(call: RateLimitedCall, signals: StopSignals): Promise<(answer: LimitAnswer) => void>;
}
