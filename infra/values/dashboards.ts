import type { Config } from '../config/config.ts';
import { containerInsights, type Metric, serviceMetric } from './metric.ts';
import type { Names } from './names.ts';

/** Dashboards as CloudWatch takes them (CloudWatch API reference, "Dashboard body structure"). */
export interface Dashboard {
  readonly widgets: readonly Widget[];
  readonly variables?: readonly object[];
}

interface Widget {
  readonly type: 'metric' | 'log' | 'text';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: object;
}

const HEIGHT = 6;
const WIDTH = 8;

/** Places widgets in rows of three. */
function grid(panels: readonly Pick<Widget, 'type' | 'properties'>[]): readonly Widget[] {
  return panels.map((panel, at) => ({
    ...panel,
    x: (at % 3) * WIDTH,
    y: Math.floor(at / 3) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
  }));
}

function line(metric: Metric, label: string): readonly unknown[] {
  return [
    metric.namespace,
    metric.name,
    ...Object.entries(metric.dimensions).flat(),
    { stat: metric.statistic, label },
  ];
}

function graph(region: string, title: string, lines: readonly (readonly [Metric, string])[]) {
  return {
    type: 'metric' as const,
    properties: {
      title,
      region,
      view: 'timeSeries',
      period: 60,
      metrics: lines.map(([metric, label]) => line(metric, label)),
    },
  };
}

/** From ingestion to delivery, left to right and top to bottom as a log line travels. */
export function overviewDashboard(config: Config, names: Names): Dashboard {
  const { region } = config;
  const service = (name: string, statistic: Metric['statistic'], labels?: Record<string, string>) =>
    serviceMetric(config, names, name, statistic, labels);
  const byOutcome = (name: string, outcomes: readonly string[]) =>
    outcomes.map((outcome) => [service(name, 'Sum', { outcome }), outcome] as const);
  const aws = (
    namespace: string,
    name: string,
    statistic: Metric['statistic'],
    dimensions: Record<string, string>,
  ): Metric => ({
    namespace: `AWS/${namespace}`,
    name,
    statistic,
    dimensions,
  });
  const firehose = { DeliveryStreamName: names.deliveryStream };
  const queue = { QueueName: names.queue };
  const ingestion = config.ingestion.firehose
    ? [
        graph(region, 'Firehose: bytes', [
          [aws('Firehose', 'IncomingBytes', 'Sum', firehose), 'in'],
          [aws('Firehose', 'DeliveryToS3.Bytes', 'Sum', firehose), 'to S3'],
        ]),
        graph(region, 'Firehose: age and partitions', [
          [aws('Firehose', 'DeliveryToS3.DataFreshness', 'Maximum', firehose), 'seconds'],
          [aws('Firehose', 'PartitionCount', 'Maximum', firehose), 'partitions'],
        ]),
      ]
    : [];
  return {
    widgets: grid([
      ...ingestion,
      graph(region, 'Queue', [
        [aws('SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', queue), 'waiting'],
        [aws('SQS', 'ApproximateNumberOfMessagesNotVisible', 'Maximum', queue), 'in flight or parked'],
        [
          aws('SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', { QueueName: names.deadLetterQueue }),
          'dead letters',
        ],
      ]),
      graph(region, 'Queue: age of the oldest message (s)', [
        [aws('SQS', 'ApproximateAgeOfOldestMessage', 'Maximum', queue), 'seconds'],
      ]),
      graph(region, 'Messages that wait for capacity', [
        [service('workable_messages', 'Average'), 'in each task'],
        [service('saturated', 'Average'), 'tasks saturated (share)'],
      ]),
      graph(region, 'Messages that wait for capacity: age of the oldest (s)', [
        [service('workable_oldest_age_seconds', 'Maximum'), 'seconds'],
      ]),
      graph(region, 'Tasks', [
        [containerInsights(names, 'DesiredTaskCount'), 'wanted'],
        [containerInsights(names, 'RunningTaskCount'), 'running'],
      ]),
      graph(region, 'CPU and memory (%)', [
        [aws('ECS', 'CPUUtilization', 'Maximum', { ClusterName: names.cluster, ServiceName: names.service }), 'CPU'],
        [
          aws('ECS', 'MemoryUtilization', 'Maximum', { ClusterName: names.cluster, ServiceName: names.service }),
          'memory',
        ],
      ]),
      graph(region, 'Records', byOutcome('events_total', ['delivered', 'filtered', 'rejected', 'quarantined'])),
      graph(region, 'Message bytes delivered', [[service('message_bytes_total', 'Sum'), 'bytes']]),
      graph(region, 'Delivery lag (s)', [[service('delivery_lag_seconds', 'Average'), 'average']]),
      graph(region, 'Objects', byOutcome('objects_total', ['done', 'duplicate', 'skipped', 'released'])),
      graph(region, 'Trouble', [
        ...byOutcome('objects_total', ['retry', 'park', 'dead_letter']),
        [service('workers_restarted_total', 'Sum'), 'threads replaced'],
      ]),
      graph(region, 'PutLogEvents', byOutcome('put_calls_total', ['accepted', 'throttle', 'transient', 'refused'])),
      graph(region, 'PutLogEvents: duration (s)', [[service('put_duration_seconds', 'Average'), 'average']]),
      graph(region, 'Quarantine: files', [
        [service('quarantine_files_total', 'Sum'), 'all'],
        [service('quarantine_files_total', 'Sum', { reason: 'foreign_tenant' }), 'foreign tenant'],
      ]),
      graph(region, 'AssumeRole', byOutcome('assume_role_total', ['ok', 'refused', 'failed'])),
    ]),
  };
}

/** What a dashboard variable replaces wherever it stands. */
const TENANT = 'any-tenant';

/**
 * One tenant, chosen by name at the top. From the service's summary lines, one for each object and delivery: metrics by
 * tenant would cost $1.50 a month for each tenant, these queries what somebody looks at.
 */
export function tenantDashboard(config: Config, names: Names): Dashboard {
  const query = (title: string, view: 'timeSeries' | 'table', text: string) => ({
    type: 'log' as const,
    properties: {
      title,
      region: config.region,
      view,
      query: `SOURCE '${names.serviceLogGroup}' | filter tenant = '${TENANT}' | ${text}`,
    },
  });
  return {
    variables: [
      {
        type: 'pattern',
        pattern: TENANT,
        inputType: 'input',
        id: 'tenant',
        label: 'Tenant',
        defaultValue: TENANT,
        visible: true,
      },
    ],
    widgets: grid([
      query('Records', 'timeSeries', 'stats sum(delivered), sum(filtered), sum(rejected), sum(quarantined) by bin(5m)'),
      query('Objects', 'timeSeries', 'stats count(*) by bin(5m)'),
      query('Seconds per object', 'timeSeries', 'stats avg(seconds), max(seconds) by bin(5m)'),
      query(
        'Trouble',
        'table',
        'filter ispresent(code) | stats count(*) as times, latest(msg) as last by code, delivery',
      ),
      query(
        'Largest objects',
        'table',
        'filter ispresent(read) | sort read desc | display object, delivery, read, seconds | limit 20',
      ),
      query('Last objects', 'table', 'display @timestamp, object, delivery, msg, read, delivered, rejected | limit 20'),
    ]),
  };
}
