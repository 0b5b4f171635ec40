import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import type { TenantSpec } from '../../local/provision/tenant.ts';
import { cli } from '../support/cli.ts';
import { accepts, readTemplate, roleOf, TEMPLATE_ACCOUNT } from '../support/template.ts';
import { buildTenant, keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline } from './pipeline.ts';

/**
 * The service delivers into a bucket with the role and the bucket policy that the customer's template makes, and with no other
 * permission. Needs an AWS that looks at policies.
 */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not evaluate policies' : false;

const PREFIX = 'from-platform/';
/** The service uploads in parts above 8 MiB. */
const LARGE_BYTES = 9 * 1024 * 1024;

const line = (message: string) => `${JSON.stringify({ message, level: 'error', timestamp: Date.now() })}\n`;
const LARGE = line('x'.repeat(1000)).repeat(LARGE_BYTES / 1000);

/** Puts the template's role in the place of the one that tests are provisioned with, and its policy on the bucket. */
async function deployTemplate(
  pipeline: TestPipeline,
  tenant: TenantSpec,
  bucket: string,
  more: Record<string, string>,
) {
  const parameters = {
    TenantId: tenant.tenantId,
    ExternalId: tenant.externalId,
    // Tests' services sign as the platform's account itself, which is what its root stands for in a policy.
    DistributorRoleArn: 'arn:aws:iam::000000000000:root',
    BucketName: bucket,
    BucketPrefix: PREFIX,
    CreateBucket: 'true',
    ...more,
  };
  const template = await readTemplate('customer-bucket.yaml');
  for (const [name, value] of Object.entries(parameters)) {
    const parameter = template.parameters[name];
    assert.ok(name === 'DistributorRoleArn' || (parameter && accepts(parameter, value)), `${name}: ${value}`);
  }
  const evaluated = template.evaluate(parameters);
  const { resources, outputs } = evaluated;
  const role = roleOf(evaluated);
  const iam = pipeline.deps.iam(tenant.accountId);
  const provisioned = { RoleName: `LogDistribution-${tenant.tenantId}` };
  await iam.send(new DeleteRolePolicyCommand({ ...provisioned, PolicyName: 'WriteLogs' }));
  await iam.send(new DeleteRoleCommand(provisioned));
  const { RoleName, Path } = role;
  const AssumeRolePolicyDocument = JSON.stringify(role.AssumeRolePolicyDocument);
  await iam.send(new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument }));
  for (const { PolicyName, PolicyDocument } of role.Policies) {
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) }));
  }
  const Policy = JSON.stringify(resources.BucketPolicy?.Properties.PolicyDocument);
  await pipeline.deps.s3Of(tenant.accountId).send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  return String(outputs.RoleArn);
}

for (const acl of [false, true]) {
  test(`a role that the template for buckets makes is enough for the service and for verify${acl ? ', with ACLs' : ''}`, {
    skip,
  }, async () => {
    const bucket = `lake-${randomBytes(4).toString('hex')}`;
    const tenant: TenantSpec = {
      ...buildTenant('acme', TEMPLATE_ACCOUNT),
      externalId: 'between-acme-and-the-platform',
      bucket: { name: bucket, prefix: '' },
      deliveries: [],
    };
    await using pipeline = await startPipeline({ tenants: [tenant] });
    const more = { RolePath: '/platform/', ...(acl ? { BucketOwnerFullControl: 'true' } : {}) };
    const roleArn = await deployTemplate(pipeline, tenant, bucket, more);
    const item = {
      tenant_id: 'acme',
      type: 's3',
      log_distribution_role_arn: roleArn,
      external_id: tenant.externalId,
      bucket_name: bucket,
      bucket_prefix: PREFIX,
      ...(acl ? { bucket_owner_full_control: true } : {}),
    };
    await pipeline.putItem(item);
    // Records that the delivery wants, beside whole objects.
    await pipeline.putItem({ ...item, type: 's3#errors', bucket_prefix: `${PREFIX}errors/`, min_log_level: 'error' });

    await pipeline.put(keyOf('acme', 'small.log'), line('small'));
    await pipeline.put(keyOf('acme', 'large.log'), LARGE);
    await pipeline.untilObjects(4);
    const s3 = pipeline.deps.s3Of(tenant.accountId);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    const keys = ['small.log', 'large.log'].map((name) => keyOf('acme', name));
    const copies = Contents.map(({ Key = '' }) => Key);
    for (const key of keys) {
      assert.ok(copies.includes(`${PREFIX}${key}`), copies.join(' '));
      assert.ok(
        copies.some((copy) => copy.startsWith(`${PREFIX}errors/${key}.`)),
        copies.join(' '),
      );
    }
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `${PREFIX}${keys[0]}` }));
    assert.match((await Body?.transformToString()) ?? '', /"small"/);

    const environment = {
      ...endpointEnvironment(pipeline.cloud?.url ?? '', 'us-east-1'),
      ...serviceEnvironment(pipeline.names),
    };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    const { code, out } = await cli(['tenants', 'verify', 'acme'], { environment });
    assert.equal(code, 0, out);
  });
}

test('outside of the prefix the role writes nothing, and parts of an upload that breaks off are gone', {
  skip,
}, async () => {
  const bucket = `lake-${randomBytes(4).toString('hex')}`;
  const tenant: TenantSpec = {
    ...buildTenant('acme', TEMPLATE_ACCOUNT),
    externalId: 'between-acme-and-the-platform',
    bucket: { name: bucket, prefix: '' },
    deliveries: [],
  };
  await using pipeline = await startPipeline({ tenants: [tenant], service: { PROBE_SECONDS: '1' } });
  const roleArn = await deployTemplate(pipeline, tenant, bucket, {});
  const item = {
    tenant_id: 'acme',
    type: 's3',
    log_distribution_role_arn: roleArn,
    external_id: tenant.externalId,
    bucket_name: bucket,
    bucket_prefix: 'elsewhere/',
  };
  await pipeline.putItem(item);
  await pipeline.putItem({ ...item, type: 's3#inside', bucket_prefix: PREFIX });
  await pipeline.put(keyOf('acme', 'refused.log'), line('refused'));
  await until(
    async () => (await pipeline.metric('circuit_open', { code: 'destination-refused' })) === 1,
    'the bucket refuses',
  );

  // The upload breaks off, and what was begun must be taken away again.
  const broken = pipeline.cloud?.faults.add({
    service: 's3',
    action: 'UploadPart',
    account: tenant.accountId,
    count: 1,
    effect: { kind: 'error', code: 'AccessDenied', status: 403 },
  });
  await pipeline.put(keyOf('acme', 'large.log'), LARGE);
  const s3 = pipeline.deps.s3Of(tenant.accountId);
  await until(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.some(({ Key }) => Key === `${PREFIX}${keyOf('acme', 'large.log')}`);
  }, 'the large object has arrived after all');
  assert.equal(broken?.struck, 1);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  assert.deepEqual(Uploads, []);
});
