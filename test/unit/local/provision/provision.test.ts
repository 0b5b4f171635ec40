import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { DEMO_TENANTS, provisionDemo } from '../../../../local/provision/demo.ts';
import { createProvisionDeps, type ProvisionDeps } from '../../../../local/provision/deps.ts';
import { PIPELINE_NAMES, type Pipeline, provisionPipeline } from '../../../../local/provision/pipeline.ts';
import { readLogs } from '../../../../local/provision/read-logs.ts';
import { dynamoCalls } from '../../../../service/aws/sdk/dynamo.ts';
import { parseNotification } from '../../../../service/core/notification.ts';
import { createItemRules } from '../../../../service/destination/parse-delivery.ts';
import { createTenantStore } from '../../../../service/tenant/store.ts';
import { awsError, openCloud } from '../../../support/cloud.ts';
import { cloudWatchOf } from '../../../support/delivery.ts';

let world: Awaited<ReturnType<typeof openCloud>>;
let deps: ProvisionDeps;
let pipeline: Pipeline;
before(async () => {
  world = await openCloud();
  deps = createProvisionDeps({ endpointUrl: world.cloud.url, region: 'us-east-1' });
  pipeline = await provisionDemo(deps);
});
after(async () => {
  deps.close();
  await world.close();
});

async function receive(queueUrl: string) {
  await world.cloud.settled();
  const { sqs } = world.as('test');
  const bodies: string[] = [];
  for (;;) {
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
    );
    if (!Messages) return bodies;
    bodies.push(...Messages.map(({ Body }) => Body ?? ''));
  }
}

test('an object below the prefix is announced on the queue, another is not', async () => {
  const { s3 } = world.as('test');
  for (const Key of ['logs/tenant_id=acme-corp/k', 'quarantine/k']) {
    await s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key, Body: 'x' }));
  }
  const told = (await receive(pipeline.queueUrl)).map(parseNotification);
  assert.deepEqual(
    told.map((one) => (one.kind === 'test' ? 'test' : one.objects[0]?.key)),
    ['test', 'logs/tenant_id=acme-corp/k'],
  );
});

test('provisioning again keeps all, and does not announce itself again', async () => {
  await receive(pipeline.queueUrl);
  assert.deepEqual(await provisionDemo(deps), pipeline);
  assert.deepEqual(await receive(pipeline.queueUrl), []);
});

test('the queue redrives after 50 receives, and both queues keep messages for 14 days', async () => {
  const { sqs } = world.as('test');
  const attributes = async (QueueUrl: string) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {};
  const [queue, dead] = [await attributes(pipeline.queueUrl), await attributes(pipeline.deadLetterQueueUrl)];
  assert.deepEqual(JSON.parse(queue.RedrivePolicy ?? ''), { deadLetterTargetArn: dead.QueueArn, maxReceiveCount: 50 });
  assert.deepEqual([queue.MessageRetentionPeriod, dead.MessageRetentionPeriod], ['1209600', '1209600']);
});

test('items of the ledger expire', async () => {
  const { dynamo } = world.as('test');
  const { TimeToLiveDescription } = await dynamo.send(
    new DescribeTimeToLiveCommand({ TableName: pipeline.ledgerTable }),
  );
  assert.deepEqual(TimeToLiveDescription, { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' });
});

test('raw delivery and versioning can be had', async () => {
  const names = { ...PIPELINE_NAMES, bucket: 'raw-logs', topic: 'raw', queue: 'raw', deadLetterQueue: 'raw-dead' };
  const raw = await provisionPipeline(deps, { ...names, rawDelivery: true, versioning: true });
  const put = new PutObjectCommand({ Bucket: raw.bucket, Key: 'logs/k', Body: 'x' });
  const { VersionId } = await world.as('test').s3.send(put);
  const [, body = ''] = await receive(raw.queueUrl);
  assert.equal(JSON.parse(body).Records[0].s3.object.versionId, VersionId);
});

test("the service's tenant store finds every demo tenant valid, with its feature", async () => {
  const { dynamo } = world.as('test');
  const rules = createItemRules({ region: 'us-east-1', applicationGroups: {} });
  const store = createTenantStore({ dynamo: dynamoCalls(dynamo), table: pipeline.tenantTable, rules, nowMs: Date.now });
  const found = await Promise.all(DEMO_TENANTS.map(({ tenantId }) => store.lookUp(tenantId)));
  assert.deepEqual(
    found.map(({ error }) => error),
    [undefined, undefined, undefined],
  );
  const [acme, globex, initech] = found.map(({ deliveries }) => deliveries[0]);
  assert.deepEqual([...(acme?.applications ?? [])], ['gateway', 'checkout', 'payments']);
  assert.equal(globex?.minLevel, 4);
  assert.ok(initech);
  const { retentionDays, groupSettings } = cloudWatchOf(initech);
  assert.deepEqual([retentionDays, groupSettings.logGroupClass], [30, 'INFREQUENT_ACCESS']);
});

test("a tenant's role can be assumed for that tenant alone, and writes below its prefix alone", async () => {
  for (const { tenantId, accountId, externalId, logGroupPrefix } of DEMO_TENANTS) {
    const RoleArn = `arn:aws:iam::${accountId}:role/LogDistribution-${tenantId}`;
    const tags = (value: string) => [
      { Key: 'tenant_id', Value: value },
      { Key: 'cluster_id', Value: 'c' },
    ];
    const right = { RoleArn, ExternalId: externalId, Tags: tags(tenantId) };
    await assert.rejects(world.assume({ ...right, ExternalId: 'another' }), awsError('AccessDenied'));
    await assert.rejects(world.assume({ ...right, Tags: tags('another') }), awsError('AccessDenied'));
    await assert.rejects(
      world.assume({ ...right, Tags: [...tags(tenantId), { Key: 'x', Value: 'y' }] }),
      awsError('AccessDenied'),
    );
    await assert.rejects(world.assume(right, '999999999999'), awsError('AccessDenied'));
    const { logs } = world.as(await world.assume(right));
    for (const logGroupName of [logGroupPrefix, `${logGroupPrefix}/web`])
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
    for (const logGroupName of [`${logGroupPrefix}-other`, '/tenant-logs/another', '/aws/lambda/x']) {
      await assert.rejects(logs.send(new CreateLogGroupCommand({ logGroupName })), awsError('AccessDeniedException'));
    }
  }
});

test('what an account holds is read by its own API, group by group and page by page', async () => {
  const account = '444444444444';
  const { logs } = world.as(account);
  const expected: string[] = [];
  const startMs = Date.now();
  for (const group of ['/tenant-logs/a', '/tenant-logs/b', '/else']) {
    await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
    for (const stream of ['one', 'two', 'empty']) {
      await logs.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream }));
      if (stream === 'empty') continue;
      for (let batch = 0; batch < 2; batch++) {
        const logEvents = Array.from({ length: 6_000 }, (_, i) => ({
          timestamp: startMs + i,
          message: `${group} ${stream} ${batch} ${i}`,
        }));
        await logs.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: stream, logEvents }));
        if (group !== '/else') expected.push(...logEvents.map(({ message }) => message));
      }
    }
  }
  const found: string[] = [];
  for await (const { group, stream, message, timestamp } of readLogs(deps, account, '/tenant-logs/')) {
    assert.ok(message.startsWith(`${group} ${stream}`) && timestamp >= startMs);
    found.push(message);
  }
  assert.deepEqual(found.sort(), expected.sort());
  const none = await Array.fromAsync(readLogs(deps, '555555555555', ''));
  assert.deepEqual(none, []);
});
