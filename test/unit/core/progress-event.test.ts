import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROGRESS_DIMENSIONS, PROGRESS_METRICS, progressEvent } from '../../../service/core/progress-event.ts';
import { metricsOf } from '../../support/emf.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const REPORT = {
  tenantId: 'acme',
  type: 'cloudwatch#audit',
  task: 'ip-10-0-0-7',
  atMs: NOON_MS,
  upToMs: NOON_MS - 90_500,
  counts: { delivered: 7, rejected: 2, quarantined: 1 },
};

test('CloudWatch Logs makes four metrics of a progress event, by tenant and delivery', () => {
  const message = progressEvent(REPORT);
  const common = {
    namespace: 'LogDistributor',
    dimensions: { TenantId: 'acme', Delivery: 'cloudwatch#audit' },
    timestamp: NOON_MS,
  };
  assert.deepEqual(metricsOf(message), [
    { ...common, name: 'DeliveredUpToAge', unit: 'Seconds', value: 90.5 },
    { ...common, name: 'EventsDelivered', unit: 'Count', value: 7 },
    { ...common, name: 'EventsRejected', unit: 'Count', value: 2 },
    { ...common, name: 'EventsQuarantined', unit: 'Count', value: 1 },
  ]);
  assert.deepEqual(
    PROGRESS_METRICS,
    metricsOf(message).map(({ name }) => name),
  );
  assert.deepEqual(PROGRESS_DIMENSIONS, Object.keys(common.dimensions));
  const { DeliveredUpTo, Task, log_distributor: kind } = JSON.parse(message);
  assert.deepEqual([kind, DeliveredUpTo, Task], ['progress', '2026-01-31T11:58:29.500Z', 'ip-10-0-0-7']);
});

test('a tenant whose id CloudWatch would not take has a dimension all the same', () => {
  for (const tenantId of ['日本', ':acme', ' ', 'a\nb', 'x'.repeat(256), 'a/b c']) {
    const [metric] = metricsOf(progressEvent({ ...REPORT, tenantId }));
    assert.match(metric?.dimensions.TenantId ?? '', /^[\w.#-]{1,128}$/, tenantId);
  }
});

test('a clock that is behind the mark makes no negative age', () => {
  const [age] = metricsOf(progressEvent({ ...REPORT, upToMs: NOON_MS + 1 }));
  assert.equal(age?.value, 0);
});

test('what is no document of the format is found', () => {
  const document = JSON.parse(progressEvent(REPORT));
  const wrong = (change: object) => assert.throws(() => metricsOf(JSON.stringify({ ...document, ...change })));
  wrong({ EventsDelivered: '7' });
  wrong({ EventsDelivered: undefined });
  wrong({ TenantId: 'ü' });
  wrong({ TenantId: undefined });
  wrong({ _aws: { ...document._aws, Timestamp: '2026' } });
  wrong({ _aws: { ...document._aws, Metrics: [] } });
  wrong({
    _aws: { ...document._aws, CloudWatchMetrics: [{ ...document._aws.CloudWatchMetrics[0], Namespace: 'AWS/Logs' }] },
  });
});
