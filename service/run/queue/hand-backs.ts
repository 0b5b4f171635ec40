import { lruSet } from '../../base/lru.ts';
import { TENANTS_MAX } from '../../core/tenants-max.ts';

/**
 * Messages that are handed back to the queue because their tenant has enough in flight, and how long each stays away. They come back
 * one after another, twice as fast as the tenant's objects are done here: often enough that the tenant never waits for its own
 * backlog, seldom enough that the receive loop finds the others. A message that comes too early is handed back again with
 * half of its wait behind it, so the receives that a backlog costs grow with the logarithm of its length.
 *
 * Each process goes by its own speed; together they go by the sum. Memory is a few numbers for each tenant.
 */
export interface HandBacks {
  /** A message of the tenant is handed back. @returns for how many seconds */
  handBack(tenant: string): number;
  /** An object of the tenant is done. */
  done(tenant: string): void;
  /** Messages that are away, by estimate. */
  readonly away: number;
  /** The same by tenant; tenants without any are not in it. */
  awayByTenant(): ReadonlyMap<string, number>;
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

interface Queue {
  /** Average time between two objects that were done while more of them were there. */
  intervalMs: number;
  lastDoneMs: number | undefined;
  /** When the last of those that are away comes back. */
  backAtMs: number;
}

export function createHandBacks(nowMs: () => number): HandBacks {
  const queues = new Map<string, Queue>();

  const queueOf = (tenant: string): Queue => {
    const queue = queues.get(tenant) ?? { intervalMs: INTERVAL_FIRST_MS, lastDoneMs: undefined, backAtMs: 0 };
    lruSet(queues, tenant, queue, TENANTS_MAX);
    return queue;
  };

  const awayByTenant = () => {
    const now = nowMs();
    const away = new Map<string, number>();
    for (const [tenant, { backAtMs, intervalMs }] of queues) {
      if (backAtMs > now) away.set(tenant, (backAtMs - now) / (intervalMs * LEAD));
    }
    return away;
  };

  return {
    handBack(tenant) {
      const queue = queueOf(tenant);
      const now = nowMs();
      const earliestMs = Math.max(queue.backAtMs, now + AWAY_MIN_MS);
      queue.backAtMs = Math.min(now + AWAY_MAX_MS, earliestMs + queue.intervalMs * LEAD);
      return Math.ceil((queue.backAtMs - now) / 1000);
    },
    done(tenant) {
      const queue = queues.get(tenant);
      const now = nowMs();
      if (!queue) return;
      // Unless some of its messages were away all the while, the time between two is that of their arrival, and says nothing.
      const isAway = queue.backAtMs > now;
      if (isAway && queue.lastDoneMs !== undefined) {
        const lastMs = Math.min(INTERVAL_MAX_MS, now - queue.lastDoneMs);
        queue.intervalMs += (lastMs - queue.intervalMs) * SMOOTHING;
      }
      queue.lastDoneMs = isAway ? now : undefined;
    },
    get away() {
      return Math.round(
        awayByTenant()
          .values()
          .reduce((sum, messages) => sum + messages, 0),
      );
    },
    awayByTenant,
  };
}
