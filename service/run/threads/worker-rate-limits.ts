import { DistributorError } from '../../base/errors.ts';
import { throwIfStopped } from '../../delivery/destination.ts';
import type { LimitAnswer, RateLimitedCall, RateLimiter } from '../../delivery/rate-limiter.ts';
import type { Permit, RateLimitAnswer } from '../schedule/rate-limits.ts';

/**
 * A thread's side of the rate limits. Calls to a destination that is free and without a cap go at once, and are only counted;
 * all others ask the main thread, which keeps the limits for all threads, and report their answers to it.
 */
export interface WorkerRateLimits extends RateLimiter {
  /** The destination must be asked for from now on, or no longer. */
  limit(destination: string, limited: boolean): void;
}

export interface WorkerRateLimitsDeps {
  readonly ask: (call: RateLimitedCall) => Promise<Permit>;
  readonly tell: (answer: RateLimitAnswer) => void;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const WINDOW_MS = 1_000;
/** Destinations whose calls are counted; a destination that was forgotten counts from nought. */
const COUNTED_MAX = 5_000;

export function createWorkerRateLimits({ ask, tell, nowMs, wait }: WorkerRateLimitsDeps): WorkerRateLimits {
  const limited = new Set<string>();
  const counts = createCallCounts(nowMs);

  const heard = (destination: string, round?: number) => (answer: LimitAnswer) => {
    if (answer === 'accepted') counts.add(destination);
    // Nobody counts what a free destination accepts.
    if (round === undefined && answer === 'accepted') return;
    const acceptedLately = counts.perSecond(destination);
    tell({ destination, answer, acceptedLately, ...(round === undefined ? {} : { round }) });
  };

  return {
    async ready(call, signals) {
      const { destination, tenantId } = call;
      if (call.bytesPerSecondMax === undefined && !limited.has(destination)) return heard(destination);
      for (;;) {
        throwIfStopped(signals);
        const permit = await ask(call);
        if (permit.kind === 'go') return heard(destination, permit.round);
        if (permit.kind === 'yield') {
          throw new DistributorError(
            'destination-throttled',
            `tenant ${tenantId}: ${destination} can be called again in ${Math.ceil(permit.ms / 1000)} s; the position is saved`,
            { retryAfterMs: permit.ms },
          );
        }
        await wait(permit.ms, AbortSignal.any([signals.drain, signals.abort]));
      }
    },
    limit(destination, isLimited) {
      if (isLimited) limited.add(destination);
      else limited.delete(destination);
    },
  };
}

/** Accepted calls of the current second and of the one before. */
function createCallCounts(nowMs: () => number) {
  const windows = new Map<string, { startMs: number; calls: number; before: number }>();
  const current = (destination: string) => {
    const now = nowMs();
    const window = windows.get(destination) ?? { startMs: now, calls: 0, before: 0 };
    if (now - window.startMs >= WINDOW_MS) {
      window.before = now - window.startMs < 2 * WINDOW_MS ? window.calls : 0;
      window.calls = 0;
      window.startMs = now;
    }
    return window;
  };
  return {
    add(destination: string) {
      if (windows.size >= COUNTED_MAX && !windows.has(destination)) windows.clear();
      const window = current(destination);
      window.calls++;
      windows.set(destination, window);
    },
    perSecond(destination: string): number {
      const { calls, before } = current(destination);
      return Math.max(calls, before);
    },
  };
}
