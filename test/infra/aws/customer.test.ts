import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asEnvironment, credentialsOf } from '../support/accounts.ts';
import { customerModule } from '../support/customer-module.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { findTerraform, run } from '../support/terraform.ts';

/** The customer's side by template and by module, created and removed in two accounts of an emulator. */
const file = (name: string) => fileURLToPath(new URL(`../../../infra/customer/${name}`, import.meta.url));
const TEMPLATE = file('customer-account.yaml');
const BUCKET_TEMPLATE = file('customer-bucket.yaml');
const BY_TEMPLATE = '222222222222';
const BY_MODULE = '333333333333';
const DISTRIBUTOR = 'arn:aws:iam::111111111111:role/log-distributor-production-task';
const EXTERNAL_ID = 'between-acme-and-the-platform';

const found = await findTerraform();
const moto = await startMoto();
const has = async (command: string) =>
  run(command, ['--version'], {}).then(
    () => true,
    () => false,
  );
const noAws = !(await has('aws')) && 'left out: there is no aws CLI here';
const noEmulator = moto ? false : 'left out: there is no moto_server here';
const noTerraform = typeof found === 'string' && `left out: ${found}`;

after(() => moto?.stop());

async function aws(emulator: Moto, account: string, ...args: readonly string[]) {
  const credentials = asEnvironment(await credentialsOf(emulator.url, account));
  const output = await run('aws', [...args, '--output', 'json'], { ...emulator.environment, ...credentials });
  return output.trim() === '' ? {} : JSON.parse(output);
}

async function createStack(
  emulator: Moto,
  template: string,
  name: string,
  parameters: Readonly<Record<string, string>>,
): Promise<void> {
  await aws(
    emulator,
    BY_TEMPLATE,
    'cloudformation',
    'create-stack',
    '--stack-name',
    name,
    '--capabilities',
    'CAPABILITY_NAMED_IAM',
    '--template-body',
    `file://${template}`,
    '--parameters',
    ...Object.entries(parameters).map(([key, value]) => `ParameterKey=${key},ParameterValue=${value}`),
  );
}

/** Statements with what is a list made one, sorted: AWS takes a single value for a list of one. */
function normal(document: { Statement: Record<string, unknown>[] }, account: string): unknown {
  const sortLists = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.length === 1 ? sortLists(value[0]) : value.map(sortLists).sort();
    if (typeof value !== 'object' || value === null) {
      return typeof value === 'string' ? value.replaceAll(account, 'ACCOUNT') : value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sortLists(inner)]));
  };
  return document.Statement.map(sortLists);
}

async function roleOf(emulator: Moto, account: string) {
  const name = ['--role-name', 'LogDistribution-acme'];
  const { Role } = await aws(emulator, account, 'iam', 'get-role', ...name);
  const { PolicyDocument } = await aws(
    emulator,
    account,
    'iam',
    'get-role-policy',
    ...name,
    '--policy-name',
    'WriteLogs',
  );
  return {
    arn: Role.Arn,
    trust: normal(Role.AssumeRolePolicyDocument, account),
    // moto gives a policy that a template made as Python prints it, and others as documents.
    permissions: normal(
      typeof PolicyDocument === 'string' ? JSON.parse(PolicyDocument.replaceAll("'", '"')) : PolicyDocument,
      account,
    ),
  };
}

test('cfn-lint has nothing to say about the templates', async (t) => {
  if (!(await has('cfn-lint'))) return t.skip('left out: there is no cfn-lint here');
  await run('cfn-lint', [TEMPLATE, BUCKET_TEMPLATE, file('terraform-bucket/bucket.yaml')], {});
});

test('the template makes the role and the log groups that are asked for', { skip: noEmulator || noAws }, async () => {
  assert.ok(moto);
  const parameters = {
    TenantId: 'acme',
    ExternalId: EXTERNAL_ID,
    DistributorRoleArn: DISTRIBUTOR,
    LogGroup1: 'checkout',
    RetentionDays: '14',
  };
  await createStack(moto, TEMPLATE, 'log-distribution', parameters);
  const { Stacks } = await aws(moto, BY_TEMPLATE, 'cloudformation', 'describe-stacks');
  assert.equal(Stacks[0].StackStatus, 'CREATE_COMPLETE');
  const outputs = new Map(
    Stacks[0].Outputs.map((it: { OutputKey: string; OutputValue: string }) => [it.OutputKey, it.OutputValue]),
  );
  assert.equal(outputs.get('RoleArn'), `arn:aws:iam::${BY_TEMPLATE}:role/LogDistribution-acme`);
  assert.equal(outputs.get('LogGroupPrefix'), '/tenant-logs/acme');
  const { logGroups } = await aws(moto, BY_TEMPLATE, 'logs', 'describe-log-groups');
  assert.deepEqual(
    logGroups.map((group: { logGroupName: string; retentionInDays: number }) => [
      group.logGroupName,
      group.retentionInDays,
    ]),
    [['/tenant-logs/acme/checkout', 14]],
  );
});

test('the role trusts the distributor alone, for this tenant alone, and writes below one prefix only', {
  skip: noEmulator || noAws,
}, async () => {
  assert.ok(moto);
  const { trust, permissions } = await roleOf(moto, BY_TEMPLATE);
  assert.deepEqual(trust, [
    {
      Sid: 'DistributorAssumes',
      Effect: 'Allow',
      Principal: { AWS: DISTRIBUTOR },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': EXTERNAL_ID, 'aws:RequestTag/tenant_id': 'acme' } },
    },
    {
      Sid: 'DistributorTagsSession',
      Effect: 'Allow',
      Principal: { AWS: DISTRIBUTOR },
      Action: 'sts:TagSession',
      Condition: {
        StringEquals: { 'aws:RequestTag/tenant_id': 'acme' },
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['cluster_id', 'environment', 'tenant_id'] },
      },
    },
  ]);
  const group = 'arn:aws:logs:*:ACCOUNT:log-group:/tenant-logs/acme';
  assert.deepEqual(permissions, [
    {
      Sid: 'WriteOwnGroups',
      Effect: 'Allow',
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents', 'logs:PutRetentionPolicy'],
      Resource: [group, `${group}/*`, `${group}:*`],
    },
  ]);
});

/** What there is of a customer's side. The emulator makes no bucket policies of stacks; customer-twins.test.ts looks at those. */
async function leftOf(emulator: Moto, account: string) {
  const call = (...args: string[]) => aws(emulator, account, ...args);
  const { Roles } = await call('iam', 'list-roles');
  const { logGroups } = await call('logs', 'describe-log-groups');
  const { Buckets } = await call('s3api', 'list-buckets');
  const bucket = ['--bucket', Buckets[0]?.Name ?? 'none'];
  const stream = ['--log-group-name', GROUP, '--log-stream-name', 'stream'];
  const { events } = await call('logs', 'get-log-events', ...stream);
  const { Contents } = await call('s3api', 'list-objects-v2', ...bucket);
  return {
    roles: Roles.map(({ RoleName }: { RoleName: string }) => RoleName).filter((name: string) => /^LogDistr/.test(name)),
    groups: logGroups.map(({ logGroupName }: { logGroupName: string }) => logGroupName),
    events: events.map(({ message }: { message: string }) => message),
    objects: Contents.map(({ Key }: { Key: string }) => Key),
  };
}

const GROUP = '/tenant-logs/acme/checkout';
const LEFT = { roles: [], groups: [GROUP], events: ['kept'], objects: ['kept.log'] };

/** An event and an object, as the distributor would have written them. */
async function write(emulator: Moto, account: string, bucket: string): Promise<void> {
  const stream = ['--log-group-name', GROUP, '--log-stream-name', 'stream'];
  await aws(emulator, account, 'logs', 'create-log-stream', ...stream);
  const event = `timestamp=${Date.now()},message=kept`;
  await aws(emulator, account, 'logs', 'put-log-events', ...stream, '--log-events', event);
  await aws(emulator, account, 's3api', 'put-object', '--bucket', bucket, '--key', 'kept.log');
}

test('the roles go with the stacks, and log groups and bucket stay with all that is in them', {
  skip: noEmulator || noAws,
}, async () => {
  assert.ok(moto);
  await createStack(moto, BUCKET_TEMPLATE, 'log-distribution-bucket', {
    TenantId: 'acme',
    ExternalId: EXTERNAL_ID,
    DistributorRoleArn: DISTRIBUTOR,
    BucketName: 'acme-by-template',
    CreateBucket: 'true',
  });
  await write(moto, BY_TEMPLATE, 'acme-by-template');
  const before = await leftOf(moto, BY_TEMPLATE);
  assert.deepEqual(before.roles.sort(), ['LogDistribution-acme', 'LogDistributionS3-acme']);
  for (const name of ['log-distribution', 'log-distribution-bucket']) {
    await aws(moto, BY_TEMPLATE, 'cloudformation', 'delete-stack', '--stack-name', name);
  }
  assert.deepEqual(await leftOf(moto, BY_TEMPLATE), LEFT);
});

test('the modules give the outputs of the templates, and leave what the stacks leave', {
  skip: noEmulator || noAws || noTerraform,
}, async () => {
  assert.ok(moto && typeof found !== 'string');
  const environment = { ...moto.environment, ...asEnvironment(await credentialsOf(moto.url, BY_MODULE)) };
  const common = { tenant_id: 'acme', external_id: EXTERNAL_ID, distributor_role_arn: DISTRIBUTOR };
  const account = { ...common, log_groups: '["checkout"]', role_path: '/platform/' };
  const bucket = { ...common, bucket_name: 'acme-by-module', bucket_prefix: 'logs/', create_bucket: 'true' };
  await using accountModule = await customerModule('terraform', found, environment);
  await using bucketModule = await customerModule('terraform-bucket', found, environment);
  assert.deepEqual(await accountModule.apply(account), {
    role_arn: `arn:aws:iam::${BY_MODULE}:role/platform/LogDistribution-acme`,
    log_group_prefix: '/tenant-logs/acme',
  });
  assert.deepEqual(await bucketModule.apply(bucket), {
    role_arn: `arn:aws:iam::${BY_MODULE}:role/LogDistributionS3-acme`,
    bucket_name: 'acme-by-module',
    bucket_prefix: 'logs/',
  });
  await write(moto, BY_MODULE, 'acme-by-module');
  await accountModule.destroy(account);
  await bucketModule.destroy(bucket);
  assert.deepEqual(await leftOf(moto, BY_MODULE), LEFT);
});
