import { sanitizeValue } from './template.ts';

/**
 * What a process tells a tenant once a minute of one delivery, in CloudWatch's embedded metric format: CloudWatch Logs makes
 * metrics of it in the tenant's account (CloudWatch user guide, "Specification: Embedded metric format"). Each process says what it
 * knows itself. So the age of the whole delivery is the largest one (the statistic Maximum), and counts add up (Sum).
 */
export interface ProgressReport {
  readonly tenantId: string;
  /** The delivery's type. */
  readonly type: string;
  /** Who says so. */
  readonly task: string;
  /** Epoch milliseconds, by AWS's clock. */
  readonly atMs: number;
  /** Of all objects that were announced before, the process knows of none that is still to be delivered; epoch milliseconds. */
  readonly upToMs: number;
  readonly counts: ProgressCounts;
}

/** Records of objects that the process has delivered to their ends since its last report. */
export interface ProgressCounts {
  readonly delivered: number;
  readonly rejected: number;
  readonly quarantined: number;
}

/** In the tenant's log group. One for all processes, as streams stay for ever. */
export const PROGRESS_STREAM = 'log-distributor/progress';
export const PROGRESS_NAMESPACE = 'LogDistributor';
/** How far the tenant is behind. */
export const PROGRESS_AGE = 'DeliveredUpToAge';
/** Of each metric; the customer's template and module name them too. */
export const PROGRESS_DIMENSIONS = ['TenantId', 'Delivery'] as const;
const METRICS = [
  { Name: PROGRESS_AGE, Unit: 'Seconds' },
  { Name: 'EventsDelivered', Unit: 'Count' },
  { Name: 'EventsRejected', Unit: 'Count' },
  { Name: 'EventsQuarantined', Unit: 'Count' },
] as const;
export const PROGRESS_METRICS = METRICS.map(({ Name }) => Name);

/** @returns the message of the event */
export function progressEvent({ tenantId, type, task, atMs, upToMs, counts }: ProgressReport): string {
  return JSON.stringify({
    _aws: {
      Timestamp: atMs,
      CloudWatchMetrics: [{ Namespace: PROGRESS_NAMESPACE, Dimensions: [PROGRESS_DIMENSIONS], Metrics: METRICS }],
    },
    log_distributor: 'progress',
    // CloudWatch takes ASCII only (CloudWatch API reference, Dimension).
    TenantId: sanitizeValue(tenantId),
    Delivery: type,
    DeliveredUpToAge: Math.max(0, atMs - upToMs) / 1000,
    EventsDelivered: counts.delivered,
    EventsRejected: counts.rejected,
    EventsQuarantined: counts.quarantined,
    DeliveredUpTo: new Date(upToMs).toISOString(),
    Task: task,
  });
}
