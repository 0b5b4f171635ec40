import { lruSet } from '../../base/lru.ts';
import type { ProgressCounts } from '../../core/progress-event.ts';
import type { ObjectReport } from '../../delivery/report.ts';

/**
 * What was delivered to its end since the tenant was last told, by delivery. An object counts once in all processes: where its
 * delivery ends, with all of its records, whoever delivered them.
 */
export interface ProgressBooks {
  ended(tenant: string, report: ObjectReport): void;
  /** What there is of a delivery; it is not counted again, unless it is given back. */
  take(tenant: string, type: string): ProgressCounts;
  /** The tenant could not be told. */
  giveBack(tenant: string, type: string, counts: ProgressCounts): void;
}

/** Of deliveries that nobody takes, the one that nothing was delivered to for longest goes first. */
const DELIVERIES_MAX = 20_000;
const NOTHING: ProgressCounts = { delivered: 0, rejected: 0, quarantined: 0 };

export function createProgressBooks(): ProgressBooks {
  const books = new Map<string, ProgressCounts>();
  const keyOf = (tenant: string, type: string) => `${tenant}\n${type}`;
  const add = (key: string, { delivered, rejected, quarantined }: ProgressCounts) => {
    const before = books.get(key) ?? NOTHING;
    const sum = {
      delivered: before.delivered + delivered,
      rejected: before.rejected + rejected,
      quarantined: before.quarantined + quarantined,
    };
    lruSet(books, key, sum, DELIVERIES_MAX);
  };
  return {
    ended(tenant, { lines }) {
      for (const { type, kind, counts } of lines) if (kind === 'done' && counts) add(keyOf(tenant, type), counts);
    },
    take(tenant, type) {
      const key = keyOf(tenant, type);
      const counts = books.get(key) ?? NOTHING;
      books.delete(key);
      return counts;
    },
    giveBack: (tenant, type, counts) => add(keyOf(tenant, type), counts),
  };
}
