/**
 * Retry arithmetic. Randomness is given, so that a plan can be replayed and tested.
 */

export interface BackoffLimits {
  readonly firstMs: number;
  /** No wait is longer, jitter included: jitter is drawn below the cap, never added to it. */
  readonly capMs: number;
}

/**
 * The next wait by decorrelated jitter: uniform between the first wait and three times the previous one, under the cap.
 * Spreads the callers of a struggling service better than doubling with jitter does ("Exponential Backoff And Jitter",
 * AWS Architecture Blog, 2015).
 * @param random uniform in [0, 1)
 */
export function nextBackoffMs(previousMs: number, limits: BackoffLimits, random: () => number): number {
  const high = Math.max(limits.firstMs, previousMs * 3);
  return Math.min(limits.capMs, Math.round(limits.firstMs + random() * (high - limits.firstMs)));
}

/** SQS takes whole seconds, at most 12 hours. */
const VISIBILITY_SECONDS_MAX = 43_200;

export interface DelayLimits {
  readonly firstSeconds: number;
  readonly capSeconds: number;
}

/**
 * How long a message stays away that has failed: doubles with each attempt.
 * @param failures 1 after the first attempt
 */
export function releaseDelaySeconds(failures: number, limits: DelayLimits, random: () => number): number {
  const doublings = Math.min(30, Math.max(0, failures - 1));
  return halfRandom(limits.firstSeconds * 2 ** doublings, limits, random);
}

/** How long a message stays away that waits for somebody: about as long as it has waited already, so that it doubles too. */
export function waitingDelaySeconds(waitedMs: number, limits: DelayLimits, random: () => number): number {
  return halfRandom(Math.max(limits.firstSeconds, waitedMs / 1000), limits, random);
}

/** The upper half is random, so that messages that failed together do not come back together. */
function halfRandom(seconds: number, { capSeconds }: DelayLimits, random: () => number): number {
  const ceiling = Math.min(capSeconds, seconds, VISIBILITY_SECONDS_MAX);
  return Math.max(1, Math.round(ceiling / 2 + random() * (ceiling / 2)));
}
