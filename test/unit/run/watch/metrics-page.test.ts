import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { createMetricsPage } from '../../../../service/run/watch/metrics-page.ts';

test('the page adds up the metrics of all threads, and shows those of the process once', async (t) => {
  const [main, ...threads] = [createMetrics(), createMetrics(), createMetrics()];
  assert.ok(main);
  for (const [at, { puts, credentialsCached, putSeconds }] of threads.entries()) {
    puts.inc({ outcome: 'accepted' }, 10 * (at + 1));
    credentialsCached.set(at + 1);
    putSeconds.observe(0.02);
  }
  const page = createMetricsPage(
    main,
    {
      // As they come from a thread: cloned.
      metrics: () =>
        Promise.all(threads.map(async ({ registry }) => structuredClone(await registry.getMetricsAsJSON()))),
    },
    () => main.messagesInFlight.set(5),
  );
  t.after(() => page.close());
  const { contentType, text } = await page.render();
  assert.match(contentType, /^text\/plain; version=/);
  const value = (series: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${series} `))
      .map((line) => Number(line.slice(series.length + 1)));
  assert.deepEqual(value('log_distributor_put_calls_total{outcome="accepted"}'), [30]);
  assert.deepEqual(value('log_distributor_credentials_cached'), [3]);
  assert.deepEqual(value('log_distributor_messages_in_flight'), [5]);
  assert.deepEqual(value('log_distributor_put_duration_seconds_count'), [2]);
  assert.deepEqual(value('log_distributor_put_duration_seconds_bucket{le="0.025"}'), [2]);
  assert.equal(value('process_resident_memory_bytes').length, 1);
  for (const quantile of ['0.5', '0.99', '1']) {
    assert.equal(value(`log_distributor_event_loop_delay_seconds{quantile="${quantile}"}`).length, 1);
  }
});
