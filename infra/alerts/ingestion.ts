import type { Config } from '../config/config.ts';
import type { Metric } from '../values/metric.ts';
import type { Names } from '../values/names.ts';
import { type Alert, ANY, type CloudWatchForm } from './alert.ts';

/** Firehose buffers in stages and may take 1.5 times its interval (Firehose developer guide, "Buffer data for dynamic partitioning"). */
const FRESHNESS_FACTOR = 2;
const noPrometheus = 'Firehose has metrics in CloudWatch only.';

/** What goes wrong before an object is in the bucket. */
export function ingestionAlerts({ ingestion }: Config, names: Names): readonly Alert[] {
  if (!ingestion.firehose) return [];
  const firehose = (name: string, statistic: Metric['statistic']): CloudWatchForm['metrics'] => ({
    value: { namespace: 'AWS/Firehose', name, dimensions: { DeliveryStreamName: names.deliveryStream }, statistic },
  });
  return [
    {
      id: 'firehose-delivery-failing',
      name: 'LogFirehoseDeliveryFailing',
      severity: 'page',
      summary: 'Firehose cannot write to the bucket.',
      description: `Firehose keeps records for 24 hours, then drops them. Look into the log group ${names.firehoseLogGroup}.`,
      cloudwatch: {
        ...ANY,
        metrics: firehose('DeliveryToS3.Success', 'Average'),
        comparison: 'LessThanThreshold',
        threshold: 1,
        periods: 3,
      },
      noPrometheus,
    },
    {
      id: 'firehose-late',
      name: 'LogFirehoseLate',
      severity: 'ticket',
      summary: 'Firehose writes late.',
      description: 'The oldest record in Firehose is older than its buffer may hold it, so records arrive late.',
      cloudwatch: {
        ...ANY,
        metrics: firehose('DeliveryToS3.DataFreshness', 'Maximum'),
        threshold: ingestion.bufferIntervalSeconds * FRESHNESS_FACTOR,
        periods: 3,
      },
      noPrometheus,
    },
    {
      id: 'firehose-partitions-exceeded',
      name: 'LogFirehosePartitionsExceeded',
      severity: 'ticket',
      summary: 'Firehose has more partitions than it may have.',
      description:
        'More tenants, clusters and environments write at once than Firehose has partitions for; the rest goes to the error ' +
        'prefix. Ask AWS for a higher limit, or shorten the buffer.',
      cloudwatch: { ...ANY, metrics: firehose('PartitionCountExceeded', 'Maximum') },
      noPrometheus,
    },
    {
      id: 'firehose-conversion-failing',
      name: 'LogFirehoseConversionFailing',
      severity: 'ticket',
      summary: 'Firehose cannot convert records.',
      description: 'Records are not JSON or do not fit the schema; they are under the error prefix.',
      cloudwatch: { ...ANY, metrics: firehose('FailedConversion.Records', 'Sum') },
      noPrometheus,
    },
    {
      id: 'firehose-throttled',
      name: 'LogFirehoseThrottled',
      severity: 'ticket',
      summary: 'Firehose throttles the writers.',
      description:
        'The collectors write more than the quota of the delivery stream. They retry from their buffers; when a buffer is full, ' +
        'records are lost. Ask AWS for a higher quota.',
      cloudwatch: { ...ANY, metrics: firehose('ThrottledRecords', 'Sum'), periods: 2 },
      noPrometheus,
    },
  ];
}

const tableMetric = (table: string, name: string): Metric => ({
  namespace: 'AWS/DynamoDB',
  name,
  dimensions: { TableName: table },
  statistic: 'Sum',
});

export function tableAlerts(names: Names): readonly Alert[] {
  const tables = [
    ['throttled-tenant-configurations', names.tenantTable],
    ['throttled-delivery-ledger', names.ledgerTable],
  ] as const;
  return tables.map(([id, table]) => ({
    id,
    name: 'LogTableThrottled',
    severity: 'ticket',
    summary: `DynamoDB throttles the table ${table}.`,
    description: 'A key is hot, or the load grows faster than on-demand capacity follows. Deliveries wait meanwhile.',
    cloudwatch: {
      ...ANY,
      metrics: { reads: tableMetric(table, 'ReadThrottleEvents'), writes: tableMetric(table, 'WriteThrottleEvents') },
      expression: 'FILL(reads, 0) + FILL(writes, 0)',
      periods: 2,
    },
    noPrometheus:
      'DynamoDB has metrics in CloudWatch only. The service counts the calls that it repeats in log_distributor_retries_total.',
  }));
}
