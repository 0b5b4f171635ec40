import { setTimeout as delay } from 'node:timers/promises';

/**
 * Keeps work at a rate: `take` resolves when so many more may be done. The first of a run need not wait, and a pause saves
 * nothing up.
 */
export interface Throttle {
  /** Ends at once, without an error, when the signal aborts. */
  take(count: number): Promise<void>;
}

export function createThrottle(perSecond: number, monotonicMs: () => number, signal: AbortSignal): Throttle {
  let freeMs = 0;
  return {
    async take(count) {
      const now = monotonicMs();
      const waitMs = freeMs - now;
      freeMs = Math.max(freeMs, now) + (count * 1000) / perSecond;
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => {});
    },
  };
}
