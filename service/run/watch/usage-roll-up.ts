import { setTimeout as delay } from 'node:timers/promises';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { DAY_MS, dayOf, SUMMABLE_DAYS } from '../../core/usage.ts';
import type { FleetLease, HeldLease } from '../../ledger/fleet-lease.ts';
import type { UsageDays } from '../../ledger/usage-days.ts';

/** Sums up each day's usage once it is over, in one process of the fleet at a time. */
export interface UsageRollUp {
  /** Runs until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface UsageRollUpDeps {
  readonly lease: FleetLease;
  readonly days: UsageDays;
  readonly metrics: Pick<Metrics, 'usageDaysMissing'>;
  readonly logger: Logger;
  /** The table's clock, epoch milliseconds: by it the ledger says when an object is done. */
  readonly nowMs: () => number;
}

/** The key of the lease in the ledger. */
export const USAGE_LEASE = { name: 'log-distributor-usage', role: 'roll-up' } as const;
/** After the end of a day a write of that day may still be on its way: a signed request is good for a quarter of an hour. */
export const GRACE_MS = 3_600_000;
const LOOK_EVERY_MS = 600_000;

export function createUsageRollUp({ lease, days, metrics, logger, nowMs }: UsageRollUpDeps): UsageRollUp {
  /** All that are over and can still be summed up, the oldest first. */
  const daysOver = () => {
    const lastMs = nowMs() - GRACE_MS - DAY_MS;
    return Array.from({ length: SUMMABLE_DAYS }, (_, at) => dayOf(lastMs - (SUMMABLE_DAYS - 1 - at) * DAY_MS));
  };

  let isKnown = false;

  const rollUp = async (held: HeldLease) => {
    const missing: string[] = [];
    for (const day of daysOver()) {
      held.check();
      if ((await days.read(day, held.signal)) === undefined) missing.push(day);
    }
    isKnown = true;
    metrics.usageDaysMissing.set(missing.length);
    if (missing.length === 0) return;
    // One pass over the table for all of them.
    const sums = await days.sum(missing, held.signal, held.check);
    for (const [day, usage] of sums) {
      held.check();
      await days.write(day, usage, held.signal);
      logger.info({ day, deliveries: usage.size }, 'the usage of a day is summed up');
    }
    metrics.usageDaysMissing.set(0);
  };

  return {
    run: (signal) =>
      lease.run(async (held) => {
        try {
          while (!held.signal.aborted) {
            try {
              await rollUp(held);
            } catch (error) {
              if (held.signal.aborted) return;
              // Of a table that cannot be read nobody knows which days it has.
              if (!isKnown) metrics.usageDaysMissing.set(SUMMABLE_DAYS);
              logger.warn(errorFields(error), 'the usage could not be summed up; it is tried again');
            }
            await delay(LOOK_EVERY_MS, undefined, { signal: held.signal }).catch(() => {});
          }
        } finally {
          // Another process says how many are missing.
          metrics.usageDaysMissing.set(0);
        }
      }, signal),
  };
}
