import { after } from 'node:test';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import type { Call, DynamoApi, S3Api, SqsApi, StsApi } from '../../../service/aws/api.ts';
import {
  createGetObject,
  createQueueCalls,
  createS3Calls,
  createStsCalls,
  createTableCalls,
} from '../../../service/aws/calls.ts';
import type { RangeRequest } from '../../../service/aws/get-object.ts';
import { LEDGER_TABLE_KEYS } from '../../../service/core/tables.ts';
import { createObjects } from '../../simulation/models/objects.ts';
import { createQueues } from '../../simulation/models/queues.ts';
import { createRoles } from '../../simulation/models/roles.ts';
import { createTables } from '../../simulation/models/tables.ts';
import { alike as bothAlike, outcome } from '../../support/alike.ts';
import { openCloud } from '../../support/cloud.ts';
import { buildTenant } from '../../support/tenant.ts';

/** The models of the simulation answer as the embedded AWS does: each case is run on both, and what they answer is compared. */
interface Aws {
  readonly sqs: Call<SqsApi>;
  readonly dynamo: Call<DynamoApi>;
  readonly s3: Call<S3Api>;
  readonly sts: Call<StsApi>;
  readonly get: (request: RangeRequest) => Promise<unknown>;
  readonly queue: string;
  readonly bucket: string;
  readonly table: string;
}

const TENANT = buildTenant('acme', '111111111111');
const ROLE = 'arn:aws:iam::111111111111:role/LogDistribution-acme';

function modelled(): Aws {
  const queue = 'https://queue.invalid/queue';
  let ids = 0;
  const queues = createQueues({
    nowMs: Date.now,
    newId: () => `m${++ids}`,
    pick: () => 0,
    onceMore: () => false,
    queues: [{ url: queue, arn: 'arn:aws:sqs:us-east-1:000000000000:queue' }],
  });
  const tables = createTables({ ledger: LEDGER_TABLE_KEYS });
  const objects = createObjects(Date.now);
  objects.addBucket('central', '000000000000');
  const roles = createRoles({ nowMs: Date.now, newId: (digits) => 'f'.repeat(digits) });
  roles.add({ roleArn: ROLE, readsBack: false, buckets: [], ...TENANT });
  const calls = <Api>(methods: object): Call<Api> => {
    const call = async (operation: string, input: object) =>
      (methods as Record<string, (input: object) => unknown>)[operation]?.(input);
    return call as unknown as Call<Api>;
  };
  type Put = { Bucket: string; Key: string; Body: Buffer; IfNoneMatch?: string };
  return {
    queue,
    bucket: 'central',
    table: 'ledger',
    sqs: calls({ ...queues, ReceiveMessage: (input: never) => ({ Messages: queues.receive(input) }) }),
    dynamo: calls(tables),
    s3: calls({
      PutObject: ({ Bucket: bucket, Key: key, Body: body, IfNoneMatch: ifNoneMatch }: Put) =>
        objects.put({ bucket, key, body, ifNoneMatch }),
    }),
    sts: calls(roles),
    get: async (request) => {
      const { head, bytes } = objects.get(request);
      return { eTag: head.eTag, size: head.size, from: head.from, text: bytes.toString() };
    },
  };
}

process.env.AWS_ACCESS_KEY_ID = 'test';
process.env.AWS_SECRET_ACCESS_KEY = 'test';
const { cloud, close } = await openCloud();
after(close);

async function embedded(): Promise<Aws> {
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  after(() => deps.close());
  const pipeline = await provisionPipeline(deps);
  await provisionTenant(deps, TENANT, pipeline);
  // Of its own: S3 has told the pipeline's of its configuration.
  const { QueueUrl: queue = '' } = await deps.sqs.send(new CreateQueueCommand({ QueueName: 'contract' }));
  const place = { region: 'us-east-1', endpointUrl: cloud.url, s3ForcePathStyle: true, requestTimeoutMs: 30_000 };
  const getObject = createGetObject(place);
  return {
    queue,
    bucket: pipeline.bucket,
    table: pipeline.ledgerTable,
    sqs: createQueueCalls(place),
    dynamo: createTableCalls(place),
    s3: createS3Calls(place),
    sts: createStsCalls(place),
    async get(request) {
      const pieces: Buffer[] = [];
      const open = () => (piece: Uint8Array) => void pieces.push(Buffer.from(piece));
      const { eTag, size, from } = await getObject(request, open, new AbortController().signal);
      return { eTag, size, from, text: Buffer.concat(pieces).toString() };
    },
  };
}

const both = [modelled(), await embedded()] as const;

function alike(title: string, run: (aws: Aws) => Promise<unknown>): void {
  bothAlike(title, async () => both, run);
}

const named = async (call: Promise<{ Failed?: readonly { Id?: string | undefined }[] }>) =>
  ((await call).Failed ?? []).map(({ Id }) => Id);

async function receiveOne({ sqs, queue: QueueUrl }: Aws, VisibilityTimeout = 600) {
  const { Messages = [] } = await sqs('ReceiveMessage', {
    QueueUrl,
    MaxNumberOfMessages: 10,
    WaitTimeSeconds: 0,
    VisibilityTimeout,
    MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    MessageAttributeNames: ['failures'],
  });
  return Messages;
}

alike(
  'a message is hidden while somebody has it, comes back with one receive more, and its older receipt is void',
  async (aws) => {
    const { sqs, queue: QueueUrl } = aws;
    const MessageAttributes = { failures: { DataType: 'Number', StringValue: '3' } };
    await sqs('SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'one', MessageAttributes }] });
    const [first] = await receiveOne(aws);
    const hidden = await receiveOne(aws);
    const visible = (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
      named(
        sqs('ChangeMessageVisibilityBatch', { QueueUrl, Entries: [{ Id: 'v', ReceiptHandle, VisibilityTimeout }] }),
      );
    const back = await visible(first?.ReceiptHandle, 0);
    const notInFlight = await visible(first?.ReceiptHandle, 30);
    const [second] = await receiveOne(aws);
    const remove = (ReceiptHandle: string | undefined) =>
      named(sqs('DeleteMessageBatch', { QueueUrl, Entries: [{ Id: 'd', ReceiptHandle }] }));
    const removed = await remove(second?.ReceiptHandle);
    const removedAgain = await remove(second?.ReceiptHandle);
    const changedAfter = await visible(second?.ReceiptHandle, 0);
    return {
      bodies: [first?.Body, second?.Body],
      counts: [first, second].map((message) => message?.Attributes?.ApproximateReceiveCount),
      same:
        first?.MessageId === second?.MessageId &&
        first?.Attributes?.SentTimestamp === second?.Attributes?.SentTimestamp,
      failures: second?.MessageAttributes?.failures?.StringValue,
      hidden: hidden.length,
      ...{ back, notInFlight, removed, removedAgain, changedAfter },
      left: (await receiveOne(aws)).length,
    };
  },
);

alike('a message that is sent with a delay is for nobody until then, and is counted apart', async (aws) => {
  const { sqs, queue: QueueUrl } = aws;
  await sqs('SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'late', DelaySeconds: 600 }] });
  await sqs('SendMessage', { QueueUrl, MessageBody: 'now' });
  const received = await receiveOne(aws);
  const AttributeNames = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const counts = await sqs('GetQueueAttributes', { QueueUrl, AttributeNames: [...AttributeNames] });
  return [received.map(({ Body }) => Body), counts.Attributes];
});

alike('batches that SQS does not take', async ({ sqs, queue: QueueUrl }) => {
  const entries = (count: number, id: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => ({ Id: id(at), ReceiptHandle: 'none' }));
  const remove = (Entries: { Id: string; ReceiptHandle: string }[]) =>
    outcome(sqs('DeleteMessageBatch', { QueueUrl, Entries })).then((answer) =>
      typeof answer === 'string' ? answer : 'taken',
    );
  return [await remove(entries(11, String)), await remove([])].map((answer) => String(answer).split('.').at(-1));
});

alike(
  'a write under a condition is made once, and says what was there before',
  async ({ dynamo, table: TableName }) => {
    const Key = { object: { S: 'o' }, delivery: { S: 'd' } };
    const acquire = (owner: string, now: number) =>
      outcome(
        dynamo('UpdateItem', {
          TableName,
          Key,
          UpdateExpression: 'SET #owner = :owner, #ends = :ends, #begun = if_not_exists(#begun, :now) ADD #recent :set',
          ConditionExpression:
            'attribute_not_exists(#state) OR (#state <> :done AND (attribute_not_exists(#owner) OR #ends < :now OR #owner = :owner))',
          ExpressionAttributeNames: {
            '#state': 'state',
            '#owner': 'owner',
            '#ends': 'ends',
            '#begun': 'begun',
            '#recent': 'recent',
          },
          ExpressionAttributeValues: {
            ':owner': { S: owner },
            ':ends': { N: String(now + 100) },
            ':now': { N: String(now) },
            ':done': { S: 'done' },
            ':set': { SS: [owner] },
          },
          ReturnValues: 'ALL_OLD',
        }),
      );
    const write = (expression: string, owner: string, more: Record<string, { S: string }> = {}) =>
      outcome(
        dynamo('UpdateItem', {
          TableName,
          Key,
          UpdateExpression: expression,
          ConditionExpression: '#owner = :me',
          ExpressionAttributeNames: { '#owner': 'owner', '#state': 'state' },
          ExpressionAttributeValues: { ':me': { S: owner }, ...more },
          ReturnValues: 'NONE',
        }),
      );
    return {
      first: await acquire('a', 1_000),
      state: await write('SET #state = :s', 'a', { ':s': { S: 'delivering' } }),
      held: await acquire('b', 1_050),
      over: await acquire('b', 1_101),
      lost: await write('SET #state = :s', 'a', { ':s': { S: 'done' } }),
      done: await write('SET #state = :s REMOVE #owner', 'b', { ':s': { S: 'done' } }),
      again: await acquire('c', 9_000),
      item: await dynamo('GetItem', { TableName, Key, ConsistentRead: true }),
      none: await dynamo('GetItem', { TableName, Key: { ...Key, delivery: { S: 'none' } } }),
      noTable: await outcome(dynamo('GetItem', { TableName: 'there-is-none', Key })),
      found: (
        await dynamo('Query', {
          TableName,
          KeyConditionExpression: '#object = :object',
          ExpressionAttributeNames: { '#object': 'object' },
          ExpressionAttributeValues: { ':object': { S: 'o' } },
        })
      ).Items,
      keys: await dynamo('DescribeTable', { TableName }).then(({ Table }) => [Table?.TableStatus, Table?.KeySchema]),
    };
  },
);

alike('an object is read in ranges, as long as it is the same', async ({ s3, get, bucket }) => {
  const put = (Body: string, more = {}) =>
    outcome(s3('PutObject', { Bucket: bucket, Key: 'other/a', Body: Buffer.from(Body), ...more }));
  const range = { bucket, key: 'other/a', versionId: undefined, start: 0, end: 1_000, ifMatch: undefined };
  const put1 = (await put('0123456789')) as { ETag?: string };
  const whole = await outcome(get(range));
  return {
    eTag: put1.ETag,
    whole,
    part: await outcome(get({ ...range, start: 2, end: 5 })),
    beyond: await outcome(get({ ...range, start: 10 })),
    none: await outcome(get({ ...range, key: 'other/none' })),
    match: await outcome(get({ ...range, ifMatch: put1.ETag })),
    once: await put('again', { IfNoneMatch: '*' }),
    over: ((await put('another')) as { ETag?: string }).ETag,
    changed: await outcome(get({ ...range, ifMatch: put1.ETag })),
  };
});

alike('a role is assumed with its external id and its tag only', async ({ sts }) => {
  const assume = async (more: object) => {
    const input = { RoleArn: ROLE, RoleSessionName: 'test', DurationSeconds: 3_600, ExternalId: TENANT.externalId };
    const answer = await outcome(sts('AssumeRole', { ...input, Tags: [{ Key: 'tenant_id', Value: 'acme' }], ...more }));
    return typeof answer === 'string' ? answer : Object.keys((answer as { Credentials: object }).Credentials).sort();
  };
  return [
    await assume({}),
    await assume({ ExternalId: 'another' }),
    await assume({ Tags: [{ Key: 'tenant_id', Value: 'globex' }] }),
    await assume({ Tags: [] }),
    await assume({ RoleArn: `${ROLE}-not` }),
  ];
});
