import type { Metrics } from '../../../service/base/metrics.ts';
import { watch } from '../watched/instruments.ts';

/** In the place of service/run/watch/metrics-page.ts: nobody reads the page, but gauges can be looked at. */
export function createMetricsPage(metrics: Metrics, _workers: unknown, observe: () => void) {
  watch({
    gauges() {
      observe();
      return metrics;
    },
  });
  return { render: async () => ({ contentType: 'text/plain', text: '' }), close() {} };
}
