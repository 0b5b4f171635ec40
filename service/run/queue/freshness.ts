import { TENANTS_MAX } from '../../core/tenants-max.ts';
import type { MessageInFlight } from './in-flight.ts';

/**
 * Up to when each tenant's logs are delivered. A process says: of all objects that were announced before this moment, none
 * that I know of is still to be delivered, and the queue has been read further than that. The least of what all processes
 * say holds for all of them (decisions/0050). It goes back when an object turns up that is older.
 */
export interface Freshness {
  /**
   * Watches a message with objects of tenants. Use the returned message in its place: how it is given back tells its outcome.
   */
  follow(held: MessageInFlight, objects: readonly AnnouncedObject[]): MessageInFlight;
  /** Looks at everything that is open now. */
  snapshot(): FreshnessSnapshot;
}

export interface FreshnessSnapshot {
  /** Epoch milliseconds; undefined while nothing is known of the queue. */
  upToMs(tenant: string): number | undefined;
  /**
   * When the oldest object that this process has in flight, or that is still away after it handed it back, was announced; epoch
   * milliseconds; undefined: there is none.
   */
  oldestMs(tenant: string): number | undefined;
  /** By tenant, when the oldest object was announced that holds its watermark below the queue's. */
  readonly open: ReadonlyMap<string, number>;
  /** When the last message that was handed back has returned, epoch milliseconds; 0: none is away. */
  readonly backMs: number;
}

export interface AnnouncedObject {
  readonly tenant: string;
  /** When it was announced, epoch milliseconds. */
  readonly announcedMs: number;
}

const SLOT_MS = 10_000;
/**
 * Of each tenant. Messages stay away for a quarter of an hour, and behind another's lease for up to an hour; what is longer joins
 * the last.
 */
const SLOTS_MAX = 400;

export function createFreshness({
  nowMs,
  watermarkMs,
}: {
  readonly nowMs: () => number;
  readonly watermarkMs: () => number | undefined;
}): Freshness {
  const inFlight = new Set<readonly AnnouncedObject[]>();
  /** For each tenant: by the ten seconds in which messages come back, when the oldest object in them was announced. */
  const away = new Map<string, Map<number, number>>();

  const goAway = (objects: readonly AnnouncedObject[], seconds: number) => {
    const slot = Math.floor((nowMs() + seconds * 1000) / SLOT_MS);
    const last = Math.floor(nowMs() / SLOT_MS) + SLOTS_MAX;
    for (const { tenant, announcedMs } of objects) {
      const slots = away.get(tenant) ?? new Map<number, number>();
      lower(slots, Math.min(slot, last), announcedMs);
      away.set(tenant, slots);
      if (slots.size > SLOTS_MAX) makeRoom(slots, watermarkMs());
      // The one for which that was noted first goes first.
      const [oldest] = away.keys();
      if (away.size > TENANTS_MAX && oldest !== undefined) away.delete(oldest);
    }
  };

  const forgetAllReturned = (upToMs: number) => {
    for (const [tenant, slots] of away) {
      forgetReturned(slots, upToMs);
      if (slots.size === 0) away.delete(tenant);
    }
  };

  return {
    follow(held, objects) {
      inFlight.add(objects);
      /** Until SQS knows, it is in flight: its time away begins no sooner. */
      const giveBack = async (seconds: number, given: Promise<void>) => {
        try {
          await given;
        } finally {
          if (inFlight.delete(objects)) goAway(objects, seconds);
        }
      };
      return {
        message: held.message,
        signal: held.signal,
        remove() {
          inFlight.delete(objects);
          return held.remove();
        },
        release: (seconds) => giveBack(seconds, held.release(seconds)),
        renew: (history, seconds) => giveBack(seconds, held.renew(history, seconds)),
      };
    },
    snapshot() {
      const upToMs = watermarkMs();
      if (upToMs !== undefined) forgetAllReturned(upToMs);
      const now = nowMs();
      const oldest = new Map<string, number>();
      const oldestHeld = new Map<string, number>();
      let backMs = 0;
      for (const objects of inFlight) {
        for (const { tenant, announcedMs } of objects) {
          lower(oldest, tenant, announcedMs);
          lower(oldestHeld, tenant, announcedMs);
        }
      }
      for (const [tenant, slots] of away) {
        for (const [slot, announcedMs] of slots) {
          lower(oldest, tenant, announcedMs);
          backMs = Math.max(backMs, endOf(slot));
          if (endOf(slot) > now) lower(oldestHeld, tenant, announcedMs);
        }
      }
      return {
        upToMs: (tenant) => (upToMs === undefined ? undefined : Math.min(upToMs, oldest.get(tenant) ?? upToMs)),
        oldestMs: (tenant) => oldestHeld.get(tenant),
        open: oldest,
        backMs,
      };
    },
  };
}

/** What was away and is back has been received since, here or elsewhere, once the queue is read up to its return. */
function forgetReturned(slots: Map<number, number>, upToMs: number): void {
  for (const slot of slots.keys()) if (endOf(slot) <= upToMs) slots.delete(slot);
}

function endOf(slot: number): number {
  return (slot + 1) * SLOT_MS;
}

/**
 * Slots are dropped only by `snapshot`. If none was taken for long, the two oldest are merged: the watermark then lags, and is
 * never ahead.
 */
function makeRoom(slots: Map<number, number>, upToMs: number | undefined): void {
  if (upToMs !== undefined) forgetReturned(slots, upToMs);
  if (slots.size <= SLOTS_MAX) return;
  const [first = 0, second = 0] = [...slots.keys()].sort((a, b) => a - b);
  lower(slots, second, slots.get(first) ?? Number.POSITIVE_INFINITY);
  slots.delete(first);
}

function lower<K>(map: Map<K, number>, key: K, value: number): void {
  map.set(key, Math.min(value, map.get(key) ?? value));
}
