import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import type { Call, DynamoApi } from '../../../../service/aws/api.ts';
import { createQueueCalls, createReceiveCalls } from '../../../../service/aws/calls.ts';
import { createQueue } from '../../../../service/aws/queue.ts';
import { createSqsClient } from '../../../../service/aws/sdk/sqs.ts';
import { createPreflight, type PreflightDeps } from '../../../../service/run/watch/preflight.ts';
import { always, jsonAnswer, REQUEST_ID, type WireAnswer } from '../../../support/answers.ts';
import { placeOf, startAws } from '../../../support/aws.ts';
import { awsError } from '../../../support/aws-error.ts';
import { LEDGER_TABLE, startDynamo, TENANT_TABLE } from '../../../support/dynamo.ts';
import { startServer } from '../../../support/server.ts';

const SETTINGS: PreflightDeps['settings'] = {
  region: 'us-east-1',
  endpointUrl: undefined,
  queueUrl: 'http://127.0.0.1/000000000000/logs',
  deadLetterQueueUrl: 'http://127.0.0.1/000000000000/dead',
  tenantTable: TENANT_TABLE,
  ledgerTable: LEDGER_TABLE,
};
const soon = () => AbortSignal.timeout(5_000);

interface Given {
  readonly settings?: Partial<PreflightDeps['settings']>;
  readonly queueUrl?: (endpoint: string) => string;
  readonly deadLetterQueueUrl?: (endpoint: string) => string;
}

/** Queues `logs`, `dead` and `logs.fifo` on a real SQS, and the tables on a real DynamoDB of this process. */
async function setUp(t: TestContext, { settings = {}, ...urls }: Given = {}) {
  const [{ server, place }, { calls: dynamo, client }] = await Promise.all([startAws(t), startDynamo(t)]);
  server.createQueue('logs');
  server.createQueue('dead');
  const sqs = createQueueCalls(place);
  const fifo = new CreateQueueCommand({ QueueName: 'logs.fifo', Attributes: { FifoQueue: 'true' } });
  await createSqsClient(place).send(fifo);
  const endpoint = place.endpointUrl;
  const queue = createQueue({
    sqs,
    receiver: createReceiveCalls(place),
    queueUrl: urls.queueUrl?.(endpoint) ?? `${endpoint}/000000000000/logs`,
    deadLetterQueueUrl: urls.deadLetterQueueUrl?.(endpoint) ?? `${endpoint}/000000000000/dead`,
    nowMs: Date.now,
  });
  return { dynamo, client, look: createPreflight({ dynamo, queue, settings: { ...SETTINGS, ...settings } }) };
}

/** Both queues are what a server of the test says. */
async function withQueueAnswer(t: TestContext, answer: WireAnswer, dynamo: Call<DynamoApi>) {
  const { url } = await startServer(t, always(answer));
  const sqs = createQueueCalls(placeOf(url));
  const queueUrl = `${url}/000000000000/logs`;
  const queue = createQueue({ sqs, receiver: sqs, queueUrl, deadLetterQueueUrl: queueUrl, nowMs: Date.now });
  return createPreflight({ dynamo, queue, settings: SETTINGS })(soon());
}

test('queues and tables that are as they must be are no finding', async (t) => {
  const { look } = await setUp(t);
  assert.deepEqual(await look(soon()), []);
});

test('a dead-letter queue that is the queue itself is wrong, however its URL is spelled', async (t) => {
  const { look } = await setUp(t, {
    deadLetterQueueUrl: (endpoint) => `${endpoint.replace('127.0.0.1', 'localhost')}/000000000000/logs`,
  });
  assert.deepEqual(await look(soon()), [
    {
      about: 'DLQ_URL',
      kind: 'wrong',
      message: 'DLQ_URL: must be another queue than SQS_QUEUE_URL (both are arn:aws:sqs:us-east-1:000000000000:logs)',
    },
  ]);
});

test('a FIFO queue is wrong, as a queue and as the dead-letter queue', async (t) => {
  const { look } = await setUp(t, { queueUrl: (endpoint) => `${endpoint}/000000000000/logs.fifo` });
  assert.deepEqual(await look(soon()), [
    {
      about: 'SQS_QUEUE_URL',
      kind: 'wrong',
      message:
        'SQS_QUEUE_URL: must be a standard queue, as FIFO queues are not supported (it is arn:aws:sqs:us-east-1:000000000000:logs.fifo)',
    },
  ]);
  const other = await setUp(t, { deadLetterQueueUrl: (endpoint) => `${endpoint}/000000000000/logs.fifo` });
  assert.deepEqual(
    (await other.look(soon())).map(({ about, kind }) => [about, kind]),
    [['DLQ_URL', 'wrong']],
  );
});

test('a queue of another region than AWS_REGION is wrong', async (t) => {
  const { calls: dynamo } = await startDynamo(t);
  const answer = jsonAnswer('', '');
  const found = await withQueueAnswer(
    t,
    {
      ...answer,
      status: 200,
      body: JSON.stringify({ Attributes: { QueueArn: 'arn:aws:sqs:eu-west-1:000000000000:logs' } }),
    },
    dynamo,
  );
  assert.deepEqual(found[0], {
    about: 'SQS_QUEUE_URL',
    kind: 'wrong',
    message:
      'SQS_QUEUE_URL: must be a queue in the region of AWS_REGION, us-east-1 (it is in eu-west-1: arn:aws:sqs:eu-west-1:000000000000:logs)',
  });
});

test('a queue that AWS does not show to us is wrong where its host is of another region', async (t) => {
  const { calls: dynamo } = await startDynamo(t);
  const arn = () =>
    Promise.reject(awsError('InvalidSignatureException', 403, 'Credential should be scoped to a valid region.'));
  const look = (settings: Partial<PreflightDeps['settings']>) =>
    createPreflight({ dynamo, queue: { arn }, settings: { ...SETTINGS, ...settings } })(soon());
  const kinds = async (queueUrl: string, endpointUrl?: string) => {
    const [found] = await look({ queueUrl, endpointUrl });
    return found?.kind;
  };
  const [wrong] = await look({ queueUrl: 'https://sqs.eu-west-1.amazonaws.com/000000000000/logs' });
  assert.deepEqual(wrong, {
    about: 'SQS_QUEUE_URL',
    kind: 'wrong',
    message:
      'SQS_QUEUE_URL: must be a queue in the region of AWS_REGION, us-east-1 (it is in eu-west-1: sqs.eu-west-1.amazonaws.com)',
  });
  assert.equal(await kinds('https://vpce-0a-b.sqs.cn-north-1.vpce.amazonaws.com.cn/0/logs'), 'wrong');
  assert.equal(await kinds('https://sqs.us-east-1.amazonaws.com/000000000000/logs'), 'away');
  assert.equal(await kinds('https://queue.amazonaws.com/000000000000/logs'), 'away');
  assert.equal(await kinds('http://sqs.eu-west-1.localhost.localstack.cloud:4566/0/logs'), 'away');
  assert.equal(await kinds('https://sqs.eu-west-1.amazonaws.com/0/logs', 'http://127.0.0.1:4566'), 'away');
});

test('a queue that does not exist, or may not be asked, may come back: AWS is quoted, with the remedy', async (t) => {
  const { calls: dynamo } = await startDynamo(t);
  const headers = { 'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender' };
  const missing = jsonAnswer('com.amazonaws.sqs#QueueDoesNotExist', 'The specified queue does not exist.', headers);
  const words = `AWS: QueueDoesNotExist: The specified queue does not exist. (request id ${REQUEST_ID})`;
  assert.deepEqual(await withQueueAnswer(t, missing, dynamo), [
    {
      about: 'SQS_QUEUE_URL',
      kind: 'away',
      message: `the queue cannot be used. There is no such queue. Look at SQS_QUEUE_URL and AWS_REGION. ${words}`,
    },
    {
      about: 'DLQ_URL',
      kind: 'away',
      message: `the dead-letter queue cannot be used. There is no such queue. Look at DLQ_URL and AWS_REGION. ${words}`,
    },
  ]);
  const denial =
    'User: arn:aws:sts::1:assumed-role/task/x is not authorized to perform: sqs:getqueueattributes on resource: arn:aws:sqs:us-east-1:1:dead because no identity-based policy allows the sqs:getqueueattributes action';
  const [, denied] = await withQueueAnswer(t, jsonAnswer('AccessDeniedException', denial), dynamo);
  assert.equal(denied?.kind, 'away');
  assert.match(
    denied.message,
    /^the dead-letter queue cannot be used\. No policy of the task role allows sqs:getqueueattributes\. The task role needs sqs:GetQueueAttributes on the queue of DLQ_URL/,
  );
});

test('tables that are swapped are wrong, in one sentence', async (t) => {
  const { look } = await setUp(t, { settings: { tenantTable: LEDGER_TABLE, ledgerTable: TENANT_TABLE } });
  assert.deepEqual(await look(soon()), [
    {
      about: 'TENANT_CONFIG_TABLE',
      kind: 'wrong',
      message:
        'TENANT_CONFIG_TABLE: must be the table of tenants, and LEDGER_TABLE the ledger: swap them (got delivery-ledger and tenant-configurations)',
    },
  ]);
});

test('one table for both, and a table with other keys or other types, are wrong', async (t) => {
  const both = await setUp(t, { settings: { tenantTable: LEDGER_TABLE } });
  assert.deepEqual(
    (await both.look(soon())).map(({ message }) => message),
    [
      'TENANT_CONFIG_TABLE: must have the partition key tenant_id and the sort key type, both of type S (delivery-ledger has object (S), delivery (S))',
    ],
  );
  const { client, look } = await setUp(t, { settings: { ledgerTable: 'numbers', tenantTable: 'alone' } });
  const create = (TableName: string, keys: readonly (readonly [name: string, type: 'S' | 'N'])[]) =>
    client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
        KeySchema: keys.map(([AttributeName], at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      }),
    );
  await create('numbers', [
    ['object', 'S'],
    ['delivery', 'N'],
  ]);
  await create('alone', [['tenant_id', 'S']]);
  assert.deepEqual(
    (await look(soon())).map(({ message }) => message),
    [
      'TENANT_CONFIG_TABLE: must have the partition key tenant_id and the sort key type, both of type S (alone has tenant_id (S))',
      'LEDGER_TABLE: must have the partition key object and the sort key delivery, both of type S (numbers has object (S), delivery (N))',
    ],
  );
});

test('a table that is missing, or whose state keeps it from being used, may come back', async (t) => {
  const { look } = await setUp(t, { settings: { ledgerTable: 'no-such-table' } });
  const [missing, ...others] = await look(soon());
  assert.deepEqual(others, []);
  assert.deepEqual([missing?.about, missing?.kind], ['LEDGER_TABLE', 'away']);
  assert.match(
    missing?.message ?? '',
    /^the table no-such-table cannot be used\. There is no such table in the region of the service\. Look at LEDGER_TABLE and AWS_REGION\. AWS: ResourceNotFoundException/,
  );
  const { dynamo } = await setUp(t);
  const { url } = await startServer(
    t,
    always({
      status: 200,
      headers: {},
      body: JSON.stringify({ Attributes: { QueueArn: 'arn:aws:sqs:us-east-1:0:x' } }),
    }),
  );
  const sqs = createQueueCalls(placeOf(url));
  const queue = createQueue({
    sqs,
    receiver: sqs,
    queueUrl: `${url}/0/x`,
    deadLetterQueueUrl: `${url}/0/x`,
    nowMs: Date.now,
  });
  const locked = async (...args: Parameters<typeof dynamo>) => {
    const { Table } = (await dynamo(...args)) as { Table: object };
    return { Table: { ...Table, TableStatus: 'INACCESSIBLE_ENCRYPTION_CREDENTIALS' } };
  };
  const found = await createPreflight({ dynamo: locked as typeof dynamo, queue, settings: SETTINGS })(soon());
  assert.ok(
    found.some(
      ({ kind, message }) =>
        kind === 'away' &&
        message === `the table ${LEDGER_TABLE} cannot be used: its state is INACCESSIBLE_ENCRYPTION_CREDENTIALS`,
    ),
  );
});

test('what does not answer is away when time is over', async (t) => {
  const { dynamo } = await setUp(t);
  const { url } = await startServer(t, () => {});
  const sqs = createQueueCalls(placeOf(url));
  const queue = createQueue({
    sqs,
    receiver: sqs,
    queueUrl: `${url}/0/x`,
    deadLetterQueueUrl: `${url}/0/y`,
    nowMs: Date.now,
  });
  const over = new AbortController();
  const looking = createPreflight({ dynamo, queue, settings: SETTINGS })(over.signal);
  over.abort();
  assert.deepEqual(
    (await looking).filter(({ about }) => about.endsWith('URL')).map(({ kind, message }) => [kind, message]),
    [
      ['away', 'the queue cannot be used. No answer from AWS in time'],
      ['away', 'the dead-letter queue cannot be used. No answer from AWS in time'],
    ],
  );
});
