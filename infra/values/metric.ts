import type { Config } from '../config/config.ts';
import { ENVIRONMENT_DIMENSION } from './collector.ts';
import type { Names } from './names.ts';

/** A metric of CloudWatch, with the statistic that is looked at. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Sum' | 'Average' | 'Maximum' | 'Minimum';
}

/** A metric of the service as the collector publishes it. */
export function serviceMetric(
  config: Pick<Config, 'environment'>,
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

export function containerInsights(names: Names, name: string, statistic: Metric['statistic'] = 'Minimum'): Metric {
  const dimensions = { ClusterName: names.cluster, ServiceName: names.service };
  return { namespace: 'ECS/ContainerInsights', name, dimensions, statistic };
}

export function queueMetric(queue: string, name: string, statistic: Metric['statistic']): Metric {
  return { namespace: 'AWS/SQS', name, dimensions: { QueueName: queue }, statistic };
}
