import type { Config } from '../config/config.ts';
import { type Metric, serviceMetric } from '../values/metric.ts';
import type { Names } from '../values/names.ts';
import { type Alert, ANY } from './alert.ts';

const MINUTE = 60;
const HOUR_SECONDS = 3600;
const EXPIRY_SECONDS = 4 * HOUR_SECONDS;
const RECEIPTS_LATE_SECONDS = 2 * HOUR_SECONDS;

/**
 * What keeps a tenant's logs from it. Prometheus has a series for each tenant in trouble; to CloudWatch they go as one, because
 * there each tenant would cost. The alarm says that there is one, and /status which.
 */
export function tenantAlerts(config: Config, names: Names): readonly Alert[] {
  const service = (name: string, statistic: Metric['statistic'], labels: Record<string, string> = {}): Metric =>
    serviceMetric(config, names, name, statistic, labels);
  const circuits = (code: string) => service('circuit_open', 'Maximum', { code });
  return [
    {
      id: 'tenant-behind',
      name: 'LogTenantBehind',
      severity: 'ticket',
      summary: 'Logs of an hour ago and older are not delivered yet.',
      description:
        'Objects of a tenant are in flight, parked or handed back, or the queue is not read that far. The page at / and /status have the tenants with their circuits and reasons. When many tenants are behind, look at queue depth and the number of tasks.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('furthest_behind_seconds', 'Maximum') },
        threshold: HOUR_SECONDS,
        periods: 3,
      },
      prometheus: {
        expr: `time() - min by (tenant) (log_distributor_delivered_up_to_timestamp_seconds) > ${HOUR_SECONDS}`,
        for: '15m',
        summary: 'Logs of {{ $labels.tenant }} of an hour ago and older are not delivered yet.',
      },
    },
    {
      id: 'canaries-missing',
      name: 'LogCanaryMissing',
      severity: 'ticket',
      summary: 'Canaries do not arrive.',
      description:
        "Canaries are written to the bucket and do not arrive. Look at the tenant's circuit and watermark on the page at /; if both are well, at the bucket's notifications, the topic and the queue's policy.",
      // None of any tenant: which task delivers a tenant's canary is chance, so no task knows of one that it misses.
      cloudwatch: {
        ...ANY,
        metrics: {
          all: service('canaries_total', 'Sum'),
          delivered: service('canaries_total', 'Sum', { outcome: 'delivered' }),
        },
        expression: 'IF(all > 0 AND delivered <= 0, 1, 0)',
        periodSeconds: 30 * MINUTE,
        periods: 2,
      },
      prometheus: {
        expr:
          'max by (tenant) (log_distributor_canary_written_timestamp_seconds) > 0 unless on (tenant) ' +
          'max by (tenant) (log_distributor_canary_delivered_timestamp_seconds) > time() - 1800',
        for: '30m',
        summary: 'No canary has reached {{ $labels.tenant }} for half an hour.',
      },
    },
    {
      id: 'receipts-late',
      name: 'LogReceiptsLate',
      severity: 'ticket',
      summary: 'A receipt has been due for two hours.',
      description:
        'The key cannot sign, or a tenant\'s bucket or log group refuses its receipt; log lines with "receipt" have the reason. What no receipt holds after 14 days is never in one.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('receipts_behind_seconds', 'Maximum') },
        threshold: RECEIPTS_LATE_SECONDS,
        periods: 3,
      },
      prometheus: {
        expr: `max(log_distributor_receipts_behind_seconds) > ${RECEIPTS_LATE_SECONDS}`,
        for: '15m',
      },
    },
    {
      id: 'tenant-parked',
      name: 'LogTenantRefusesUs',
      severity: 'ticket',
      summary: "A tenant's role or destination refuses us.",
      description:
        'Its circuit is open. /status has the delivery, the reason and when it is tried again; its messages are parked, and become dead letters after PARK_HOURS.',
      cloudwatch: {
        ...ANY,
        metrics: { role: circuits('role-refused'), destination: circuits('destination-refused') },
        // Of what there is: a code that no circuit has had yet has no metric.
        expression: 'MAX([role, destination])',
        periods: 2,
      },
      prometheus: {
        expr: 'max by (tenant, code) (log_distributor_circuit_open{code=~".*-refused"}) > 0',
        for: '10m',
        summary: '{{ $labels.tenant }} refuses us: {{ $labels.code }}.',
      },
    },
    {
      id: 'destination-silent',
      name: 'LogDestinationSilent',
      severity: 'ticket',
      summary: 'The destination of a tenant does not answer.',
      description:
        "Calls into the tenant's account time out, are reset or fail with 5xx. Its messages are parked, one object at a time tries again, and other tenants are not affected. /status has the service, the region and the last fault.",
      cloudwatch: {
        ...ANY,
        metrics: { value: service('unanswered_seconds', 'Maximum') },
        threshold: MINUTE,
        periodSeconds: MINUTE,
        periods: 3,
      },
      prometheus: {
        expr: `max by (tenant) (log_distributor_unanswered_seconds) > ${MINUTE}`,
        for: '2m',
        summary: 'The destination of {{ $labels.tenant }} does not answer.',
      },
    },
    {
      id: 'region-silent',
      name: 'LogRegionSilent',
      severity: 'page',
      summary: 'A service of AWS in a region answers no tenant.',
      description:
        'One object at a time finds out when it answers again. Look at the AWS Health Dashboard, then at the VPC endpoint, the NAT gateway and the routes of that region.',
      cloudwatch: {
        ...ANY,
        metrics: { value: service('places_unanswered', 'Maximum') },
        periodSeconds: MINUTE,
        periods: 3,
      },
      prometheus: {
        expr: 'max by (service, region) (log_distributor_places_unanswered) > 0',
        for: '2m',
        summary: '{{ $labels.service }} in {{ $labels.region }} answers no tenant.',
      },
    },
    {
      id: 'parked-messages-expire',
      name: 'LogParkedMessagesExpire',
      severity: 'ticket',
      summary: 'Parked messages become dead letters within four hours.',
      description:
        "A tenant's destinations have taken nothing for almost PARK_HOURS. Fix the cause that /status names, or redrive the dead letters later.",
      cloudwatch: {
        ...ANY,
        metrics: { first: service('parked_first_dead_letter_timestamp_seconds', 'Minimum') },
        expression: 'first - EPOCH(first)',
        comparison: 'LessThanThreshold',
        threshold: EXPIRY_SECONDS,
        periods: 2,
      },
      prometheus: {
        expr: `min by (tenant) (log_distributor_parked_first_dead_letter_timestamp_seconds) - time() < ${EXPIRY_SECONDS}`,
        for: '5m',
        summary: 'Messages of {{ $labels.tenant }} become dead letters within four hours.',
      },
    },
    {
      id: 'tenant-throttled',
      name: 'LogTenantThrottled',
      severity: 'ticket',
      summary: 'CloudWatch Logs throttles one call in five.',
      description:
        "A tenant's account is at its quota of PutLogEvents. Ask for more there, or set max_bytes_per_second.",
      cloudwatch: {
        ...ANY,
        metrics: {
          throttled: service('throttles_total', 'Sum', { service: 'logs' }),
          calls: service('put_calls_total', 'Sum'),
        },
        expression: 'IF(calls > 0, throttled / calls, 0)',
        threshold: 0.2,
        periods: 3,
      },
      prometheus: {
        expr:
          'sum(rate(log_distributor_throttles_total{service="logs"}[10m])) ' +
          '/ sum(rate(log_distributor_put_calls_total[10m])) > 0.2',
        for: '15m',
      },
    },
  ];
}
