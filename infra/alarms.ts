import { ENVIRONMENT_DIMENSION } from './collector.ts';
import type { Config } from './config.ts';
import type { Names } from './names.ts';

/** A metric of CloudWatch, with the statistic that is looked at. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Sum' | 'Average' | 'Maximum' | 'Minimum';
}

/** An alarm as a value. `metrics` has one entry, or several that `expression` joins by their keys. */
export interface Alarm {
  readonly id: string;
  /** What happened, and what to do: the text that wakes somebody up. */
  readonly description: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly expression?: string;
  readonly comparison: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly threshold: number;
  readonly periodSeconds: number;
  /** Periods in a row. */
  readonly periods: number;
  readonly missingData: 'notBreaching' | 'breaching';
}

const FIVE_MINUTES = 300;
/** Firehose buffers in stages and may take 1.5 times its interval (Firehose developer guide, "Buffer data for dynamic partitioning"). */
const FRESHNESS_FACTOR = 2;

/** Everything that should wake somebody up. */
export function alarmsOf(config: Config, names: Names): readonly Alarm[] {
  return [
    ...(config.ingestion.firehose ? firehoseAlarms(config, names) : []),
    ...queueAlarms(config, names),
    ...distributorAlarms(config, names),
    throttleAlarm('throttled-tenant-configurations', names.tenantTable),
    throttleAlarm('throttled-delivery-ledger', names.ledgerTable),
  ];
}

type Base = Pick<Alarm, 'comparison' | 'periodSeconds' | 'missingData' | 'threshold' | 'periods'>;
/** More than nothing in five minutes. */
const ANY: Base = {
  comparison: 'GreaterThanThreshold',
  threshold: 0,
  periodSeconds: FIVE_MINUTES,
  periods: 1,
  missingData: 'notBreaching',
};

function firehoseAlarms({ ingestion }: Config, names: Names): readonly Alarm[] {
  const firehose = (name: string, statistic: Metric['statistic']): Alarm['metrics'] => ({
    value: { namespace: 'AWS/Firehose', name, dimensions: { DeliveryStreamName: names.deliveryStream }, statistic },
  });
  return [
    {
      ...ANY,
      id: 'firehose-delivery-failing',
      description: `Firehose cannot write to the bucket. Look into the log group ${names.firehoseLogGroup}.`,
      metrics: firehose('DeliveryToS3.Success', 'Average'),
      comparison: 'LessThanThreshold',
      threshold: 1,
      periods: 3,
    },
    {
      ...ANY,
      id: 'firehose-late',
      description: 'The oldest record in Firehose is older than its buffer may hold it: records arrive late.',
      metrics: firehose('DeliveryToS3.DataFreshness', 'Maximum'),
      threshold: ingestion.bufferIntervalSeconds * FRESHNESS_FACTOR,
      periods: 3,
    },
    {
      ...ANY,
      id: 'firehose-partitions-exceeded',
      description:
        'More tenants, clusters and environments at once than Firehose has partitions for; the rest goes to the error ' +
        'prefix. Ask AWS for a higher limit, or shorten the buffer.',
      metrics: firehose('PartitionCountExceeded', 'Maximum'),
    },
    {
      ...ANY,
      id: 'firehose-conversion-failing',
      description: 'Records are no JSON or do not fit the schema; they lie under the error prefix.',
      metrics: firehose('FailedConversion.Records', 'Sum'),
    },
  ];
}

function queueAlarms({ alerts }: Config, names: Names): readonly Alarm[] {
  const queue = (name: string, queueName = names.queue): Alarm['metrics'] => ({
    value: { namespace: 'AWS/SQS', name, dimensions: { QueueName: queueName }, statistic: 'Maximum' },
  });
  return [
    {
      ...ANY,
      id: 'dead-letters',
      description: 'Messages could not be processed. Their attribute `reason` says why; fix it, then redrive them.',
      metrics: queue('ApproximateNumberOfMessagesVisible', names.deadLetterQueue),
    },
    {
      ...ANY,
      id: 'queue-age',
      description: `A message has waited for more than ${alerts.queueAgeSeconds} s: tasks are too few, or stuck.`,
      metrics: queue('ApproximateAgeOfOldestMessage'),
      threshold: alerts.queueAgeSeconds,
      periods: 3,
    },
    {
      ...ANY,
      id: 'queue-depth',
      description: `More than ${alerts.queueDepth} messages wait: is autoscaling at its limit?`,
      metrics: queue('ApproximateNumberOfMessagesVisible'),
      threshold: alerts.queueDepth,
      periods: 3,
    },
  ];
}

/** A metric of the service as the collector publishes it. */
export function serviceMetric(
  config: Config,
  names: Names,
  name: string,
  statistic: Metric['statistic'],
  labels: Readonly<Record<string, string>> = {},
): Metric {
  return {
    namespace: names.metricsNamespace,
    name: `log_distributor_${name}`,
    dimensions: { [ENVIRONMENT_DIMENSION]: config.environment, ...labels },
    statistic,
  };
}

function distributorAlarms(config: Config, names: Names): readonly Alarm[] {
  const { alerts } = config;
  const service = (...args: [string, Metric['statistic'], Record<string, string>?]): Alarm['metrics'] => ({
    value: serviceMetric(config, names, ...args),
  });
  return [
    {
      ...ANY,
      id: 'distributor-retrying',
      description:
        'Objects fail and are tried again more often than passing trouble explains. The service log has the codes.',
      metrics: service('objects_total', 'Sum', { outcome: 'retry' }),
      threshold: alerts.retriesPerFiveMinutes,
      periods: 2,
    },
    {
      ...ANY,
      id: 'distributor-threads-dying',
      description: 'Worker threads end and are replaced: an object kills them, or they hang. The service log names it.',
      metrics: service('workers_restarted_total', 'Sum'),
      threshold: 2,
    },
    {
      ...ANY,
      id: 'delivery-lag',
      description: `Objects reach their tenants ${alerts.deliveryLagSeconds} s after they were written, on average.`,
      metrics: service('delivery_lag_seconds', 'Average'),
      threshold: alerts.deliveryLagSeconds,
      periods: 3,
    },
    {
      ...ANY,
      id: 'tenant-parked',
      description:
        "A tenant's role or log group refuses us or does not answer: its circuit is open, its objects are parked and " +
        'become dead letters in the end. /status names the tenant.',
      metrics: service('circuit_open', 'Maximum'),
      periods: 3,
    },
    {
      ...ANY,
      id: 'quarantine-growing',
      description:
        'Records cannot be delivered one by one, and more of them than usual. Look under the quarantine prefix.',
      metrics: service('quarantine_files_total', 'Sum'),
      threshold: alerts.quarantineFilesPerHour,
      periodSeconds: 3600,
    },
    {
      ...ANY,
      id: 'foreign-tenant',
      description:
        "Records of one tenant lie in another's object: a collector is wrong, or somebody tries something. They are in quarantine.",
      metrics: service('quarantine_files_total', 'Sum', { reason: 'foreign_tenant' }),
    },
    {
      ...ANY,
      id: 'distributor-silent',
      description:
        'No metrics from any task: none runs, or their collectors do not publish, and the other alarms are blind.',
      metrics: service('messages_in_flight', 'Maximum'),
      comparison: 'LessThanThreshold',
      missingData: 'breaching',
      periods: 3,
    },
    {
      ...ANY,
      id: 'tasks-missing',
      description:
        'Fewer tasks run than are wanted: images, capacity, or tasks that crash. The events of the ECS service say which.',
      metrics: {
        desired: containerInsights(names, 'DesiredTaskCount'),
        running: containerInsights(names, 'RunningTaskCount'),
      },
      expression: 'desired - running',
      periods: 3,
    },
  ];
}

export function containerInsights(names: Names, name: string): Metric {
  const dimensions = { ClusterName: names.cluster, ServiceName: names.service };
  return { namespace: 'ECS/ContainerInsights', name, dimensions, statistic: 'Minimum' };
}

function throttleAlarm(id: string, table: string): Alarm {
  const dynamo = (name: string): Metric => ({
    namespace: 'AWS/DynamoDB',
    name,
    dimensions: { TableName: table },
    statistic: 'Sum',
  });
  return {
    ...ANY,
    id,
    description: `DynamoDB throttles the table ${table}: a hot key, or growth faster than on-demand capacity follows.`,
    metrics: { reads: dynamo('ReadThrottleEvents'), writes: dynamo('WriteThrottleEvents') },
    expression: 'FILL(reads, 0) + FILL(writes, 0)',
    periods: 2,
  };
}
