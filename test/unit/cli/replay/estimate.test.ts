import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSamples, estimate } from '../../../../service/cli/replay/estimate.ts';

test('what the samples hold is scaled by bytes', () => {
  const objects = [{ bytes: 1_000_000 }, { bytes: 3_000_000 }, { bytes: 16_000_000 }];
  const samples = [
    { objectBytes: 1_000_000, events: 40_000, eventBytes: 8_000_000, putCalls: 8 },
    { objectBytes: 3_000_000, events: 160_000, eventBytes: 32_000_000, putCalls: 32 },
  ];
  const result = estimate({ objects, samples, listCalls: 4, deliveries: 1, objectsPerSecond: 0.5 });
  assert.deepEqual(
    { ...result, tenant_usd: result.tenant_usd.toFixed(6), platform_usd: result.platform_usd.toFixed(9) },
    {
      objects: 3,
      object_bytes: 20_000_000,
      events: 1_000_000,
      event_bytes: 200_000_000,
      put_calls: 200,
      tenant_usd: (0.2 * 0.5).toFixed(6),
      platform_usd: ((4 * 0.4) / 1e6 + 4 * 5e-6 + 3 * (1.2e-6 + 1.875e-6)).toFixed(9),
      seconds: 6,
      put_quota_percent: (200 / 6 / 5_000) * 100,
      sampled_objects: 2,
    },
  );
});

test('without objects, and with empty ones only, there is nothing to divide by', () => {
  for (const objects of [[], [{ bytes: 0 }]]) {
    const result = estimate({ objects, samples: [], listCalls: 1, deliveries: 1, objectsPerSecond: 5 });
    assert.equal(result.events, 0);
    assert.equal(result.put_quota_percent, 0);
  }
});

test('the first, the middle and the last object are samples, none that is empty or too large', () => {
  const objects = [0, 1, 2, 3, 4, 5, 99].map((bytes) => ({ bytes }));
  assert.deepEqual(
    chooseSamples(objects, 50).map(({ bytes }) => bytes),
    [1, 3, 5],
  );
  assert.deepEqual(
    chooseSamples(objects.slice(1, 2), 50).map(({ bytes }) => bytes),
    [1],
  );
  assert.deepEqual(chooseSamples([{ bytes: 0 }], 50), []);
});
