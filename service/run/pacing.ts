import { toNewest } from '../base/newest.ts';
import { refill, spend, type TokenBucket, untilToken } from '../core/token-bucket.ts';
import type { PacedCall } from '../delivery/pace.ts';

/** The answer to a thread that wants to call a destination. */
export type Permit =
  | { readonly kind: 'go' }
  /** Ask again in so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Leave the slot to others: there will be nothing to do for so long. */
  | { readonly kind: 'yield'; readonly ms: number };

/**
 * The rates of destinations, for all threads of the process. A destination is free until it throttles; then it has a rate
 * of calls that falls by half when it throttles again and grows by a call a second while it does not, until a minute
 * has passed without. A tenant's own cap in bytes holds beside it.
 */
export interface Pacing {
  ask(call: PacedCall): Permit;
  /** @param callsPerSecond what the thread has sent there lately */
  throttled(destination: string, callsPerSecond: number): void;
  /** Destinations that have a rate now. */
  list(): readonly DestinationRate[];
}

export interface DestinationRate {
  readonly destination: string;
  readonly callsPerSecond: number;
}

export interface PacingDeps {
  /** Whether objects of other tenants wait for what the asking one holds. */
  readonly othersWait: (tenant: string) => boolean;
  /** A destination has a rate from now on, or no longer. */
  readonly onLimit: (destination: string, limited: boolean) => void;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** The lowest rate: what a destination that takes nothing is asked to do anyway. */
const CALLS_PER_SECOND_MIN = 0.1;
/** What a rate gains in a second in which it is used. */
const INCREASE_PER_SECOND = 1;
const DECREASE = 0.5;
/** Calls that were under way when the rate was cut say nothing of the new one. */
const CUT_EVERY_MS = 1_000;
const FREE_AFTER_MS = 60_000;
/** A pause that is shorter costs others less than saving, leaving and coming back. */
const YIELD_FROM_MS = 50;
/** Nobody holds memory for longer than this without doing anything, even if nobody else wants it. */
const PATIENCE_MS = 5_000;
/** How often those who wait look whether others want their slot. */
const LOOK_EVERY_MS = 1_000;
const DESTINATIONS_MAX = 5_000;

interface Rate {
  callsPerSecond: number;
  bucket: TokenBucket;
  cutMs: number;
}

export function createPacing({ othersWait, onLimit, nowMs }: PacingDeps): Pacing {
  const rates = new Map<string, Rate>();
  const caps = new Map<string, TokenBucket>();

  const free = (destination: string) => {
    rates.delete(destination);
    onLimit(destination, false);
  };

  const isOver = ({ cutMs }: Rate, now: number) => now - cutMs > FREE_AFTER_MS;

  const rateOf = (destination: string, now: number): Rate | undefined => {
    const rate = rates.get(destination);
    if (!rate || !isOver(rate, now)) return rate;
    free(destination);
    return undefined;
  };

  const pause = (tenant: string, ms: number): Permit => {
    const leave = ms > PATIENCE_MS || (ms > YIELD_FROM_MS && othersWait(tenant));
    return leave ? { kind: 'yield', ms } : { kind: 'wait', ms: Math.min(ms, LOOK_EVERY_MS) };
  };

  return {
    ask({ tenantId, type, destination, bytes, bytesPerSecondMax }) {
      const now = nowMs();
      const rate = rateOf(destination, now);
      const capKey = `${tenantId}/${type}`;
      const full = { tokens: bytesPerSecondMax ?? 0, atMs: now };
      const cap = bytesPerSecondMax && refill(caps.get(capKey) ?? full, bytesPerSecondMax, now);
      if (rate) rate.bucket = refill(rate.bucket, rate.callsPerSecond, now);
      const waitMs = Math.max(
        rate ? untilToken(rate.bucket, rate.callsPerSecond) : 0,
        cap && bytesPerSecondMax ? untilToken(cap, bytesPerSecondMax) : 0,
      );
      if (waitMs > 0) return pause(tenantId, waitMs);
      if (rate) {
        rate.bucket = spend(rate.bucket, 1);
        rate.callsPerSecond += Math.min(INCREASE_PER_SECOND / rate.callsPerSecond, rate.callsPerSecond);
      }
      if (cap) toNewest(caps, capKey, spend(cap, bytes), DESTINATIONS_MAX);
      return { kind: 'go' };
    },
    throttled(destination, callsPerSecond) {
      const now = nowMs();
      const rate = rateOf(destination, now);
      if (rate && now - rate.cutMs < CUT_EVERY_MS) return;
      const cut = Math.max(CALLS_PER_SECOND_MIN, (rate?.callsPerSecond ?? callsPerSecond) * DECREASE);
      const surplus = toNewest(
        rates,
        destination,
        {
          callsPerSecond: cut,
          bucket: { tokens: 0, atMs: now },
          cutMs: now,
        },
        DESTINATIONS_MAX,
      );
      if (!rate) onLimit(destination, true);
      // Threads remember for whom they must ask.
      if (surplus !== undefined) onLimit(surplus, false);
    },
    list() {
      // Nobody may ask for a destination again, and it is free all the same.
      const now = nowMs();
      for (const [destination, rate] of rates) if (isOver(rate, now)) free(destination);
      return [...rates].map(([destination, { callsPerSecond }]) => ({ destination, callsPerSecond }));
    },
  };
}
