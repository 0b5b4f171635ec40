import { setTimeout as delay } from 'node:timers/promises';
import { DistributorError } from '../base/errors.ts';
import { type BackoffLimits, nextBackoffMs } from '../core/backoff.ts';
import { type AwsFault, faultOf } from './fault.ts';

export interface RetryPolicy extends BackoffLimits {
  /** Calls in all, the first included. */
  readonly attemptsMax: number;
  /** The first wait after a call that was throttled. Default: that after any other. */
  readonly throttledFirstMs?: number;
}

export interface RetryDeps {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told of each failed attempt before the wait. */
  readonly onRetry?: (fault: AwsFault, error: unknown, attempt: number) => void;
}

const REPEATABLE: ReadonlySet<AwsFault> = new Set(['throttle', 'transient']);

/**
 * Calls until it succeeds, fails in a way that repeating cannot help, or the attempts are used up; then throws the last
 * error. Waits end at once when the signal aborts.
 */
export async function withRetry<T>(
  operation: (attempt: number) => Promise<T>,
  policy: RetryPolicy,
  deps: RetryDeps,
  signal: AbortSignal,
): Promise<T> {
  let waitMs = policy.firstMs;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      const fault = faultOf(error);
      // One of our own errors is of another call, such as a first hop's, which has had its attempts.
      const isFinal = error instanceof DistributorError || !REPEATABLE.has(fault);
      if (signal.aborted || isFinal || attempt >= policy.attemptsMax) throw error;
      deps.onRetry?.(fault, error, attempt);
      const firstMs = (fault === 'throttle' ? policy.throttledFirstMs : undefined) ?? policy.firstMs;
      waitMs = nextBackoffMs(waitMs, { ...policy, firstMs }, deps.random);
      await delay(waitMs, undefined, { signal });
    }
  }
}
