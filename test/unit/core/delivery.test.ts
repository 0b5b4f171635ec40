import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf, layoutOf } from '../../../service/core/delivery.ts';
import { buildDelivery } from '../../support/delivery.ts';

test('only the fields that filters and routes ask for are decoded', () => {
  const fields = (attributes: Readonly<Record<string, unknown>>) => fieldsOf(buildDelivery(attributes)).sort();
  assert.deepEqual(fields({ log_stream_name: 'all' }), ['customer_tenant']);
  assert.deepEqual(fields({}), ['cluster_id', 'customer_tenant', 'environment']);
  assert.deepEqual(
    fields({
      log_group_name: '/a/{namespace}',
      log_stream_name: '{pod_name}-{date}',
      desired_logs: ['x'],
      min_log_level: 'info',
    }),
    ['application', 'customer_tenant', 'log_level', 'namespace', 'pod_name'],
  );
});

test('the layout changes with all that moves a batch boundary, and with nothing else', () => {
  const base = layoutOf(buildDelivery());
  const moves = [
    { log_group_name: '/tenant-logs/acme/{application}' },
    { log_stream_name: '{date}' },
    { desired_logs: ['a'] },
    { min_log_level: 'info' },
    { message_format: 'record' },
  ];
  const layouts = moves.map((attributes) => layoutOf(buildDelivery(attributes)));
  assert.equal(new Set([base, ...layouts]).size, moves.length + 1);
  const stays = [
    { external_id: 'xx' },
    { target_region: 'eu-west-1' },
    { retention_days: 7 },
    { max_bytes_per_second: 2048 },
    { log_distribution_role_arn: 'arn:aws:iam::999988887777:role/x' },
  ];
  for (const attributes of stays) assert.equal(layoutOf(buildDelivery(attributes)), base, JSON.stringify(attributes));
});

test('the order in which applications are named does not change the layout', () => {
  assert.equal(
    layoutOf(buildDelivery({ desired_logs: ['a', 'b'] })),
    layoutOf(buildDelivery({ desired_logs: new Set(['b', 'a']) })),
  );
});
