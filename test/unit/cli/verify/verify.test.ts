import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { marshall } from '@aws-sdk/util-dynamodb';
import { startCloud } from 'embedded-aws';
import { createProvisionDeps } from '../../../../local/provision/deps.ts';
import { PIPELINE_NAMES } from '../../../../local/provision/pipeline.ts';
import { provisionTable } from '../../../../local/provision/table.ts';
import { provisionTenant, type TenantSpec } from '../../../../local/provision/tenant.ts';
import { TENANT_TABLE_KEYS } from '../../../../service/core/tables.ts';
import { cli, cliEnvironment } from '../../../support/cli.ts';

const ACME: TenantSpec = {
  tenantId: 'acme',
  accountId: '111111111111',
  externalId: 'acme-secret-9vLr',
  logGroupPrefix: '/tenant-logs/acme',
  deliveries: [{ type: 'cloudwatch', log_group_name: '/tenant-logs/acme/{application}', retention_days: 7 }],
};
const ROLE = { RoleName: 'LogDistribution-acme' };
const PLATFORM = { AWS: 'arn:aws:iam::000000000000:root' };

interface Result {
  readonly deliveries: readonly {
    readonly steps: readonly {
      readonly step: string;
      readonly outcome: string;
      readonly detail: string;
      readonly cause?: string;
      readonly fix?: object;
    }[];
  }[];
}

async function setUp(t: TestContext) {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  const cloud = await startCloud();
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  t.after(async () => {
    deps.close();
    await cloud.close();
  });
  await provisionTable(deps, { name: PIPELINE_NAMES.tenantTable, keys: TENANT_TABLE_KEYS });
  await provisionTenant(deps, ACME, PIPELINE_NAMES);
  const environment = cliEnvironment({ endpointUrl: cloud.url });
  return {
    cloud,
    deps,
    environment,
    iam: deps.iam(ACME.accountId),
    trust: async (statements: readonly object[]) => {
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      await deps.iam(ACME.accountId).send(new UpdateAssumeRolePolicyCommand({ ...ROLE, PolicyDocument }));
    },
    putItem: (item: object) =>
      deps.dynamo.send(
        new PutItemCommand({
          TableName: PIPELINE_NAMES.tenantTable,
          Item: marshall({
            tenant_id: 'acme',
            type: 'cloudwatch',
            log_distribution_role_arn: `arn:aws:iam::${ACME.accountId}:role/${ROLE.RoleName}`,
            log_group_name: '/tenant-logs/acme',
            external_id: ACME.externalId,
            ...item,
          }),
        }),
      ),
    async verify(...args: string[]) {
      const { code, err, out, json } = await cli(['tenants', 'verify', 'acme', '--json', ...args], { environment });
      assert.doesNotMatch(out + err, /secret-9vLr/);
      const steps = (json() as Result).deliveries[0]?.steps ?? [];
      const notRight = steps.filter(({ outcome }) => outcome === 'finding' || outcome === 'failed');
      return {
        code,
        steps,
        notRight: notRight.map(({ step, outcome, cause, fix }) => ({
          step,
          outcome,
          cause,
          fix: JSON.stringify(fix),
        })),
      };
    },
    text: () => cli(['tenants', 'verify', 'acme'], { environment }),
  };
}

const assumes = (condition: object = {}) => ({
  Effect: 'Allow',
  Principal: PLATFORM,
  Action: 'sts:AssumeRole',
  Condition: condition,
});
const tags = (condition: object = {}) => ({ ...assumes(condition), Action: 'sts:TagSession' });
const EXTERNAL = { 'sts:ExternalId': ACME.externalId };
const TENANT = { 'aws:RequestTag/tenant_id': 'acme' };

test('a tenant that is set up well passes every step, and has one event in a stream of its own', async (t) => {
  const { cloud, verify, text } = await setUp(t);
  const { code, steps } = await verify('--application', 'checkout');
  assert.deepEqual(
    steps.map(({ step, outcome }) => [step, outcome]),
    [
      ['the item is valid', 'ok'],
      ['the role can be assumed', 'ok'],
      ['a wrong external id is refused', 'ok'],
      ['a session without the tag tenant_id is refused', 'ok'],
      ["another tenant's tag is refused", 'ok'],
      ['log group and stream can be created', 'ok'],
      ['an event can be written', 'ok'],
      ['the event can be read back', 'not tested'],
      ['retention and class of the group', 'not tested'],
    ],
  );
  assert.equal(code, 0);
  const events = [...cloud.logs.read()];
  assert.deepEqual(
    events.map(({ account, group, stream }) => [account, group, stream]),
    [[ACME.accountId, '/tenant-logs/acme/checkout', 'log-distributor-verify']],
  );
  assert.match((await text()).out, /^acme\/cloudwatch\n {2}ok {10}the item is valid /);
});

test('a wrong external id is found, with the trust policy and the parameters that fix it', async (t) => {
  const { putItem, verify, text } = await setUp(t);
  await putItem({ external_id: 'not-the-right-one' });
  const { code, steps, notRight } = await verify();
  assert.equal(code, 1);
  assert.deepEqual(
    notRight.map(({ step }) => step),
    ['the role can be assumed'],
  );
  const untested = steps.filter(({ outcome }) => outcome === 'not tested').map(({ step }) => step);
  assert.equal(untested.length, 7, 'a role that refuses everybody does not show whom it would refuse');
  assert.match(notRight[0]?.cause ?? '', /names another principal, external id or tenant id/);
  assert.match(notRight[0]?.fix ?? '', /DistributorAssumes.*arn:aws:iam::000000000000:root.*DistributorTagsSession/);
  const { out } = await text();
  assert.match(out, /failed {6}the role can be assumed/);
  assert.match(out, /not tested {2}an event can be written +0 ms {2}the role cannot be assumed/);
  assert.match(
    out,
    /TenantId=acme .*DistributorRoleArn=arn:aws:iam::000000000000:root LogGroupPrefix=\/tenant-logs\/acme/,
  );
});

test('a trust that is too wide is a finding for each thing that it does not ask for', async (t) => {
  const { trust, verify } = await setUp(t);
  await trust([assumes(), tags()]);
  const { code, notRight } = await verify();
  assert.equal(code, 1);
  assert.deepEqual(
    notRight.map(({ step, outcome }) => [step, outcome]),
    [
      ['a wrong external id is refused', 'finding'],
      ['a session without the tag tenant_id is refused', 'finding'],
      ["another tenant's tag is refused", 'finding'],
    ],
  );
  for (const { fix } of notRight) assert.match(fix ?? '', /sts:ExternalId.*aws:RequestTag\/tenant_id/);
  await trust([assumes({ StringEquals: EXTERNAL }), tags()]);
  assert.deepEqual(
    (await verify()).notRight.map(({ step }) => step),
    ['a session without the tag tenant_id is refused', "another tenant's tag is refused"],
  );
});

for (const [what, statements, cause] of [
  ['no sts:TagSession', [assumes({ StringEquals: EXTERNAL })], /does not allow sts:TagSession for this tenant/],
  [
    'sts:TagSession for one tag',
    [
      assumes({ StringEquals: { ...EXTERNAL, ...TENANT } }),
      tags({ StringEquals: TENANT, 'ForAllValues:StringEquals': { 'aws:TagKeys': ['tenant_id'] } }),
    ],
    /for the tag tenant_id only; the service also sends cluster_id and environment/,
  ],
] as const) {
  test(`a trust policy with ${what} is told from one that knows nobody`, async (t) => {
    const { trust, verify } = await setUp(t);
    await trust(statements);
    const { notRight } = await verify();
    assert.match(notRight[0]?.cause ?? '', cause);
    assert.match(notRight[0]?.fix ?? '', /sts:TagSession/);
    assert.doesNotMatch(notRight[0]?.fix ?? '', /sts:AssumeRole/);
  });
}

test('a missing permission is named, with the statement that fixes it', async (t) => {
  const { iam, verify } = await setUp(t);
  const allow = async (...actions: string[]) => {
    const statement = { Effect: 'Allow', Action: actions, Resource: '*' };
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await iam.send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'WriteLogs', PolicyDocument }));
  };
  const needed = ['logs:CreateLogStream', 'logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:PutLogEvents'];
  for (const [at, action] of needed.entries()) {
    await allow('logs:DescribeLogGroups', ...needed.filter((other) => other !== action));
    const { code, notRight } = await verify('--application', `missing-${at}`);
    assert.equal(code, 1);
    assert.deepEqual(
      notRight.map(({ outcome }) => outcome),
      // Events are delivered without a retention, which is tried again.
      [action === 'logs:PutRetentionPolicy' ? 'finding' : 'failed'],
      action,
    );
    assert.match(notRight[0]?.cause ?? '', new RegExp(`^No policy of the tenant's role allows ${action}\\.`));
    assert.match(notRight[0]?.fix ?? '', /log-group:\/tenant-logs\/acme:\*/);
  }
  await allow('logs:DescribeLogGroups', ...needed);
  const { code, steps } = await verify('--application', 'all');
  assert.equal(code, 0);
  assert.deepEqual(steps.at(-1)?.outcome, 'ok');
});

test('an invalid item, and one without an external id, are told by themselves', async (t) => {
  const { putItem, verify } = await setUp(t);
  await putItem({ retention_days: 2 });
  const invalid = await verify();
  assert.equal(invalid.code, 1);
  assert.deepEqual(
    invalid.notRight.map(({ step }) => step),
    ['the item is valid'],
  );
  await putItem({ external_id: null });
  const without = await verify();
  assert.deepEqual(
    without.notRight.map(({ step, outcome }) => [step, outcome]),
    [
      ['the item is valid', 'finding'],
      ['the role can be assumed', 'failed'],
    ],
  );
});

test('a delivery to a bucket is tested by an object of its own, and a missing permission named', async (t) => {
  const { deps, environment } = await setUp(t);
  const bucket = { name: 'acme-archive', prefix: 'logs/' };
  const delivery = { type: 's3', bucket_name: bucket.name, bucket_prefix: bucket.prefix };
  await provisionTenant(deps, { ...ACME, bucket, deliveries: [delivery] }, PIPELINE_NAMES);
  const verify = async () => {
    const { code, json } = await cli(['tenants', 'verify', 'acme', '--delivery', 's3', '--json'], { environment });
    const { steps = [] } = (json() as Result).deliveries[0] ?? {};
    return { code, last: steps.at(-1) };
  };
  const right = await verify();
  assert.deepEqual([right.code, right.last?.step, right.last?.outcome], [0, 'an object can be written', 'ok']);
  const { Contents } = await deps.s3Of(ACME.accountId).send(new ListObjectsV2Command({ Bucket: bucket.name }));
  assert.deepEqual(
    Contents?.map(({ Key }) => Key),
    ['logs/log-distributor-verify.txt'],
  );

  await provisionTenant(
    deps,
    { ...ACME, bucket: { ...bucket, prefix: 'elsewhere/' }, deliveries: [delivery] },
    PIPELINE_NAMES,
  );
  const refused = await verify();
  assert.deepEqual([refused.code, refused.last?.outcome], [1, 'failed']);
  assert.match(JSON.stringify(refused.last?.fix), /s3:PutObject.*arn:aws:s3:::acme-archive\/logs\/\*/);
});

test("receipts in a bucket are tested in the tenant's own folder, and a missing permission named", async (t) => {
  const { deps, verify, iam } = await setUp(t);
  const [delivery] = ACME.deliveries;
  const deliveries = [{ type: 'cloudwatch', ...delivery, receipts: 's3://acme-receipts/of/logs/' }];
  await provisionTenant(deps, { ...ACME, deliveries }, PIPELINE_NAMES);
  const last = async () => (await verify()).steps.at(-1);
  const right = await last();
  assert.deepEqual([right?.step, right?.outcome], ['a receipt can be written', 'ok']);
  const { Contents } = await deps.s3Of(ACME.accountId).send(new ListObjectsV2Command({ Bucket: 'acme-receipts' }));
  assert.deepEqual(
    Contents?.map(({ Key }) => Key),
    ['of/logs/acme/log-distributor-verify.txt'],
  );
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Deny', Action: 's3:PutObject', Resource: 'arn:aws:s3:::acme-receipts/of/logs/acme/*' },
  });
  await iam.send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'NoReceipts', PolicyDocument }));
  const refused = await last();
  assert.equal(refused?.outcome, 'failed');
  assert.match(JSON.stringify(refused), /s3:PutObject/);
});

test('what AWS answered is told with its request id, and a policy is printed only where one helps', async (t) => {
  const { cloud, verify } = await setUp(t);
  const refuse = (action: string, code: string, message: string) => {
    cloud.faults.clear();
    cloud.faults.add({ service: 'logs', action, effect: { kind: 'error', code, status: 400, message } });
    return verify('--application', 'words');
  };
  const quota = await refuse('CreateLogGroup', 'LimitExceededException', 'Resource limit exceeded.');
  const failed = quota.steps.find(({ outcome }) => outcome === 'failed');
  assert.match(
    failed?.detail ?? '',
    /^logs:CreateLogGroup on \/tenant-logs\/acme\/words in us-east-1 failed\. AWS: LimitExceededException: Resource limit exceeded\. \(request id [\w-]+\)$/,
  );
  assert.deepEqual(
    [failed?.cause, failed?.fix],
    [
      "The customer's account has as many log groups in us-east-1 as its quota allows. Have some deleted or the quota raised, or write to fewer groups (log_group_name).",
      undefined,
    ],
  );
  const denial = 'User: u is not authorized to perform: logs:PutLogEvents on resource: r with an explicit deny in';
  const scp = await refuse('PutLogEvents', 'AccessDeniedException', `${denial} a service control policy`);
  assert.match(scp.notRight[0]?.cause ?? '', /^A service control policy of the customer's organization denies/);
  assert.equal(scp.notRight[0]?.fix, undefined);
  const own = await refuse('PutLogEvents', 'AccessDeniedException', `${denial} an identity-based policy`);
  assert.match(
    own.notRight[0]?.cause ?? '',
    /^A policy of the tenant's role denies logs:PutLogEvents\. Remove that Deny/,
  );
  assert.match(own.notRight[0]?.fix ?? '', /WriteOwnGroups/);
});

test('a role that STS refuses for another reason than its trust is told of that reason', async (t) => {
  const { cloud, verify } = await setUp(t);
  const message =
    'STS is not activated in this region for account:111111111111. Your account administrator can activate STS in this region using the IAM Console.';
  cloud.faults.add({
    service: 'sts',
    action: 'AssumeRole',
    effect: { kind: 'error', code: 'RegionDisabledException', status: 403, message },
  });
  const { notRight } = await verify();
  assert.match(notRight[0]?.cause ?? '', /^STS is switched off for account 111111111111 in the region of the service/);
  assert.equal(notRight[0]?.fix, undefined);
});

const CREATES = ['logs:CreateLogStream', 'logs:CreateLogGroup', 'logs:PutLogEvents', 'logs:DescribeLogGroups'];

test('a group of another class is a finding that names the saving in dollars, and one of the right class is not', async (t) => {
  const { deps, iam, putItem, verify } = await setUp(t);
  const statement = { Effect: 'Allow', Action: CREATES, Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'WriteLogs', PolicyDocument }));
  await putItem({ log_group_name: '/tenant-logs/acme/{application}', log_group_class: 'INFREQUENT_ACCESS' });
  const logs = deps.logs(ACME.accountId, deps.region);
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/tenant-logs/acme/old' }));

  const other = await verify('--application', 'old');
  assert.equal(other.code, 1);
  assert.deepEqual(
    other.notRight.map(({ step, outcome }) => [step, outcome]),
    [['retention and class of the group', 'finding']],
  );
  assert.match(
    other.steps.at(-1)?.detail ?? '',
    /class STANDARD; the item says INFREQUENT_ACCESS.*\$0\.25 a GB would be saved/,
  );
  assert.match(other.notRight[0]?.fix ?? '', /Deliver to a group of another name/);

  const made = await verify('--application', 'new');
  assert.equal(made.code, 0);
  assert.match(made.steps.at(-1)?.detail ?? '', /^keeps for ever, class INFREQUENT_ACCESS$/);
});

test('a role that must read back is tested for it: the permission, and the class of the group', async (t) => {
  const { deps, iam, putItem, verify } = await setUp(t);
  await putItem({ log_group_name: '/tenant-logs/acme/{application}', exactly_once: true });
  const step = 'the event can be read back';
  const refused = await verify('--application', 'web');
  assert.equal(refused.code, 1);
  assert.deepEqual(
    refused.notRight.map((one) => [one.step, one.outcome]),
    [[step, 'failed']],
  );
  assert.match(refused.notRight[0]?.fix ?? '', /WriteOwnGroups.*logs:GetLogEvents/);

  const statement = { Effect: 'Allow', Action: [...CREATES, 'logs:GetLogEvents'], Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'WriteLogs', PolicyDocument }));
  const allowed = await verify('--application', 'web');
  assert.deepEqual([allowed.code, allowed.steps.find((one) => one.step === step)?.outcome], [0, 'ok']);

  const logs = deps.logs(ACME.accountId, deps.region);
  const cheap = { logGroupName: '/tenant-logs/acme/cheap', logGroupClass: 'INFREQUENT_ACCESS' } as const;
  await logs.send(new CreateLogGroupCommand(cheap));
  const other = await verify('--application', 'cheap');
  assert.deepEqual(
    other.notRight.map((one) => [one.step, one.outcome]),
    [[step, 'failed']],
  );
  assert.match(other.notRight[0]?.cause ?? '', /class STANDARD, or remove the attribute exactly_once/);
});

test('the group for events of the service is written too, and rejected events need a delivery that takes them', async (t) => {
  const { deps, putItem, verify } = await setUp(t);
  const item = {
    log_group_name: '/tenant-logs/acme/{application}',
    service_log_group_name: '/tenant-logs/acme/own',
    rejected_events: 's3#rejected',
  };
  await putItem(item);
  const { code, steps, notRight } = await verify('--application', 'web');
  assert.equal(code, 1);
  assert.deepEqual(
    notRight.map(({ step, outcome }) => [step, outcome]),
    [['the item is valid', 'finding']],
  );
  assert.match(steps[0]?.detail ?? '', /tenant acme has no valid delivery s3#rejected/);
  const { logGroups = [] } = await deps.logs(ACME.accountId, deps.region).send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(
    logGroups.map(({ logGroupName }) => logGroupName),
    ['/tenant-logs/acme/own', '/tenant-logs/acme/web'],
  );
  assert.match(
    steps.find(({ step }) => step === 'an event can be written')?.detail ?? '',
    /acme\/web .*; .*acme\/own /,
  );
});

test('a group of which CloudWatch Logs makes no metrics is told where progress events go to it', async (t) => {
  const { deps, iam, putItem, verify } = await setUp(t);
  const statement = { Effect: 'Allow', Action: CREATES, Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'WriteLogs', PolicyDocument }));
  const logs = deps.logs(ACME.accountId, deps.region);
  const own = { logGroupName: '/tenant-logs/acme/own', logGroupClass: 'INFREQUENT_ACCESS' as const };
  await logs.send(new CreateLogGroupCommand(own));
  const item = { log_group_name: '/tenant-logs/acme/{application}', service_log_group_name: own.logGroupName };
  await putItem({ ...item, progress_events: true });
  const told = await verify('--application', 'web');
  assert.equal(told.code, 1);
  assert.match(
    told.notRight[0]?.cause ?? told.steps.at(-1)?.detail ?? '',
    /makes no metrics of progress events in \/tenant-logs\/acme\/own/,
  );
  assert.match(told.notRight[0]?.fix ?? '', /class STANDARD/);
  await putItem(item);
  assert.equal((await verify('--application', 'web')).code, 0);
});

test('tags without the permission for them, and a key that CloudWatch Logs may not use, are told with the statement', async (t) => {
  const { iam, putItem, verify } = await setUp(t);
  await putItem({ log_group_tags: { team: 'web' } });
  const tags = await verify('--application', 'tags');
  assert.deepEqual([tags.code, tags.notRight[0]?.outcome], [1, 'failed']);
  assert.match(
    tags.notRight[0]?.cause ?? '',
    /^No policy of the tenant's role allows logs:TagResource\. .* and logs:TagResource there\.$/,
  );
  assert.match(tags.notRight[0]?.fix ?? '', /WriteOwnGroups.*logs:TagResource.*log-group:\/tenant-logs\/acme\/\*/);
  const statement = { Effect: 'Allow', Action: [...CREATES, 'logs:TagResource'], Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'WriteLogs', PolicyDocument }));
  assert.equal((await verify('--application', 'tags')).code, 0);

  // A key of another region is one that CloudWatch Logs cannot use.
  const key = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd';
  await putItem({ log_group_name: '/tenant-logs/acme/{application}', log_group_kms_key_arn: key });
  const keyed = await verify('--application', 'keyed');
  assert.deepEqual([keyed.code, keyed.notRight[0]?.outcome], [1, 'failed']);
  assert.match(keyed.notRight[0]?.cause ?? '', /does not let CloudWatch Logs in us-east-1 use it for this group/);
  const { advice = '', statements = [] } = JSON.parse(keyed.notRight[0]?.fix ?? '{}');
  assert.match(advice, /^the policy of the key arn:aws:kms:eu-west-1/);
  assert.deepEqual(statements, [
    {
      Sid: 'EncryptLogGroups',
      Effect: 'Allow',
      Principal: { Service: 'logs.us-east-1.amazonaws.com' },
      Action: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      Resource: '*',
      Condition: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': [
            'arn:aws:logs:us-east-1:111111111111:log-group:/tenant-logs/acme',
            'arn:aws:logs:us-east-1:111111111111:log-group:/tenant-logs/acme/*',
          ],
        },
      },
    },
  ]);
});
