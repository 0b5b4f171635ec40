import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordField } from '../../../service/core/chunk.ts';
import { entityOf, type Platform } from '../../../service/core/entity.ts';
import { planChunk } from '../../../service/core/plan.ts';
import { buildChunk } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const KEY_FIELDS = { tenant_id: 'acme', cluster_id: 'blue', environment: 'prod' };
type Fields = Readonly<Partial<Record<RecordField, string>>>;

/** The entity of each batch of records with these fields. */
function entities(records: readonly Fields[], platform: Platform = 'eks', attributes: Record<string, unknown> = {}) {
  const plan = planChunk(buildChunk(records.map((fields, at) => ({ message: `m${at}`, timeMs: NOON_MS, fields }))), {
    delivery: buildDelivery({
      log_group_name: '/tenant-logs/acme/{application}',
      log_stream_name: '{namespace}',
      entity: platform,
      ...attributes,
    }),
    keyFields: KEY_FIELDS,
    lastModifiedMs: NOON_MS,
    eventBytesMax: 1_000,
  });
  return plan.batches.map((batch) => entityOf(plan, batch, platform, KEY_FIELDS));
}
const namesOf = (...args: Parameters<typeof entities>) =>
  entities(...args).map((entity) => entity && [entity.keyAttributes?.Name, entity.keyAttributes?.Environment]);

test('the events of a batch are of a service in a namespace of a cluster', () => {
  const pod = { application: 'checkout', namespace: 'shop', node_name: 'node-1' };
  assert.deepEqual(entities([pod, pod]), [
    {
      keyAttributes: { Type: 'Service', Name: 'checkout', Environment: 'eks:blue/shop' },
      attributes: {
        PlatformType: 'AWS::EKS',
        'EKS.Cluster': 'blue',
        'K8s.Namespace': 'shop',
        'K8s.Node': 'node-1',
      },
    },
  ]);
  assert.deepEqual(entities([{ ...pod, cluster_id: 'green' }], 'kubernetes'), [
    {
      keyAttributes: { Type: 'Service', Name: 'checkout', Environment: 'k8s:green/shop' },
      attributes: {
        PlatformType: 'K8s',
        'K8s.Cluster': 'green',
        'K8s.Namespace': 'shop',
        'K8s.Node': 'node-1',
      },
    },
  ]);
});

test('each batch has the entity of its own events, parts of long ones included', () => {
  const records = [
    { application: 'checkout', namespace: 'shop' },
    { application: 'gateway', namespace: 'shop' },
    { application: 'checkout', namespace: 'test' },
  ];
  assert.deepEqual(namesOf(records), [
    ['checkout', 'eks:blue/shop'],
    ['gateway', 'eks:blue/shop'],
    ['checkout', 'eks:blue/test'],
  ]);
  const plan = planChunk(
    buildChunk([{ message: 'x'.repeat(5_000), timeMs: NOON_MS, fields: { application: 'a', namespace: 'n' } }]),
    {
      delivery: buildDelivery({ log_stream_name: '{application}-{namespace}', entity: 'eks' }),
      keyFields: KEY_FIELDS,
      lastModifiedMs: NOON_MS,
      eventBytesMax: 1_000,
    },
  );
  assert.ok(plan.parts.length > 1);
  const names = plan.batches.map((batch) => entityOf(plan, batch, 'eks', KEY_FIELDS)?.keyAttributes?.Name);
  assert.deepEqual([...new Set(names)], ['a']);
});

test('what the events of a batch do not share is not said', () => {
  // These two have the same names of group and stream.
  assert.deepEqual(
    namesOf([
      { application: 'a/b', namespace: 'n' },
      { application: 'a_b', namespace: 'n' },
    ]),
    [undefined],
  );
  const [entity] = entities([
    { application: 'a', namespace: 'n', node_name: 'one' },
    { application: 'a', namespace: 'n', node_name: 'two' },
  ]);
  assert.deepEqual(entity?.attributes, { PlatformType: 'AWS::EKS', 'EKS.Cluster': 'blue', 'K8s.Namespace': 'n' });
  assert.deepEqual(
    namesOf([
      { application: 'a', namespace: 'n', cluster_id: 'x' },
      { application: 'a', namespace: 'n', cluster_id: 'y' },
    ]),
    [undefined],
  );
});

test('a name that is missing, too long, or no name of Kubernetes makes no entity', () => {
  for (const fields of [
    { namespace: 'n' },
    { application: 'a' },
    { application: 'a'.repeat(513), namespace: 'n' },
    { application: 'ä', namespace: 'n' },
    { application: ' ', namespace: 'n' },
    // The environment would be too long.
    { application: 'a', namespace: 'n'.repeat(510) },
  ]) {
    assert.deepEqual(entities([fields]), [undefined], JSON.stringify(fields).slice(0, 60));
  }
});
