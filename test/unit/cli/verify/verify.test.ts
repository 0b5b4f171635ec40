import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { PIPELINE_NAMES } from '../../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../../local/provision/tenant.ts';
import { cli } from '../../../support/cli.ts';
import { ACME, ROLE, setUpVerify, type VerifyResult } from '../../../support/verify-scene.ts';

const PLATFORM = { AWS: 'arn:aws:iam::000000000000:root' };

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
  const { cloud, verify, text } = await setUpVerify(t);
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
  const { putItem, verify, text } = await setUpVerify(t);
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
  const { trust, verify } = await setUpVerify(t);
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
    const { trust, verify } = await setUpVerify(t);
    await trust(statements);
    const { notRight } = await verify();
    assert.match(notRight[0]?.cause ?? '', cause);
    assert.match(notRight[0]?.fix ?? '', /sts:TagSession/);
    assert.doesNotMatch(notRight[0]?.fix ?? '', /sts:AssumeRole/);
  });
}

test('a missing permission is named, with the statement that fixes it', async (t) => {
  const { iam, verify } = await setUpVerify(t);
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
  const { putItem, verify } = await setUpVerify(t);
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
  const { deps, environment } = await setUpVerify(t);
  const bucket = { name: 'acme-archive', prefix: 'logs/' };
  const delivery = { type: 's3', bucket_name: bucket.name, bucket_prefix: bucket.prefix };
  await provisionTenant(deps, { ...ACME, bucket, deliveries: [delivery] }, PIPELINE_NAMES);
  const verify = async () => {
    const { code, json } = await cli(['tenants', 'verify', 'acme', '--delivery', 's3', '--json'], { environment });
    const { steps = [] } = (json() as VerifyResult).deliveries[0] ?? {};
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
  const { deps, verify, iam } = await setUpVerify(t);
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
  const { cloud, verify } = await setUpVerify(t);
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
  const { cloud, verify } = await setUpVerify(t);
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
