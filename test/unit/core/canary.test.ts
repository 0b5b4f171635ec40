import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canaryBody, canaryDueMs, canaryKey, isCanary, withoutFilters } from '../../../service/core/canary.ts';
import { compileKeyTemplate } from '../../../service/core/object-key.ts';
import { buildDelivery } from '../../support/delivery.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const MINUTE = 60_000;

test('the canary of an interval is due once in it, at the same time whoever asks when', () => {
  const due = canaryDueMs('acme', 5 * MINUTE, NOON_MS);
  assert.ok(due <= NOON_MS && due > NOON_MS - 5 * MINUTE);
  assert.equal(canaryDueMs('acme', 5 * MINUTE, due), due);
  assert.equal(canaryDueMs('acme', 5 * MINUTE, due + 5 * MINUTE - 1), due);
  assert.equal(canaryDueMs('acme', 5 * MINUTE, due + 5 * MINUTE), due + 5 * MINUTE);
  assert.equal(canaryDueMs('acme', 5 * MINUTE, due - 1), due - 5 * MINUTE);
});

test('a thousand tenants are spread over the interval', () => {
  const seconds = new Map<number, number>();
  for (let n = 0; n < 1_000; n++) {
    const second = Math.floor((canaryDueMs(`tenant-${n}`, 5 * MINUTE, NOON_MS) % (5 * MINUTE)) / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  assert.ok(seconds.size > 250, `${seconds.size} seconds of 300`);
  assert.ok(Math.max(...seconds.values()) <= 15);
});

for (const template of [
  'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/',
  '{cluster_id}/{tenant_id}/{application}/{pod_name}/*',
  'logs/{tenant_id}',
]) {
  test(`a canary's key is one of the template ${template}, and is known again`, () => {
    const keys = compileKeyTemplate(template);
    for (const tenant of ['acme-corp', 'a b+c%2F', '<img>']) {
      const key = canaryKey(keys, tenant, NOON_MS + 123);
      assert.ok(isCanary({ key }), key);
      const { tenant_id: parsed, ...others } = keys.parse(key);
      assert.equal(parsed, tenant);
      for (const value of Object.values(others)) assert.equal(value, 'log-distributor-canary');
    }
    assert.notEqual(canaryKey(keys, 'a', NOON_MS), canaryKey(keys, 'a', NOON_MS + 1));
  });
}

test('there is no key of a tenant that would be taken for one of another', () => {
  const keys = compileKeyTemplate('logs/{environment}-{tenant_id}/');
  assert.throws(() => canaryKey(keys, 'acme-corp', NOON_MS), /would belong to tenant corp, not to acme-corp/);
});

test('keys of collectors are no canaries, whatever their segments say', () => {
  for (const key of [
    'logs/tenant_id=acme/cluster_id=c/environment=e/2026/01/31/x.ndjson',
    'log-distributor-canary/acme/log-distributor-canary/log-distributor-canary/pod.log.gz',
    'logs/log-distributor-canary',
    // Of an application that took the name, under a template with {application}.
    'c1/acme/log-distributor-canary/1769860740.ndjson',
    'c1/acme/log-distributor-canary/20260131T120000Z.ndjson',
    'c1/acme/log-distributor-canary/2026-01-31T12-00-00Z.ndjson',
  ]) {
    assert.equal(isCanary({ key }), false, key);
  }
});

test('a canary is one record, of its tenant and of an application of its own', () => {
  const body = canaryBody('acme', NOON_MS);
  assert.ok(body.endsWith('\n') && body.indexOf('\n') === body.length - 1);
  const { timestamp, customer_tenant, application } = JSON.parse(body);
  assert.deepEqual(
    [timestamp, customer_tenant, application],
    ['2026-01-31T12:00:00.000Z', 'acme', 'log-distributor-canary'],
  );
});

test('a delivery of a canary has no filters and no shape, and is otherwise the same', () => {
  const delivery = buildDelivery({ desired_logs: ['api'], min_log_level: 'error', input_format: 'json-array' });
  assert.deepEqual(withoutFilters(delivery), {
    ...delivery,
    applications: null,
    minLevel: null,
    inputFormat: undefined,
  });
  assert.ok(delivery.applications && delivery.minLevel && delivery.inputFormat);
});
