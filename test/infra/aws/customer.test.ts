import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asEnvironment, credentialsOf } from '../support/accounts.ts';
import { moduleCopy } from '../support/customer-module.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { findTerraform, run } from '../support/terraform.ts';

/** The customer's side in both forms, in two accounts of an emulator: they must come to the same. */
const TEMPLATE = fileURLToPath(new URL('../../../infra/customer/customer-account.yaml', import.meta.url));
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

let folder: string | undefined;
before(async () => {
  if (!noTerraform) folder = await moduleCopy();
});
after(async () => {
  await moto?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function aws(emulator: Moto, account: string, ...args: readonly string[]) {
  const credentials = asEnvironment(await credentialsOf(emulator.url, account));
  const output = await run('aws', [...args, '--output', 'json'], { ...emulator.environment, ...credentials });
  return output.trim() === '' ? {} : JSON.parse(output);
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

test('cfn-lint has nothing to say about the template', async (t) => {
  if (!(await has('cfn-lint'))) return t.skip('left out: there is no cfn-lint here');
  await run('cfn-lint', [TEMPLATE], {});
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
  await aws(
    moto,
    BY_TEMPLATE,
    'cloudformation',
    'create-stack',
    '--stack-name',
    'log-distribution',
    '--capabilities',
    'CAPABILITY_NAMED_IAM',
    '--template-body',
    `file://${TEMPLATE}`,
    '--parameters',
    ...Object.entries(parameters).map(([key, value]) => `ParameterKey=${key},ParameterValue=${value}`),
  );
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

test("the Terraform module makes the template's role, statement by statement", {
  skip: noEmulator || noAws || noTerraform,
  timeout: 120_000,
}, async (t) => {
  assert.ok(moto && folder && typeof found !== 'string');
  await found.init(folder);
  const environment = { ...moto.environment, ...asEnvironment(await credentialsOf(moto.url, BY_MODULE)) };
  const variables = {
    tenant_id: 'acme',
    external_id: EXTERNAL_ID,
    distributor_role_arn: DISTRIBUTOR,
    log_groups: '["checkout"]',
    retention_days: '14',
  };
  const given = Object.entries(variables).map(([name, value]) => `-var=${name}=${value}`);
  await found.run(folder, ['apply', '-auto-approve', '-input=false', '-no-color', ...given], environment);
  const byTemplate = await roleOf(moto, BY_TEMPLATE);
  const byModule = await roleOf(moto, BY_MODULE);
  assert.deepEqual(byModule.trust, byTemplate.trust);
  assert.deepEqual(byModule.permissions, byTemplate.permissions);
  t.diagnostic(byModule.arn);
});

test('the module refuses what the template refuses', { skip: noEmulator || noTerraform }, async () => {
  assert.ok(moto && folder && typeof found !== 'string');
  const environment = moto.environment;
  const wrong = {
    tenant_id: 'a/b',
    external_id: 'short',
    distributor_role_arn: 'arn:aws:iam::111111111111:user/x',
    log_group_prefix: '/logs/',
  };
  const given = Object.entries(wrong).map(([name, value]) => `-var=${name}=${value}`);
  const failure = await found.run(folder, ['plan', '-input=false', '-no-color', ...given], environment).then(
    () => '',
    (error: Error) => error.message,
  );
  for (const name of Object.keys(wrong)) {
    assert.match(failure, new RegExp(`variable "${name}" \\{`));
  }
});
