import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { parseNotification } from '../../../../service/core/notification.ts';
import { awsError, type Clients, openCloud } from '../../../support/cloud.ts';

const ACCOUNT = '000000000000';
let world: Awaited<ReturnType<typeof openCloud>>;
let clients: Clients;
let count = 0;
before(async () => {
  world = await openCloud({ losesNotification: (key) => key.startsWith('lost/') });
  clients = world.as('test');
});
after(async () => {
  await world.close();
  assert.deepEqual(world.problems, []);
});

const allow = (service: string, action: string, resource: string, source: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { Service: service },
      Action: action,
      Resource: resource,
      Condition: { ArnEquals: { 'aws:SourceArn': source }, StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    },
  });

interface Made {
  readonly bucket: string;
  readonly topicArn: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly subscriptionArn: string;
}

/** Bucket, topic and queue, with the policies that let messages through. */
async function make(): Promise<Made> {
  const name = `notified-${++count}`;
  const queueArn = `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
  await clients.s3.send(new CreateBucketCommand({ Bucket: name }));
  const { TopicArn: topicArn = '' } = await clients.sns.send(new CreateTopicCommand({ Name: name }));
  const bucketArn = `arn:aws:s3:::${name}`;
  await allowPublish(topicArn, allow('s3.amazonaws.com', 'sns:Publish', topicArn, bucketArn));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      JSON.parse(allow('sns.amazonaws.com', 'sqs:SendMessage', queueArn, topicArn)).Statement,
      JSON.parse(allow('s3.amazonaws.com', 'sqs:SendMessage', queueArn, bucketArn)).Statement,
    ],
  });
  const { QueueUrl: queueUrl = '' } = await clients.sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { Policy } }),
  );
  const subscription = { TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn, ReturnSubscriptionArn: true };
  const { SubscriptionArn: subscriptionArn = '' } = await clients.sns.send(new SubscribeCommand(subscription));
  return { bucket: name, topicArn, queueUrl, queueArn, subscriptionArn };
}

const allowPublish = (TopicArn: string, AttributeValue: string) =>
  clients.sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
const configure = (Bucket: string, NotificationConfiguration: NotificationConfiguration) =>
  clients.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
const toTopic = (made: Made, prefix = '', suffix = ''): NotificationConfiguration => ({
  TopicConfigurations: [
    {
      TopicArn: made.topicArn,
      Events: ['s3:ObjectCreated:*'],
      Filter: {
        Key: {
          FilterRules: [
            { Name: 'prefix', Value: prefix },
            { Name: 'suffix', Value: suffix },
          ],
        },
      },
    },
  ],
});
const put = (bucket: string, Key: string, Body = 'x') =>
  clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

/** The bodies of all messages that are there. */
async function receive(queueUrl: string): Promise<string[]> {
  await world.cloud.settled();
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body }) => Body ?? ''));
  }
}

test('configuring sends a test event, and an object its event in an SNS envelope', async () => {
  const made = await make();
  await configure(made.bucket, toTopic(made));
  const { ETag, VersionId } = await put(made.bucket, 'logs/tenant_id=acme/a b+ü.gz', 'hello');
  assert.equal(VersionId, undefined);
  const [first = '', second = '', ...others] = await receive(made.queueUrl);
  assert.deepEqual(others, []);
  assert.deepEqual(parseNotification(first), { kind: 'test' });
  const envelope = JSON.parse(second);
  assert.deepEqual(
    [envelope.Type, envelope.TopicArn, envelope.Subject],
    ['Notification', made.topicArn, 'Amazon S3 Notification'],
  );
  const [record] = JSON.parse(envelope.Message).Records;
  assert.equal(record.s3.object.key, 'logs/tenant_id%3Dacme/a+b%2B%C3%BC.gz');
  assert.deepEqual(
    [record.eventName, record.eventSource, record.awsRegion, record.s3.bucket.arn, record.s3.object.size],
    ['ObjectCreated:Put', 'aws:s3', 'us-east-1', `arn:aws:s3:::${made.bucket}`, 5],
  );
  assert.equal(`"${record.s3.object.eTag}"`, ETag);
  assert.match(record.s3.object.sequencer, /^[\da-f]{16}$/i);
  const parsed = parseNotification(second);
  assert.equal(parsed.kind === 'objects' && parsed.objects[0]?.key, 'logs/tenant_id=acme/a b+ü.gz');
});

test('a notification that gets lost is told to nobody, and others of the bucket are told', async () => {
  const made = await make();
  await configure(made.bucket, toTopic(made));
  for (const key of ['lost/a', 'kept/b']) await put(made.bucket, key);
  const keys = (await receive(made.queueUrl)).flatMap((body) => {
    const parsed = parseNotification(body);
    return parsed.kind === 'objects' ? parsed.objects.map(({ key }) => key) : [];
  });
  assert.deepEqual(keys, ['kept/b']);
});

test('raw delivery is the event without an envelope', async () => {
  const made = await make();
  const raw = { SubscriptionArn: made.subscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'true' };
  await clients.sns.send(new SetSubscriptionAttributesCommand(raw));
  await configure(made.bucket, toTopic(made));
  await put(made.bucket, 'k');
  const bodies = (await receive(made.queueUrl)).map((body) => JSON.parse(body));
  assert.deepEqual([bodies[0].Event, bodies[1].Records[0].s3.object.key], ['s3:TestEvent', 'k']);
});

test('a queue is told directly', async () => {
  const made = await make();
  await configure(made.bucket, {
    QueueConfigurations: [{ QueueArn: made.queueArn, Events: ['s3:ObjectCreated:Put'] }],
  });
  await put(made.bucket, 'k');
  await clients.s3.send(new CopyObjectCommand({ Bucket: made.bucket, Key: 'copy', CopySource: `${made.bucket}/k` }));
  const bodies = (await receive(made.queueUrl)).map((body) => JSON.parse(body));
  assert.deepEqual(
    bodies.map((body) => body.Event ?? body.Records[0].s3.object.key),
    ['s3:TestEvent', 'k'],
  );
});

test('only keys with the prefix and the suffix are told of', async () => {
  const made = await make();
  await configure(made.bucket, toTopic(made, 'logs/', '.gz'));
  for (const key of ['logs/a.gz', 'logs/a', 'quarantine/a.gz', 'logs/b.gz']) await put(made.bucket, key);
  const keys = (await receive(made.queueUrl))
    .slice(1)
    .map((body) => JSON.parse(JSON.parse(body).Message).Records[0].s3.object.key);
  assert.deepEqual(keys.sort(), ['logs/a.gz', 'logs/b.gz']);
});

test('copies, multipart uploads and removals have events of their own, with their versions', async () => {
  const made = await make();
  const Bucket = made.bucket;
  await clients.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await configure(Bucket, {
    QueueConfigurations: [{ QueueArn: made.queueArn, Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] }],
  });
  const { VersionId } = await put(Bucket, 'k');
  await clients.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k` }));
  const { UploadId } = await clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'only' };
  const { ETag } = await clients.s3.send(new UploadPartCommand(part));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await clients.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }));
  await clients.s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  const records = (await receive(made.queueUrl)).slice(1).map((body) => JSON.parse(body).Records[0]);
  assert.deepEqual(
    records.map((record) => [record.eventName, record.s3.object.key]),
    [
      ['ObjectCreated:Put', 'k'],
      ['ObjectCreated:Copy', 'copy'],
      ['ObjectCreated:CompleteMultipartUpload', 'parts'],
      ['ObjectRemoved:DeleteMarkerCreated', 'k'],
    ],
  );
  assert.equal(records[0].s3.object.versionId, VersionId);
  assert.deepEqual(
    [...records].sort((a, b) => (a.s3.object.sequencer < b.s3.object.sequencer ? -1 : 1)),
    records,
  );
});

test('the configuration is given back as it was put', async () => {
  const made = await make();
  await configure(made.bucket, toTopic(made, 'logs/', '.gz'));
  const found = await clients.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: made.bucket }));
  const [rule] = found.TopicConfigurations ?? [];
  assert.deepEqual([rule?.TopicArn, rule?.Events], [made.topicArn, ['s3:ObjectCreated:*']]);
  assert.deepEqual(
    rule?.Filter?.Key?.FilterRules?.map(({ Value }) => Value),
    ['logs/', '.gz'],
  );
});

test('a destination whose policy does not let the bucket is refused, and nothing changes', async () => {
  const made = await make();
  await allowPublish(made.topicArn, allow('s3.amazonaws.com', 'sns:Publish', made.topicArn, 'arn:aws:s3:::another'));
  await assert.rejects(
    configure(made.bucket, toTopic(made)),
    awsError('InvalidArgument', { message: 'Unable to validate the following destination configurations' }),
  );
  const missing = {
    QueueArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:no-such-queue`,
    Events: ['s3:ObjectCreated:*' as const],
  };
  await assert.rejects(configure(made.bucket, { QueueConfigurations: [missing] }), awsError('InvalidArgument'));
  await put(made.bucket, 'k');
  assert.deepEqual(await receive(made.queueUrl), []);
});

test('a topic that a queue does not let in is refused loudly, not dropped as on AWS', async () => {
  const made = await make();
  await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: made.queueUrl, Attributes: { Policy: '' } }));
  await assert.rejects(configure(made.bucket, toTopic(made)), awsError('InvalidArgument'));
  await assert.rejects(
    clients.sns.send(new PublishCommand({ TopicArn: made.topicArn, Message: 'x' })),
    awsError('AccessDenied', { message: 'sqs:SendMessage' }),
  );
});

const OVERLAPS: readonly (readonly [sentence: string, a: [string, string], b: [string, string], refused: boolean])[] = [
  ['the same prefix', ['logs/', ''], ['logs/', ''], true],
  ['a prefix within another', ['logs/', ''], ['logs/a/', ''], true],
  ['different prefixes', ['logs/', ''], ['other/', ''], false],
  ['one prefix and different suffixes', ['logs/', '.gz'], ['logs/', '.parquet'], false],
  ['one prefix and a suffix within another', ['logs/', '.gz'], ['logs/', '.json.gz'], true],
];
for (const [sentence, a, b, refused] of OVERLAPS) {
  test(`two configurations with ${sentence} ${refused ? 'overlap and are refused' : 'live together'}`, async () => {
    const made = await make();
    const rules = [a, b].flatMap(([prefix, suffix]) => toTopic(made, prefix, suffix).TopicConfigurations ?? []);
    const both = configure(made.bucket, { TopicConfigurations: rules });
    if (refused) await assert.rejects(both, awsError('InvalidArgument', { message: 'overlap' }));
    else await both;
  });
}
