import type { Metrics } from '../../base/metrics.ts';
import { isCanary } from '../../core/canary.ts';
import type { ObjectTask } from '../../delivery/destination.ts';
import type { ObjectReport, ReportLine } from '../../delivery/report.ts';
import type { TenantStats } from '../stats/tenant-stats.ts';
import type { Announcement } from './announcement.ts';

/** What becomes of canaries: which have arrived, and which nobody waits for any more. */
export interface CanaryBooks {
  /** An object has ended; if it was a canary that arrived, that is noted. */
  ended(task: ObjectTask, report: ObjectReport): void;
  /**
   * Whether a message holds nothing but canaries that are too old to wait for. Nobody misses a canary: where one cannot be
   * delivered, it must not pile up in the queue or among the dead letters. One of unknown age is kept like any object.
   */
  areStale(announcement: Announcement): boolean;
}

export interface CanaryBooksDeps {
  readonly metrics: Pick<Metrics, 'canaries' | 'canarySeconds'>;
  readonly tenantStats: Pick<TenantStats, 'canaryDelivered'>;
  readonly nowMs: () => number;
}

/** A canary that has not arrived within this is given up: by then the alert has rung. */
const KEPT_MS = 3_600_000;

export function createCanaryBooks({ metrics, tenantStats, nowMs }: CanaryBooksDeps): CanaryBooks {
  return {
    ended({ ref, keyFields }, report) {
      if (!isCanary(ref) || ref.createdMs === undefined || !hasArrived(report)) return;
      metrics.canaries.inc({ outcome: 'delivered' });
      metrics.canarySeconds.observe(Math.max(0, nowMs() - ref.createdMs) / 1000);
      tenantStats.canaryDelivered(keyFields.tenant_id, ref.createdMs);
    },
    areStale: ({ objects }) =>
      objects.length > 0 &&
      objects.every((ref) => isCanary(ref) && ref.createdMs !== undefined && nowMs() - ref.createdMs > KEPT_MS),
  };
}

/**
 * A canary has arrived when the last of its destinations has taken it, maybe after others did at an earlier try. One that
 * was refused record by record has not.
 */
function hasArrived({ lines }: ObjectReport): boolean {
  const tried = lines.filter(({ kind }) => kind !== 'skipped');
  const took = ({ kind, counts }: ReportLine) => (kind === 'done' || kind === 'duplicate') && counts?.delivered === 1;
  return tried.every(took) && tried.some(({ kind }) => kind === 'done');
}
