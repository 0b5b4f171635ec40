import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AggregatorRegistry, collectDefaultMetrics, type MetricObject, Registry } from 'prom-client';
import type { Metrics } from '../../base/metrics.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';

/** The `/metrics` page: the main thread's metrics and those of all workers, added up, and Node's own of the process. */
export interface MetricsPage {
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
  close(): void;
}

const NANOSECONDS = 1e9;
const QUANTILES = [50, 99, 100];

/** @param observe sets the gauges that say how things stand right now */
export function createMetricsPage(
  metrics: Metrics,
  workers: Pick<WorkerPool, 'metrics'>,
  observe: () => void,
): MetricsPage {
  // Apart from ours: Node's metrics describe the process and must not be added up over threads.
  const node = new Registry();
  collectDefaultMetrics({ register: node });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();

  const observeDelay = () => {
    for (const quantile of QUANTILES) {
      metrics.eventLoopDelaySeconds.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / NANOSECONDS);
    }
    delay.reset();
  };

  return {
    async render() {
      observe();
      observeDelay();
      const all = [await metrics.registry.getMetricsAsJSON(), ...(await workers.metrics())];
      // What the threads sent are the same plain objects, cloned.
      const sum = AggregatorRegistry.aggregate(all as MetricObject[][]);
      return { contentType: sum.contentType, text: `${await sum.metrics()}\n${await node.metrics()}` };
    },
    close() {
      delay.disable();
      node.clear();
    },
  };
}
