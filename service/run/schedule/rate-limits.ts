import { lruSet } from '../../base/lru.ts';
import { advance, answered, beginCallRate, type CallRate, type Instant, sent } from '../../core/call-rate.ts';
import { refill, spend, type TokenBucket, untilToken } from '../../core/token-bucket.ts';
import type { LimitAnswer, RateLimitedCall } from '../../delivery/rate-limiter.ts';

/** The answer to a thread that wants to call a destination. */
export type Permit =
  /** `round`: what the call's answer belongs to; undefined where the destination is free. */
  | { readonly kind: 'go'; readonly round?: number }
  /** Ask again in so long. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** Leave the slot to others: there will be nothing to do for so long. */
  | { readonly kind: 'yield'; readonly ms: number };

/** What became of a call, as a thread reports it. */
export interface RateLimitAnswer {
  readonly destination: string;
  /** Of the call's permit. */
  readonly round?: number;
  readonly answer: LimitAnswer;
  /** Calls that the thread saw accepted there in the last second. */
  readonly acceptedLately: number;
}

/**
 * The rates of destinations, for all threads of the process. A destination is free until it throttles; then the law in
 * `core/call-rate.ts` gives it a rate, until a minute has passed without a refusal. A tenant's own cap in bytes holds beside it.
 */
export interface RateLimits {
  ask(call: RateLimitedCall): Permit;
  /** To be told of every call that has a round, and of every refused one. */
  answered(answer: RateLimitAnswer): void;
  /** Destinations that have a rate now. */
  list(): readonly DestinationRate[];
  /** Whether a call for the tenant had to wait lately, for its destination's rate or for the tenant's own cap. */
  isPaced(tenant: string): boolean;
}

export interface DestinationRate {
  readonly destination: string;
  readonly callsPerSecond: number;
}

export interface RateLimitsDeps {
  /** Whether objects of other tenants wait for what the asking one holds. */
  readonly othersWait: (tenant: string) => boolean;
  /** A destination has a rate from now on, or no longer. */
  readonly onLimit: (destination: string, limited: boolean) => void;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
}

const FREE_AFTER_MS = 60_000;
/** A pause that is shorter costs others less than saving, leaving and coming back. */
const YIELD_FROM_MS = 50;
/** Nobody holds memory for longer than this without doing anything, even if nobody else wants it, */
const PATIENCE_MS = 5_000;
/** nor for a destination that has accepted nothing for this long: its deliveries wait in the queue, for longer and longer. */
const BARREN_MS = 10_000;
/** How often those who wait look whether others want their slot. */
const LOOK_EVERY_MS = 1_000;
const DESTINATIONS_MAX = 5_000;
/** A tenant whose calls wait has one waiting again within this. */
const PACED_MS = 10_000;

interface Rate {
  law: CallRate;
  bucket: TokenBucket;
  acceptedMs: number;
  refusedMs: number;
}

export function createRateLimits({ othersWait, onLimit, nowMs, epochMs }: RateLimitsDeps): RateLimits {
  const rates = new Map<string, Rate>();
  const caps = new Map<string, TokenBucket>();
  /** When a call for a tenant last had to wait. */
  const pacedMs = new Map<string, number>();

  const now = (): Instant => ({ nowMs: nowMs(), epochMs: epochMs() });

  const free = (destination: string) => {
    rates.delete(destination);
    onLimit(destination, false);
  };

  const isOver = ({ refusedMs }: Rate, at: Instant) => at.nowMs - refusedMs > FREE_AFTER_MS;

  const rateOf = (destination: string, at: Instant): Rate | undefined => {
    const rate = rates.get(destination);
    if (!rate || !isOver(rate, at)) return rate;
    free(destination);
    return undefined;
  };

  const follow = (rate: Rate, law: CallRate, at: Instant) => {
    // What a higher rate has saved up is not for a lower one to spend.
    if (law.perSecond < rate.law.perSecond) rate.bucket = { tokens: 0, atMs: at.nowMs };
    rate.law = law;
  };

  const pause = (tenant: string, ms: number, rate: Rate | undefined, at: Instant): Permit => {
    lruSet(pacedMs, tenant, at.nowMs, DESTINATIONS_MAX);
    const barren = rate !== undefined && at.nowMs - rate.acceptedMs > BARREN_MS;
    const leave = barren || ms > PATIENCE_MS || (ms > YIELD_FROM_MS && othersWait(tenant));
    return leave ? { kind: 'yield', ms } : { kind: 'wait', ms: Math.min(ms, LOOK_EVERY_MS) };
  };

  return {
    ask({ tenantId, type, destination, bytes, bytesPerSecondMax }) {
      const at = now();
      const rate = rateOf(destination, at);
      const capKey = `${tenantId}/${type}`;
      const full = { tokens: bytesPerSecondMax ?? 0, atMs: at.nowMs };
      const cap = bytesPerSecondMax && refill(caps.get(capKey) ?? full, bytesPerSecondMax, at.nowMs);
      if (rate) {
        follow(rate, advance(rate.law, at), at);
        rate.bucket = refill(rate.bucket, rate.law.perSecond, at.nowMs);
      }
      const waitMs = Math.max(
        rate ? untilToken(rate.bucket, rate.law.perSecond) : 0,
        cap && bytesPerSecondMax ? untilToken(cap, bytesPerSecondMax) : 0,
      );
      if (waitMs > 0) return pause(tenantId, waitMs, rate, at);
      if (cap) lruSet(caps, capKey, spend(cap, bytes), DESTINATIONS_MAX);
      if (!rate) return { kind: 'go' };
      rate.bucket = spend(rate.bucket, 1);
      rate.law = sent(rate.law, at);
      return { kind: 'go', round: rate.law.round.id };
    },
    answered({ destination, round, answer, acceptedLately }) {
      const at = now();
      const known = rateOf(destination, at);
      if (known && round !== undefined) follow(known, answered(known.law, round, answer, at), at);
      if (answer === 'accepted') {
        if (known) known.acceptedMs = at.nowMs;
        return;
      }
      const rate = known ?? {
        law: beginCallRate(acceptedLately, at),
        bucket: { tokens: 0, atMs: at.nowMs },
        acceptedMs: at.nowMs,
        refusedMs: at.nowMs,
      };
      rate.refusedMs = at.nowMs;
      const surplus = lruSet(rates, destination, rate, DESTINATIONS_MAX);
      if (!known) onLimit(destination, true);
      // Threads remember for whom they must ask.
      if (surplus !== undefined) onLimit(surplus, false);
    },
    list() {
      // Nobody may ask for a destination again, and it is free all the same.
      const at = now();
      for (const [destination, rate] of rates) if (isOver(rate, at)) free(destination);
      return [...rates].map(([destination, { law }]) => ({ destination, callsPerSecond: law.perSecond }));
    },
    isPaced: (tenant) => nowMs() - (pacedMs.get(tenant) ?? Number.NEGATIVE_INFINITY) < PACED_MS,
  };
}
