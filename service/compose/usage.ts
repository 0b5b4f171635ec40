import { createUsageDays } from '../ledger/usage-days.ts';
import { createMonthUsage, type MonthUsage } from '../run/watch/usage.ts';
import { createUsageRollUp, USAGE_LEASE, type UsageRollUp } from '../run/watch/usage-roll-up.ts';
import { composeFleetLease } from './fleet-lease.ts';
import type { Ground } from './parts.ts';

/** What sums up usage, and what shows it. */
export interface ComposedUsage {
  readonly rollUp: UsageRollUp;
  readonly month: () => Promise<MonthUsage>;
}

/** Usage, put together from the settings; undefined when it is off. */
export function composeUsage(ground: Ground): ComposedUsage | undefined {
  const { settings, metrics, logger, dynamo, nowMs } = ground;
  if (!settings.usage) return undefined;
  const lease = composeFleetLease(ground, USAGE_LEASE, ({ code, message }) =>
    logger.warn({ code }, `usage is not summed up by this process for now: ${message}`),
  );
  const days = createUsageDays({ dynamo, table: settings.ledgerTable });
  return {
    rollUp: createUsageRollUp({ lease, days, metrics, logger, nowMs }),
    month: createMonthUsage(days, nowMs, new AbortController().signal),
  };
}
