import { watch } from '../watched/instruments.ts';

/** In the place of service/run/watch/metrics-page.ts: nobody reads the page, but its gauges can be looked at. */
export function createMetricsPage(_metrics: unknown, _workers: unknown, observe: () => void) {
  watch({ observe });
  return { render: async () => ({ contentType: 'text/plain', text: '' }), close() {} };
}
