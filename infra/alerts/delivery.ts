import type { Config } from '../config/config.ts';
import { type Metric, serviceMetric } from '../values/metric.ts';
import type { Names } from '../values/names.ts';
import { type Alert, ANY } from './alert.ts';

/** What goes wrong inside of the tasks, and what becomes of the records. */
export function deliveryAlerts(config: Config, names: Names): readonly Alert[] {
  const { alerts } = config;
  const service = (name: string, statistic: Metric['statistic'], labels: Record<string, string> = {}): Metric =>
    serviceMetric(config, names, name, statistic, labels);
  return [
    {
      id: 'delivery-lag',
      name: 'LogDeliveryLagHigh',
      severity: 'page',
      summary: "Logs arrive late in the tenants' accounts.",
      description:
        `Objects reach their tenants more than ${alerts.deliveryLagSeconds} s after they were written. ` +
        'Look at queue depth, throttles and the number of tasks.',
      // The collector publishes histograms without their buckets, so there is an average here and a quantile below.
      cloudwatch: {
        ...ANY,
        metrics: { value: service('delivery_lag_seconds', 'Average') },
        threshold: alerts.deliveryLagSeconds,
        periods: 3,
      },
      prometheus: {
        expr: `histogram_quantile(0.95, sum by (le) (rate(log_distributor_delivery_lag_seconds_bucket[10m]))) > ${alerts.deliveryLagSeconds}`,
        for: '15m',
      },
    },
    {
      id: 'distributor-retrying',
      name: 'LogObjectsRetried',
      severity: 'ticket',
      summary: 'Objects fail and are tried again.',
      description: 'They do so more often than passing trouble explains. The service log has the codes.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('objects_total', 'Sum', { outcome: 'retry' }) },
        threshold: alerts.retriesPerFiveMinutes,
        periods: 2,
      },
      prometheus: {
        expr: `sum(increase(log_distributor_objects_total{outcome="retry"}[5m])) > ${alerts.retriesPerFiveMinutes}`,
        for: '5m',
      },
    },
    {
      id: 'foreign-tenant',
      name: 'LogForeignTenantRecords',
      severity: 'page',
      summary: "Records of one tenant lie under another tenant's prefix.",
      description: 'They were not delivered; the quarantine holds them. A writer of objects mixes tenants.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('quarantine_files_total', 'Sum', { reason: 'foreign_tenant' }) },
      },
      prometheus: {
        // As with LogDeadLetters: the first file begins the series.
        expr:
          'sum(increase(log_distributor_quarantine_files_total{reason="foreign_tenant"}[15m]) > 0 ' +
          'or log_distributor_quarantine_files_total{reason="foreign_tenant"} ' +
          'unless log_distributor_quarantine_files_total{reason="foreign_tenant"} offset 15m) > 0',
      },
    },
    {
      id: 'quarantine-growing',
      name: 'LogQuarantineGrowing',
      severity: 'ticket',
      summary: 'Records go to quarantine.',
      description: 'They are kept under the quarantine prefix in the central bucket, by tenant and reason.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('quarantine_files_total', 'Sum') },
        threshold: alerts.quarantineFilesPerHour,
        periodSeconds: 3600,
      },
      prometheus: {
        expr: `sum by (reason) (increase(log_distributor_quarantine_files_total{reason!="foreign_tenant"}[1h])) > ${alerts.quarantineFilesPerHour}`,
        summary: 'Records go to quarantine: {{ $labels.reason }}.',
      },
    },
    {
      id: 'usage-missing',
      name: 'LogUsageMissing',
      severity: 'ticket',
      summary: 'The usage of days that are over could not be summed up.',
      description: 'It can be made up for as long as the ledger has the items of the day: 12 days.',
      noCloudWatch: 'A metric costs 30 cents a month. The service log has a warning every ten minutes.',
      prometheus: { expr: 'max(log_distributor_usage_days_missing) > 3', for: '1h' },
    },
    {
      id: 'events-rejected',
      name: 'LogEventsRejected',
      severity: 'ticket',
      summary: 'CloudWatch Logs refuses events one by one.',
      description:
        "They are older than 14 days or than the group's retention, or more than 2 hours ahead; a clock or a backlog upstream. " +
        'They are in quarantine.',
      // Of all tenants together: a metric of each would cost.
      cloudwatch: {
        ...ANY,
        metrics: {
          rejected: service('events_total', 'Sum', { outcome: 'rejected' }),
          all: service('events_total', 'Sum'),
        },
        expression: 'IF(all > 0, rejected / all, 0)',
        threshold: 0.05,
        periods: 3,
      },
      prometheus: {
        expr:
          'sum by (tenant) (rate(log_distributor_events_total{outcome="rejected"}[15m])) ' +
          '/ sum by (tenant) (rate(log_distributor_events_total[15m])) > 0.05',
        for: '15m',
        summary: 'CloudWatch Logs refuses events of {{ $labels.tenant }}.',
      },
    },
    {
      id: 'distributor-threads-dying',
      name: 'LogWorkerThreadsRestart',
      severity: 'ticket',
      summary: 'Worker threads end and are replaced.',
      description:
        'Out of memory, a hanging decode or a bug; the log lines before say which. Their objects are retried.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('workers_restarted_total', 'Sum') },
        threshold: 2,
        periodSeconds: 900,
      },
      prometheus: { expr: 'sum(increase(log_distributor_workers_restarted_total[15m])) > 2' },
    },
    {
      id: 'event-loop-blocked',
      name: 'LogEventLoopBlocked',
      severity: 'ticket',
      summary: 'The main thread is blocked.',
      description: 'Heartbeats and health checks come late. The task has too little CPU for its worker threads.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('event_loop_delay_seconds', 'Maximum', { quantile: '0.99' }) },
        threshold: 0.5,
        periods: 2,
      },
      prometheus: { expr: 'max(log_distributor_event_loop_delay_seconds{quantile="0.99"}) > 0.5', for: '10m' },
    },
  ];
}
