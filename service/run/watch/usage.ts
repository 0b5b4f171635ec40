import { once } from '../../base/once.ts';
import {
  addTenantUsage,
  DAY_MS,
  dayOf,
  daysOfMonth,
  startOfDay,
  type TenantUsage,
  usageByTenant,
} from '../../core/usage.ts';
import type { UsageDays } from '../../ledger/usage-days.ts';
import { GRACE_MS } from './usage-roll-up.ts';

/**
 * `GET /usage`: what each tenant has used in the month of the last day that is over; in the month before, while no day of it is summed
 * up, so that the beginning of a month shows something.
 */
export interface MonthUsage {
  /** `2026-11` */
  readonly month: string;
  /** The days of the month that are summed up. */
  readonly days: readonly string[];
  /** The sum of these days, the most bytes first. */
  readonly tenants: readonly Omit<TenantUsage, 'day'>[];
}

/** Whoever asks again within this time gets what was read before. */
const KEEP_MS = 300_000;

/** @throws by the promise, DistributorError `ledger-unavailable` */
export function createMonthUsage(
  days: Pick<UsageDays, 'read'>,
  nowMs: () => number,
  signal: AbortSignal,
): () => Promise<MonthUsage> {
  const readMonth = async (last: string): Promise<MonthUsage> => {
    const month = last.slice(0, 7);
    const summed: string[] = [];
    const tenants = new Map<string, TenantUsage>();
    for (const day of (daysOfMonth(month) ?? []).filter((one) => one <= last)) {
      const usage = await days.read(day, signal);
      if (!usage) continue;
      summed.push(day);
      for (const one of usageByTenant(day, usage)) {
        const before = tenants.get(one.tenant);
        tenants.set(one.tenant, before ? addTenantUsage(before, one) : one);
      }
    }
    const most = [...tenants.values()].sort((a, b) => b.message_bytes - a.message_bytes);
    return { month, days: summed, tenants: most.map(({ day: _, ...sum }) => sum) };
  };
  const read = async (): Promise<MonthUsage> => {
    const last = dayOf(nowMs() - GRACE_MS - DAY_MS);
    const now = await readMonth(last);
    if (now.days.length > 0) return now;
    const before = await readMonth(dayOf(startOfDay(`${now.month}-01`) - DAY_MS));
    return before.days.length > 0 ? before : now;
  };
  let readMs = Number.NEGATIVE_INFINITY;
  let kept = once(read);
  return () => {
    if (nowMs() - readMs >= KEEP_MS) {
      readMs = nowMs();
      kept = once(read);
    }
    return kept();
  };
}
