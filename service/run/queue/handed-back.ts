import { toNewest } from '../../base/newest.ts';

/**
 * How long messages stay away that are handed back because their tenant has enough in hand. They come back one after
 * another, twice as fast as the tenant's objects are done here: often enough that the tenant never waits for its own
 * backlog, seldom enough that the receive loop finds the others. A message that comes too early is handed back again with
 * half of its wait behind it, so the receives that a backlog costs grow with the logarithm of its length.
 *
 * Each process paces by its own speed; together they pace by the sum. Memory is a few numbers for each tenant.
 */
export interface Surplus {
  /** A message of the tenant is handed back. @returns for how many seconds */
  handBack(tenant: string): number;
  /** An object of the tenant is done. */
  done(tenant: string): void;
  /** Messages that are away, by estimate. */
  readonly away: number;
}

/** Until it is known how fast a tenant's objects are done. */
const INTERVAL_FIRST_MS = 100;
const INTERVAL_MAX_MS = 60_000;
/** Weight of the last interval in the average. */
const SMOOTHING = 0.2;
/** Twice as fast: an average that is wrong by that much still leaves no slot without work. */
const LEAD = 0.5;
/** SQS counts visibility in seconds. */
const AWAY_MIN_MS = 1_000;
/** If the tenant could suddenly go much faster, its messages are here after this at the latest. */
const AWAY_MAX_MS = 900_000;
const TENANTS_MAX = 5_000;

interface Pace {
  /** Average time between two objects that were done while more of them were there. */
  intervalMs: number;
  lastDoneMs: number | undefined;
  /** When the last of those that are away comes back. */
  backAtMs: number;
}

export function createSurplus(nowMs: () => number): Surplus {
  const paces = new Map<string, Pace>();

  const paceOf = (tenant: string): Pace => {
    const pace = paces.get(tenant) ?? { intervalMs: INTERVAL_FIRST_MS, lastDoneMs: undefined, backAtMs: 0 };
    toNewest(paces, tenant, pace, TENANTS_MAX);
    return pace;
  };

  return {
    handBack(tenant) {
      const pace = paceOf(tenant);
      const now = nowMs();
      const earliestMs = Math.max(pace.backAtMs, now + AWAY_MIN_MS);
      pace.backAtMs = Math.min(now + AWAY_MAX_MS, earliestMs + pace.intervalMs * LEAD);
      return Math.ceil((pace.backAtMs - now) / 1000);
    },
    done(tenant) {
      const pace = paces.get(tenant);
      const now = nowMs();
      if (!pace) return;
      // Without surplus all the while, the time between two is that of their arrival, and says nothing.
      const surplus = pace.backAtMs > now;
      if (surplus && pace.lastDoneMs !== undefined) {
        const lastMs = Math.min(INTERVAL_MAX_MS, now - pace.lastDoneMs);
        pace.intervalMs += (lastMs - pace.intervalMs) * SMOOTHING;
      }
      pace.lastDoneMs = surplus ? now : undefined;
    },
    get away() {
      const now = nowMs();
      let away = 0;
      for (const { backAtMs, intervalMs } of paces.values()) {
        if (backAtMs > now) away += (backAtMs - now) / (intervalMs * LEAD);
      }
      return Math.round(away);
    },
  };
}
