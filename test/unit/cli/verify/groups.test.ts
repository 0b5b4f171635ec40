import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ACME, setUpVerify } from '../../../support/verify-scene.ts';

/** What `tenants verify` says of the log groups that a delivery writes to. */
const CREATES = ['logs:CreateLogStream', 'logs:CreateLogGroup', 'logs:PutLogEvents', 'logs:DescribeLogGroups'];

test('a group of another class is a finding that names the saving in dollars, and one of the right class is not', async (t) => {
  const { deps, allow, putItem, verify } = await setUpVerify(t);
  await allow(...CREATES);
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
  const { deps, allow, putItem, verify } = await setUpVerify(t);
  await putItem({ log_group_name: '/tenant-logs/acme/{application}', exactly_once: true });
  const step = 'the event can be read back';
  const refused = await verify('--application', 'web');
  assert.equal(refused.code, 1);
  assert.deepEqual(
    refused.notRight.map((one) => [one.step, one.outcome]),
    [[step, 'failed']],
  );
  assert.match(refused.notRight[0]?.fix ?? '', /WriteOwnGroups.*logs:GetLogEvents/);

  await allow(...CREATES, 'logs:GetLogEvents');
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
  const { deps, putItem, verify } = await setUpVerify(t);
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
  const { deps, allow, putItem, verify } = await setUpVerify(t);
  await allow(...CREATES);
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
  const { allow, putItem, verify } = await setUpVerify(t);
  await putItem({ log_group_tags: { team: 'web' } });
  const tags = await verify('--application', 'tags');
  assert.deepEqual([tags.code, tags.notRight[0]?.outcome], [1, 'failed']);
  assert.match(
    tags.notRight[0]?.cause ?? '',
    /^No policy of the tenant's role allows logs:TagResource\. .* and logs:TagResource there\.$/,
  );
  assert.match(tags.notRight[0]?.fix ?? '', /WriteOwnGroups.*logs:TagResource.*log-group:\/tenant-logs\/acme\/\*/);
  await allow(...CREATES, 'logs:TagResource');
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
