import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  assumeStatement,
  roleOfCaller,
  tagStatement,
  templateParameters,
} from '../../../../service/cli/verify/policies.ts';
import {
  groupPrefixOf,
  keyStatement,
  receiptStatement,
  writeStatement,
} from '../../../../service/destination/cloudwatch/check.ts';
import { kindOf } from '../../../../service/destination/kinds.ts';
import { bucketStatement } from '../../../../service/destination/s3/check.ts';
import { S3 } from '../../../../service/destination/s3/kind.ts';
import { buildDelivery, cloudWatchOf } from '../../../support/delivery.ts';
import { accepts, readTemplate, roleOf, type Template } from '../../../support/template.ts';

const DISTRIBUTOR = 'arn:aws:iam::111111111111:role/distributor';
const TRUSTED = { tenantId: 'acme', externalId: 'acme-secret', distributorArn: DISTRIBUTOR };
const PARAMETERS = { TenantId: 'acme', ExternalId: 'acme-secret', DistributorRoleArn: DISTRIBUTOR };
const ACCOUNT = await readTemplate('customer-account.yaml');
const BUCKET = await readTemplate('customer-bucket.yaml');

/** Statements of the role that a template makes. */
function statementsOf(template: Template, more: Readonly<Record<string, string>> = {}) {
  const evaluated = template.evaluate({ ...PARAMETERS, ...more });
  const { AssumeRolePolicyDocument: trust, Policies } = roleOf(evaluated);
  return {
    arn: String(evaluated.outputs.RoleArn),
    trust: trust.Statement,
    permissions: Policies[0]?.PolicyDocument.Statement,
  };
}

for (const needs of [
  { tags: false, readsBack: false },
  { tags: true, readsBack: false },
  { tags: false, readsBack: true },
]) {
  test(`the statements that fix a role are those of the customer's template: ${JSON.stringify(needs)}`, () => {
    const { tags, readsBack } = needs;
    const given = { TagLogGroups: String(tags), ExactlyOnce: String(readsBack) };
    const { arn, trust, permissions } = statementsOf(ACCOUNT, given);
    assert.deepEqual(trust, [assumeStatement(TRUSTED), tagStatement(TRUSTED)]);
    assert.deepEqual(permissions, [writeStatement(arn, '/tenant-logs/acme', needs)]);
  });
}

test('the statement about receipts in a bucket is that of the template, which knows the parameters', () => {
  for (const [receipts, prefix] of [
    ['s3://acme-receipts', ''],
    ['s3://acme-receipts/of/logs/', 'of/logs/'],
  ] as const) {
    const {
      ReceiptsBucket = '',
      ReceiptsPrefix = '',
      ...rest
    } = templateParameters(buildDelivery({ receipts }), DISTRIBUTOR);
    assert.deepEqual([ReceiptsBucket, ReceiptsPrefix], ['acme-receipts', prefix]);
    assertTaken(ACCOUNT, { ...rest, ReceiptsBucket, ReceiptsPrefix });
    const { arn, permissions } = statementsOf(ACCOUNT, { ReceiptsBucket, ReceiptsPrefix });
    const statement = receiptStatement(arn, { kind: 'bucket', bucket: ReceiptsBucket, prefix }, 'acme');
    const [action] = statement.Action as string[];
    const [resource] = statement.Resource as string[];
    assert.equal(resource, `arn:aws:s3:::acme-receipts/${prefix}acme/*`);
    const written = { ...statement, Action: action, Resource: resource };
    assert.deepEqual(permissions, [
      writeStatement(arn, '/tenant-logs/acme', { tags: false, readsBack: false }),
      written,
    ]);
  }
  assert.ok(!('ReceiptsBucket' in templateParameters(buildDelivery({ receipts: 'log-group:/acme' }), DISTRIBUTOR)));
});

test("the page for customers shows the statement that a key's policy needs", async () => {
  const page = await readFile(new URL('../../../../docs/customer.md', import.meta.url), 'utf8');
  const [, shown = ''] = /### A key for log groups[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? [];
  const role = 'arn:aws:iam::222222222222:role/LogDistribution-acme';
  assert.deepEqual(JSON.parse(shown), keyStatement(role, 'us-west-2', '/tenant-logs/acme'));
  const china = keyStatement(role.replace('aws', 'aws-cn'), 'cn-north-1', '/a') as { Principal?: unknown };
  assert.deepEqual(china.Principal, { Service: 'logs.cn-north-1.amazonaws.com.cn' });
});

test('a delivery with tags asks the template for the permission', () => {
  const tagged = templateParameters(buildDelivery({ log_group_tags: { team: 'web' } }), DISTRIBUTOR);
  assert.equal(tagged.TagLogGroups, 'true');
  assert.ok(!('TagLogGroups' in templateParameters(buildDelivery(), DISTRIBUTOR)));
});

test('a delivery that reads back asks the template for the permission', () => {
  assert.equal(templateParameters(buildDelivery({ exactly_once: true }), DISTRIBUTOR).ExactlyOnce, 'true');
  assert.ok(!('ExactlyOnce' in templateParameters(buildDelivery(), DISTRIBUTOR)));
});

for (const bucketOwnerFullControl of [false, true]) {
  test(`the statement about a bucket is that of the template, ${bucketOwnerFullControl ? 'with' : 'without'} ACLs`, () => {
    const { arn, trust, permissions } = statementsOf(BUCKET, {
      BucketName: 'acme-lake',
      BucketPrefix: 'in/',
      BucketOwnerFullControl: String(bucketOwnerFullControl),
    });
    const statement = bucketStatement(arn, { bucket: 'acme-lake', keyPrefix: 'in/', bucketOwnerFullControl });
    assert.deepEqual(trust, [assumeStatement(TRUSTED), tagStatement(TRUSTED)]);
    // A template writes a list of one as its item.
    assert.deepEqual(permissions, [{ ...statement, Resource: (statement.Resource as string[])[0] }]);
  });
}

test("a statement about a bucket is of the role's partition and of the delivery's prefix", () => {
  const { target } = buildDelivery({
    type: 's3',
    bucket_name: 'acme-lake',
    bucket_prefix: 'in/',
    message_format: 'record',
  });
  assert.ok(S3.is(target));
  const { Resource } = bucketStatement('arn:aws-cn:iam::111122223333:role/LogDistribution-acme', target);
  assert.deepEqual(Resource, ['arn:aws-cn:s3:::acme-lake/in/*']);
});

test('the parameters are ones that the template takes, and the external id is not shown', () => {
  const delivery = buildDelivery({ external_id: 'acme-secret', log_group_name: '/logs/{tenant_id}/x-{application}' });
  const parameters = templateParameters(delivery, DISTRIBUTOR);
  assert.equal(kindOf(delivery).template, 'customer-account.yaml');
  assert.doesNotMatch(JSON.stringify(parameters), /acme-secret/);
  assert.equal(parameters.LogGroupPrefix, '/logs/acme');
  assertTaken(ACCOUNT, parameters);
});

test('a delivery to a bucket has the parameters of the template for buckets', () => {
  const KmsKeyArn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd';
  const delivery = buildDelivery({
    type: 's3',
    bucket_name: 'acme-lake',
    bucket_prefix: 'in/',
    kms_key_arn: KmsKeyArn,
    bucket_owner_full_control: true,
    message_format: 'record',
  });
  const parameters = templateParameters(delivery, DISTRIBUTOR);
  assert.equal(kindOf(delivery).template, 'customer-bucket.yaml');
  const { BucketName, BucketPrefix, BucketOwnerFullControl } = parameters;
  assert.deepEqual([BucketName, BucketPrefix, BucketOwnerFullControl], ['acme-lake', 'in/', 'true']);
  assert.equal(parameters.KmsKeyArn, KmsKeyArn);
  assertTaken(BUCKET, parameters);
});

/** The external id is not among them, so what stands for it need not be taken. */
function assertTaken(template: Template, { ExternalId: _, ...parameters }: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(parameters)) {
    const parameter = template.parameters[name];
    assert.ok(parameter && accepts(parameter, value), `${name}: ${value}`);
  }
}

test('the prefix of a group template ends before its first placeholder, at a slash', () => {
  for (const log_group_name of [
    '/tenant-logs/acme',
    '/tenant-logs/acme/{application}',
    '/tenant-logs/{tenant_id}/app-{application}/x',
  ]) {
    const delivery = buildDelivery({ log_group_name });
    assert.equal(groupPrefixOf({ ...delivery, target: cloudWatchOf(delivery) }), '/tenant-logs/acme', log_group_name);
  }
});

test("a session's caller is its role, anybody else is himself", () => {
  const role = 'arn:aws:iam::111111111111:role/distributor';
  assert.equal(roleOfCaller('arn:aws:sts::111111111111:assumed-role/distributor/task-1'), role);
  assert.equal(roleOfCaller('arn:aws:iam::111111111111:user/ann'), 'arn:aws:iam::111111111111:user/ann');
});
