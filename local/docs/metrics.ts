import { Counter, Gauge, Histogram } from 'prom-client';
import { createMetrics } from '../../service/base/metrics.ts';
import type { Row } from './table.ts';

/** Name, type and labels of every metric of the service's own, in the order of its registry. */
export function metricRows(): Row[] {
  return Object.values(createMetrics()).flatMap((metric) => {
    const type = typeOf(metric);
    if (type === undefined) return [];
    // prom-client's types keep these to themselves; they are what the constructor was given.
    const { name, labelNames } = metric as unknown as { name: string; labelNames: readonly string[] };
    return [{ key: `\`${name}\``, cells: [type, labelNames.map((label) => `\`${label}\``).join(', ')] }];
  });
}

function typeOf(metric: unknown): string | undefined {
  if (metric instanceof Counter) return 'counter';
  if (metric instanceof Gauge) return 'gauge';
  return metric instanceof Histogram ? 'histogram' : undefined;
}
