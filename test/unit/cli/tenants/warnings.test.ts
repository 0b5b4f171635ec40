import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningsOf } from '../../../../service/cli/tenants/warnings.ts';
import type { Delivery } from '../../../../service/core/delivery.ts';
import { compileKeyTemplate } from '../../../../service/core/object-key.ts';
import { hasRegion } from '../../../../service/core/partition.ts';
import { buildDelivery } from '../../../support/delivery.ts';

const TEMPLATE = compileKeyTemplate('logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/');

function warn(
  attributes: Readonly<Record<string, unknown>>,
  others: readonly Readonly<Record<string, unknown>>[] = [],
  template = TEMPLATE,
): string[] {
  return warningsOf(buildDelivery(attributes), others.map(buildDelivery), template);
}

test('an ordinary delivery has nothing to warn of', () => {
  assert.deepEqual(warn({}, [{ type: 'cloudwatch#audit', log_group_name: '/tenant-logs/audit' }]), []);
  for (const tenant_id of ['acme corp', 'a+b', 'ümlaut', 'a.b', 'Acme', '日本', 'a=b'])
    assert.deepEqual(warn({ tenant_id }), [], tenant_id);
});

test('an id that stands in keys only when it is encoded says how they begin', () => {
  for (const [tenant_id, encoded] of [
    ['acme/prod', 'acme%2Fprod'],
    ['100%41', '100%2541'],
  ] as const) {
    assert.deepEqual(warn({ tenant_id }), [
      `tenant_id: it must be percent-encoded in object keys, which then begin like logs/tenant_id=${encoded}/cluster_id=x/environment=x/`,
    ]);
  }
});

test('an id that no key can name is told', () => {
  const inOneSegment = compileKeyTemplate('logs/{cluster_id}-{tenant_id}/');
  const text =
    'tenant_id: no object key can name this tenant: OBJECT_KEY_TEMPLATE finds another id, or none, in every key';
  assert.deepEqual(warn({ tenant_id: 'acme-corp' }, [], inOneSegment), [text]);
  assert.deepEqual(warn({ tenant_id: 'acme' }, [], inOneSegment), []);
  assert.deepEqual(warn({ tenant_id: 'half \ud83c' }), [text]);
});

const ROLE_CN = 'arn:aws-cn:iam::111122223333:role/logs';

test('rejected events that no delivery of the tenant takes are told', () => {
  const named = { rejected_events: 's3#rejected' };
  const bucket = { type: 's3#rejected', bucket_name: 'acme-logs' };
  const text =
    'rejected_events: tenant acme has no valid delivery s3#rejected: until it has, rejected events go to quarantine';
  assert.deepEqual(warn(named), [text]);
  assert.deepEqual(warn(named, [{ ...bucket, type: 's3' }]), [text]);
  assert.deepEqual(warn(named, [bucket]), []);
  assert.deepEqual(warn(named, [{ ...bucket, enabled: false }]), []);
});

test('receipts that nobody can compare with the events are told', () => {
  const receipts = { receipts: 's3://acme-receipts' };
  assert.deepEqual(warn(receipts), []);
  assert.deepEqual(warn({ ...receipts, log_group_class: 'STANDARD' }), []);
  assert.deepEqual(warn({ ...receipts, log_group_class: 'INFREQUENT_ACCESS' }), [
    'receipts: nobody can compare them with what was delivered: no call reads the events of INFREQUENT_ACCESS back',
  ]);
});

test('a region that is not one of the partition of the role is told', () => {
  const text = (partition: string, region: string) =>
    `target_region: the partition of the role, ${partition}, has no region ${region}`;
  assert.deepEqual(warn({ target_region: 'cn-north-1' }), [text('aws', 'cn-north-1')]);
  assert.deepEqual(warn({ target_region: 'us-gov-west-1' }), [text('aws', 'us-gov-west-1')]);
  assert.deepEqual(warn({ target_region: 'xx-west-1' }), [text('aws', 'xx-west-1')]);
  // Without target_region it is the service's.
  assert.deepEqual(warn({ log_distribution_role_arn: ROLE_CN }), [text('aws-cn', 'us-east-1')]);
  assert.deepEqual(warn({ log_distribution_role_arn: ROLE_CN, target_region: 'cn-northwest-1' }), []);
});

test('every partition has its regions and no other one', () => {
  const regions = {
    aws: ['us-east-1', 'ap-southeast-7', 'il-central-1', 'mx-central-1'],
    'aws-cn': ['cn-north-1'],
    'aws-us-gov': ['us-gov-east-1'],
    'aws-iso': ['us-iso-west-1'],
    'aws-iso-b': ['us-isob-east-1'],
    'aws-iso-e': ['eu-isoe-west-1'],
    'aws-iso-f': ['us-isof-south-1'],
    'aws-eusc': ['eusc-de-east-1'],
  };
  for (const [partition, own] of Object.entries(regions)) {
    for (const other of Object.keys(regions)) {
      for (const region of own) assert.equal(hasRegion(other, region), other === partition, `${other} ${region}`);
    }
  }
  assert.ok(hasRegion('aws-of-tomorrow', 'moon-1'), 'what is not known is not warned of');
});

const TWICE = 'cloudwatch writes to the same place in CloudWatch Logs: each event is delivered twice';

type Attributes = Readonly<Record<string, unknown>>;

const PAIRS: readonly (readonly [what: string, own: Attributes, other: Attributes, warnings: readonly string[]])[] = [
  ['the same place', {}, {}, [TWICE]],
  ['the same place, written otherwise', { log_group_name: '/tenant-logs/{tenant_id}' }, {}, [TWICE]],
  ['another group', { log_group_name: '/other' }, {}, []],
  ['another stream', { log_stream_name: 's' }, {}, []],
  ['another region', { target_region: 'eu-west-1' }, {}, []],
  ['another account', { log_distribution_role_arn: 'arn:aws:iam::999999999999:role/logs' }, {}, []],
  ['applications that both want', { desired_logs: ['api', 'web'] }, { desired_logs: ['web'] }, [TWICE]],
  ['applications that only one of them wants', { desired_logs: ['api'] }, { desired_logs: ['web'] }, []],
  ['one that is disabled', { enabled: false }, {}, []],
  ['another that is disabled', {}, { enabled: false }, []],
];
for (const [what, own, other, warnings] of PAIRS) {
  test(`of two deliveries, ${what}: ${warnings.length > 0 ? 'each event would be delivered twice' : 'no warning'}`, () => {
    assert.deepEqual(warn({ type: 'cloudwatch#second', ...own }, [other]), warnings);
  });
}

test('two deliveries to the same place of a bucket overwrite each other', () => {
  const bucket = { type: 's3', bucket_name: 'acme-logs', bucket_prefix: 'in/' };
  const second = { ...bucket, type: 's3#second' };
  assert.deepEqual(warn(second, [bucket]), [
    's3 writes to the same place in the same bucket: the two overwrite each other',
  ]);
  assert.deepEqual(warn({ ...second, bucket_prefix: 'out/' }, [bucket]), []);
});

test('a delivery is no double of itself', () => {
  const delivery: Delivery = buildDelivery();
  assert.deepEqual(warningsOf(delivery, [delivery], TEMPLATE), []);
});
