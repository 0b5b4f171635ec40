import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  ChangeMessageVisibilityBatchCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { awsError, openCloud } from '../../../support/cloud.ts';

const ACCOUNT = '000000000000';
let world: Awaited<ReturnType<typeof openCloud>>;
let sqs: SQSClient;
let queues = 0;
before(async () => {
  world = await openCloud();
  sqs = world.as('test').sqs;
});
after(() => world.close());

async function newQueue(Attributes: Record<string, string> = {}) {
  const name = `queue-${++queues}`;
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return { name, url: QueueUrl, arn: `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}` };
}
const send = (QueueUrl: string, MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
const receive = async (QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) => {
  const input = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All' as const], ...more };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
};

test('the URL of a queue names the cloud that the client reached, wherever it is told', async () => {
  const { name, url } = await newQueue();
  assert.equal(url, `${world.cloud.url}/${ACCOUNT}/${name}`);
  assert.equal((await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl, url);
  const { QueueUrls } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: name }));
  assert.deepEqual(QueueUrls, [url]);
});

test('a queue is found by its name and the region that was signed for, under any host', async () => {
  const { name, url, arn } = await newQueue();
  const other = world.as('test', 'eu-west-1').sqs;
  const { QueueUrl } = await other.send(new CreateQueueCommand({ QueueName: name }));
  await send(url.replace('127.0.0.1', 'localhost'), 'here');
  await other.send(new SendMessageCommand({ QueueUrl, MessageBody: 'there' }));
  assert.deepEqual(
    (await receive(url)).map(({ Body }) => Body),
    ['here'],
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  assert.equal(Attributes?.QueueArn, arn);
});

test('batches are sent, received, hidden and deleted', async () => {
  const { url } = await newQueue();
  const Entries = ['a', 'b', 'c'].map((MessageBody) => ({ Id: MessageBody, MessageBody }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  const first = await receive(url, { VisibilityTimeout: 60 });
  assert.deepEqual(first.map(({ Body }) => Body).sort(), ['a', 'b', 'c']);
  assert.deepEqual(await receive(url), []);
  const handles = first.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
  const release = handles.slice(0, 2).map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
  await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries: release }));
  const again = await receive(url);
  assert.deepEqual(
    again.map(({ Attributes }) => Attributes?.ApproximateReceiveCount),
    ['2', '2'],
  );
  const { SentTimestamp = '', ApproximateFirstReceiveTimestamp = '' } = again[0]?.Attributes ?? {};
  assert.ok(Number(ApproximateFirstReceiveTimestamp) >= Number(SentTimestamp) && Number(SentTimestamp) > 1e12);
  const gone = [
    ...again.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
    { Id: 'last', ReceiptHandle: handles[2]?.ReceiptHandle },
  ];
  const { Successful } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: gone }));
  assert.equal(Successful?.length, 3);
  const counts = ['ApproximateNumberOfMessages' as const, 'ApproximateNumberOfMessagesNotVisible' as const];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: counts }));
  assert.deepEqual(Object.values(Attributes ?? {}), ['0', '0']);
});

test('a message that was received too often goes to the dead-letter queue', async () => {
  const dead = await newQueue();
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
  const { url } = await newQueue({ RedrivePolicy });
  await send(url, 'poison');
  for (let i = 0; i < 2; i++) assert.equal((await receive(url, { VisibilityTimeout: 0 })).length, 1);
  assert.deepEqual(await receive(url, { VisibilityTimeout: 0 }), []);
  assert.deepEqual(
    (await receive(dead.url)).map(({ Body }) => Body),
    ['poison'],
  );
});

test('a long poll ends with the first message', async () => {
  const { url } = await newQueue();
  const waiting = receive(url, { WaitTimeSeconds: 20 });
  await send(url, 'x');
  assert.deepEqual(
    (await waiting).map(({ Body }) => Body),
    ['x'],
  );
});

test('a client that leaves during its long poll takes no message along', async () => {
  const { url } = await newQueue();
  const leave = new AbortController();
  // A rule without effect tells that the call has arrived.
  const arrived = world.cloud.faults.add({ action: 'ReceiveMessage', effect: { kind: 'latency', ms: 0 } });
  const poll = new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20, VisibilityTimeout: 3600 });
  const waiting = sqs.send(poll, { abortSignal: leave.signal });
  while (arrived.struck === 0) await new Promise((resolve) => setImmediate(resolve));
  world.cloud.faults.remove(arrived.id);
  leave.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  await send(url, 'x');
  const [message] = await receive(url, { WaitTimeSeconds: 5 });
  assert.equal(message?.Body, 'x');
});

test('what does not exist is told by its name', async () => {
  const { url } = await newQueue();
  await assert.rejects(send(`${url}-missing`, 'x'), awsError('QueueDoesNotExist', { status: 400 }));
});

test('a role needs the permission, of a batch that of the single call', async () => {
  const { url, arn } = await newQueue();
  const { iam } = world.as(ACCOUNT);
  const document = (statement: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...statement } });
  const trust = document({ Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'task', AssumeRolePolicyDocument: trust }));
  const policy = document({ Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], Resource: arn });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'task', PolicyName: 'p', PolicyDocument: policy }));
  const task = world.as(await world.assume({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/task` })).sqs;
  await send(url, 'x');
  const { Messages } = await task.send(new ReceiveMessageCommand({ QueueUrl: url }));
  const Entries = [{ Id: '0', ReceiptHandle: Messages?.[0]?.ReceiptHandle }];
  await task.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
  const refused = awsError('AccessDeniedException', { message: `sqs:SendMessage on resource: ${arn}` });
  await assert.rejects(task.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' })), refused);
  const batch = [{ Id: '0', MessageBody: 'x' }];
  await assert.rejects(task.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: batch })), refused);
});

test('another account needs the policy of the queue', async () => {
  const { url, arn } = await newQueue();
  const stranger = world.as('666666666666').sqs;
  const call = () => stranger.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));
  await assert.rejects(call(), awsError('AccessDeniedException'));
  const statement = { Effect: 'Allow', Principal: { AWS: '666666666666' }, Action: 'sqs:SendMessage', Resource: arn };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
  await call();
  await assert.rejects(
    sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: '{}' } })),
    awsError('InvalidAttributeValue'),
  );
});
