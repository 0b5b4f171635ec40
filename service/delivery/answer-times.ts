import { lruSet } from '../base/lru.ts';

/** How long each destination takes to answer, as TCP estimates its retransmission timeout (RFC 6298, section 2). */
export interface AnswerTimes {
  /** After so long, milliseconds, an answer is overdue. */
  overdueMs(destination: string): number;
  /** An answer came after this long. */
  add(destination: string, ms: number): void;
}

interface Estimate {
  readonly smoothedMs: number;
  readonly variationMs: number;
}

/**
 * What nobody has measured is overdue after this, and nothing sooner: AWS answers within a tenth of a second. It is how
 * long a destination that falls silent keeps a slot.
 */
const OVERDUE_MIN_MS = 300;
/** A destination that takes longer than this every time costs its own tenant, not the others. */
const OVERDUE_MAX_MS = 1_000;
/** RFC 6298: alpha, beta and K. */
const SMOOTHED_GAIN = 1 / 8;
const VARIATION_GAIN = 1 / 4;
const VARIATIONS = 4;
const DESTINATIONS_MAX = 5_000;

export function createAnswerTimes(): AnswerTimes {
  const estimates = new Map<string, Estimate>();
  return {
    overdueMs(destination) {
      const estimate = estimates.get(destination);
      if (!estimate) return OVERDUE_MIN_MS;
      const expectedMs = estimate.smoothedMs + VARIATIONS * estimate.variationMs;
      return Math.min(OVERDUE_MAX_MS, Math.max(OVERDUE_MIN_MS, expectedMs));
    },
    add(destination, ms) {
      lruSet(estimates, destination, next(estimates.get(destination), ms), DESTINATIONS_MAX);
    },
  };
}

function next(before: Estimate | undefined, ms: number): Estimate {
  if (!before) return { smoothedMs: ms, variationMs: ms / 2 };
  return {
    smoothedMs: before.smoothedMs + SMOOTHED_GAIN * (ms - before.smoothedMs),
    variationMs: before.variationMs + VARIATION_GAIN * (Math.abs(ms - before.smoothedMs) - before.variationMs),
  };
}
