import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  type CreateLogGroupCommandInput,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  EntityRejectionErrorType,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  LogGroupClass,
  PutLogEventsCommand,
  type PutLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { CLASSES } from '../../../../embedded-aws/logs/class.ts';
import { awsError, openCloud, TEST_REGION } from '../../../support/cloud.ts';

/** Classes, keys and entities of the embedded CloudWatch Logs, by the SDK. */

const NOW = Date.UTC(2026, 5, 15, 12);
let world: Awaited<ReturnType<typeof openCloud>>;
let accounts = 310_000_000_000;
before(async () => {
  world = await openCloud({ nowMs: () => NOW }, NOW - Date.now());
});
after(() => world.close());

function newAccount() {
  const account = String(++accounts);
  return { account, ...world.as(account) };
}

async function create(logs: CloudWatchLogsClient, group: string, more: Partial<CreateLogGroupCommandInput> = {}) {
  await logs.send(new CreateLogGroupCommand({ logGroupName: group, ...more }));
  await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: 's' }));
}
const put = (logs: CloudWatchLogsClient, group: string, entity?: PutLogEventsCommandInput['entity']) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName: group,
      logStreamName: 's',
      logEvents: [{ timestamp: NOW, message: 'x' }],
      entity,
    }),
  );

test('the classes are those of the API', () => {
  assert.deepEqual([...CLASSES].sort(), Object.values(LogGroupClass).sort());
});

test('a group has the class, the key and the tags that it was created with', async () => {
  const { account, logs } = newAccount();
  const kmsKeyId = `arn:aws:kms:${TEST_REGION}:${account}:key/1234abcd`;
  await create(logs, '/ia', { logGroupClass: 'INFREQUENT_ACCESS', kmsKeyId, tags: { team: 'web' } });
  await create(logs, '/standard');
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(
    logGroups.map((group) => [group.logGroupName, group.logGroupClass, group.kmsKeyId]),
    [
      ['/ia', 'INFREQUENT_ACCESS', kmsKeyId],
      ['/standard', 'STANDARD', undefined],
    ],
  );
  const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn: logGroups[0]?.logGroupArn ?? '' }));
  assert.deepEqual(tags, { team: 'web' });
  const named = async (logGroupClass: LogGroupClass) =>
    (await logs.send(new DescribeLogGroupsCommand({ logGroupClass }))).logGroups?.map((group) => group.logGroupName);
  assert.deepEqual(await named('STANDARD'), ['/standard']);
  assert.deepEqual(await named('ESSENTIALS'), ['/ia'], 'the cheaper classes are listed together');
});

test('a class that there is not, and a key of another region, are refused, and no group is made', async () => {
  const { account, logs } = newAccount();
  const refused = (more: object) => create(logs, '/g', more as Partial<CreateLogGroupCommandInput>);
  await assert.rejects(refused({ logGroupClass: 'CHEAP' }), awsError('InvalidParameterException'));
  await assert.rejects(refused({ kmsKeyId: 'alias/x' }), awsError('InvalidParameterException'));
  await assert.rejects(
    refused({ kmsKeyId: `arn:aws:kms:eu-west-1:${account}:key/x` }),
    awsError('AccessDeniedException', { message: "not allowed to be used with Arn 'arn:aws:logs" }),
  );
  await create(logs, '/g');
});

test('a group of another class takes events, and is not read by plain calls', async () => {
  const { account, logs } = newAccount();
  await create(logs, '/g', { logGroupClass: 'INFREQUENT_ACCESS' });
  await put(logs, '/g');
  assert.equal([...world.cloud.logs.read({ account })].length, 1);
  const message = 'is of log-group-class INFREQUENT_ACCESS';
  const reads = [
    () => logs.send(new FilterLogEventsCommand({ logGroupName: '/g' })),
    () => logs.send(new GetLogEventsCommand({ logGroupName: '/g', logStreamName: 's' })),
  ];
  for (const read of reads)
    await assert.rejects(read(), awsError('InvalidOperationException', { message, status: 400 }));
});

const SERVICE = { Type: 'Service', Name: 'checkout', Environment: 'eks:blue/shop' };

test('an entity is kept with the events of its call', async () => {
  const { account, logs } = newAccount();
  await create(logs, '/g');
  const entity = { keyAttributes: SERVICE, attributes: { PlatformType: 'AWS::EKS' } };
  assert.equal((await put(logs, '/g', entity)).rejectedEntityInfo, undefined);
  await put(logs, '/g');
  assert.deepEqual(
    [...world.cloud.logs.read({ account })].map((event) => event.entity),
    [entity, undefined],
  );
});

for (const [what, keyAttributes, errorType, logGroupClass] of [
  ['without a type', { Name: 'a', Environment: 'b' }, 'MissingRequiredFields'],
  ['of a type that there is not', { ...SERVICE, Type: 'Pod' }, 'InvalidTypeValue'],
  ['with a key that there is not', { ...SERVICE, Pod: 'a' }, 'InvalidKeyAttributes'],
  ['that is a service without an environment', { Type: 'Service', Name: 'a' }, 'MissingRequiredFields'],
  ['for a group of another class', SERVICE, 'UnsupportedLogGroupType', 'INFREQUENT_ACCESS'],
] as const) {
  test(`an entity ${what} is rejected, and its events are taken`, async () => {
    const { account, logs } = newAccount();
    await create(logs, '/g', { logGroupClass });
    const { rejectedEntityInfo } = await put(logs, '/g', { keyAttributes });
    assert.equal(rejectedEntityInfo?.errorType, errorType);
    assert.ok((Object.values(EntityRejectionErrorType) as string[]).includes(errorType));
    assert.deepEqual(
      [...world.cloud.logs.read({ account })].map((event) => event.entity),
      [undefined],
    );
  });
}

for (const [what, entity] of [
  ['one key attribute', { keyAttributes: { Type: 'Service' } }],
  ['five key attributes', { keyAttributes: { ...SERVICE, Identifier: 'a', ResourceType: 'b' } }],
  ['a key of 33 characters', { keyAttributes: { ...SERVICE, [`a${'b'.repeat(32)}`]: 'x' } }],
  ['a value of 513 characters', { keyAttributes: { ...SERVICE, Name: 'a'.repeat(513) } }],
  ['an empty value', { keyAttributes: { ...SERVICE, Name: '' } }],
  [
    'eleven attributes',
    { keyAttributes: SERVICE, attributes: Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`a${at}`, 'x'])) },
  ],
] as const) {
  test(`an entity with ${what} refuses the whole call`, async () => {
    const { account, logs } = newAccount();
    await create(logs, '/g');
    await assert.rejects(put(logs, '/g', entity), awsError('InvalidParameterException', { status: 400 }));
    assert.deepEqual([...world.cloud.logs.read({ account })], []);
  });
}
