import { DAY_MS, dayOf, SUMMABLE_DAYS, type TenantUsage, usageByTenant } from '../../core/usage.ts';
import type { UsageDays } from '../../ledger/usage-days.ts';

/** What the command prints with --json. */
export interface UsageReport {
  readonly month: string;
  readonly tenants: readonly TenantUsage[];
  /** Days that are not over, or that the service has not summed up yet: what the ledger says of them now. */
  readonly days_so_far: readonly string[];
  /** Days of which nothing is known. */
  readonly days_missing: readonly string[];
}

/** The usage of these days: as it was summed up, and of days that were not as the ledger has it now. */
export async function collectUsage(
  days: UsageDays,
  asked: readonly string[],
  nowMs: number,
  signal: AbortSignal,
): Promise<Omit<UsageReport, 'month'>> {
  const [today, firstInLedger] = [dayOf(nowMs), dayOf(nowMs - SUMMABLE_DAYS * DAY_MS)];
  const past = asked.filter((day) => day <= today);
  const known = new Map<string, TenantUsage[]>();
  for (const day of past) {
    const usage = await days.read(day, signal);
    if (usage) known.set(day, usageByTenant(day, usage));
  }
  const others = past.filter((day) => !known.has(day));
  const summable = others.filter((day) => day >= firstInLedger);
  for (const [day, usage] of await days.sum(summable, signal)) known.set(day, usageByTenant(day, usage));
  return {
    tenants: [...known].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, tenants]) => tenants),
    days_so_far: summable,
    days_missing: others.filter((day) => day < firstInLedger),
  };
}
