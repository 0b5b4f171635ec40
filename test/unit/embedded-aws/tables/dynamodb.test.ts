import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { createProvisionDeps } from '../../../../local/provision/deps.ts';
import { provisionTable } from '../../../../local/provision/table.ts';
import { dynamoCalls, observeAnswers } from '../../../../service/aws/sdk/dynamo.ts';
import { LEDGER_TABLE_KEYS } from '../../../../service/core/tables.ts';
import { createLedger, NO_PROGRESS } from '../../../../service/ledger/ledger.ts';
import { createTableClock } from '../../../../service/ledger/table-clock.ts';
import { awsError, openCloud } from '../../../support/cloud.ts';
import { outcomeOf } from '../../../support/progress.ts';

let world: Awaited<ReturnType<typeof openCloud>>;
let dynamo: DynamoDBClient;
before(async () => {
  world = await openCloud();
  dynamo = world.as('test').dynamo;
});
after(() => world.close());

async function table(name: string, more: object = {}): Promise<string> {
  const deps = createProvisionDeps({ endpointUrl: world.cloud.url, region: 'us-east-1' });
  await provisionTable(deps, { name, keys: LEDGER_TABLE_KEYS, ...more });
  deps.close();
  return name;
}
const KEY = { object: { S: 'o' }, delivery: { S: 'd' } };

test('a table says where it is', async () => {
  const TableName = await table('named');
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
  assert.deepEqual(
    [Table?.TableArn, Table?.TableStatus],
    ['arn:aws:dynamodb:us-east-1:000000000000:table/named', 'ACTIVE'],
  );
});

test('conditional updates set, add and remove, and return what is there then', async () => {
  const TableName = await table('updates');
  const update = (more: object) =>
    dynamo.send(new UpdateItemCommand({ TableName, Key: KEY, ReturnValues: 'ALL_NEW', ...more }));
  const first = await update({
    UpdateExpression: 'SET #o = :me ADD #n :one',
    ConditionExpression: 'attribute_not_exists(#o)',
    ExpressionAttributeNames: { '#o': 'owner', '#n': 'acquisitions' },
    ExpressionAttributeValues: { ':me': { S: 'a' }, ':one': { N: '1' } },
  });
  assert.deepEqual(first.Attributes, { ...KEY, owner: { S: 'a' }, acquisitions: { N: '1' } });
  const condition = { ExpressionAttributeNames: { '#o': 'owner' }, ConditionExpression: '#o = :me' };
  const refused = update({
    ...condition,
    UpdateExpression: 'REMOVE #o',
    ExpressionAttributeValues: { ':me': { S: 'b' } },
  });
  await assert.rejects(refused, awsError('ConditionalCheckFailedException', { status: 400 }));
  const removed = await update({
    ...condition,
    UpdateExpression: 'REMOVE #o',
    ExpressionAttributeValues: { ':me': { S: 'a' } },
  });
  assert.deepEqual(removed.Attributes, { ...KEY, acquisitions: { N: '1' } });
});

test("the service's ledger works on it: leases, positions, one owner at a time", async () => {
  const clock = createTableClock({ monotonicMs: () => performance.now(), steadyMs: Date.now });
  observeAnswers(dynamo, clock.observe);
  const deps = { dynamo: dynamoCalls(dynamo), table: await table('ledger'), leaseMs: 60_000, onWrite: () => {} };
  let owners = 0;
  const ledger = createLedger({ ...deps, nowMs: clock.nowMs, newOwner: () => `owner-${++owners}` });
  const key = { object: 's3://b/k#1', delivery: 'acme/cloudwatch' };
  const first = await ledger.acquire(key);
  assert.equal(first.kind, 'acquired');
  assert.equal((await ledger.acquire(key)).kind, 'held');
  if (first.kind === 'acquired') await first.lease.release({ ...NO_PROGRESS, chunk: 3, batch: 2, ahead: [[4, 5]] });
  const second = await ledger.acquire(key);
  assert.ok(second.kind === 'acquired');
  assert.deepEqual([second.progress.chunk, second.progress.batch, second.progress.ahead], [3, 2, [[4, 5]]]);
  await second.lease.finish(outcomeOf({}));
  assert.equal((await ledger.acquire(key)).kind, 'done');
});

test('items are found by their partition', async () => {
  const TableName = await table('queries');
  for (const delivery of ['b', 'a']) {
    await dynamo.send(new PutItemCommand({ TableName, Item: { object: { S: 'o' }, delivery: { S: delivery } } }));
  }
  const { Items } = await dynamo.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'object' },
      ExpressionAttributeValues: { ':o': { S: 'o' } },
    }),
  );
  assert.deepEqual(
    Items?.map(({ delivery }) => delivery?.S),
    ['a', 'b'],
  );
});

test('a time to live is set once, described, and gone with its table', async () => {
  const TableName = await table('expiring', { expiresAt: 'expires_at' });
  const describe = () => dynamo.send(new DescribeTimeToLiveCommand({ TableName }));
  assert.deepEqual((await describe()).TimeToLiveDescription, {
    TimeToLiveStatus: 'ENABLED',
    AttributeName: 'expires_at',
  });
  const TimeToLiveSpecification = { AttributeName: 'expires_at', Enabled: true };
  const again = new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification });
  await assert.rejects(dynamo.send(again), awsError('ValidationException', { message: 'already enabled' }));
  await dynamo.send(new DeleteTableCommand({ TableName }));
  await assert.rejects(async () => {
    for (;;) await describe();
  }, awsError('ResourceNotFoundException'));
  await table('expiring');
  assert.deepEqual((await describe()).TimeToLiveDescription, { TimeToLiveStatus: 'DISABLED' });
});

test('a table is made once, and provisioning it again changes nothing', async () => {
  const TableName = await table('twice', { expiresAt: 'expires_at' });
  await dynamo.send(new PutItemCommand({ TableName, Item: KEY }));
  await table('twice', { expiresAt: 'expires_at' });
  const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key: KEY }));
  assert.deepEqual(Item, KEY);
});

test('accounts and regions have tables of their own', async () => {
  const TableName = await table('mine');
  for (const other of [world.as('777777777777'), world.as('test', 'eu-west-1')]) {
    await assert.rejects(
      other.dynamo.send(new DescribeTableCommand({ TableName })),
      awsError('ResourceNotFoundException'),
    );
  }
  const elsewhere = world.as('777777777777', 'eu-west-1').dynamo;
  const definition = {
    TableName,
    BillingMode: 'PAY_PER_REQUEST' as const,
    KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' as const }],
    AttributeDefinitions: [{ AttributeName: 'a', AttributeType: 'S' as const }],
  };
  const { TableDescription } = await elsewhere.send(new CreateTableCommand(definition));
  assert.equal(TableDescription?.TableArn, 'arn:aws:dynamodb:eu-west-1:777777777777:table/mine');
});

test('a condition compares lists and maps by what is in them, in their order', async () => {
  const TableName = await table('documents');
  const document = {
    L: [{ S: 'a' }, { M: { name: { S: 'x' }, 'odd name': { L: [] } } }, { SS: ['one', 'two'] }, { NULL: true }],
  };
  await dynamo.send(new PutItemCommand({ TableName, Item: { ...KEY, document, other: { N: '1' } } }));
  const putIf = (expected: AttributeValue, condition = '#d = :d AND #o = :o') =>
    dynamo.send(
      new PutItemCommand({
        TableName,
        Item: { ...KEY, document, other: { N: '1' } },
        ConditionExpression: condition,
        ExpressionAttributeNames: { '#d': 'document', '#o': 'other' },
        ExpressionAttributeValues: { ':d': expected, ':o': { N: '1' } },
      }),
    );
  await putIf(document);
  await putIf(document, '(#d = :d) AND #o = :o');
  const [a, map, set, nothing] = document.L as [AttributeValue, AttributeValue, AttributeValue, AttributeValue];
  for (const other of [
    { L: [map, a, set, nothing] },
    { L: [a, map, set] },
    { L: [a, { M: { name: { S: 'y' }, 'odd name': { L: [] } } }, set, nothing] },
    { L: [a, { M: { name: { S: 'x' } } }, set, nothing] },
    { M: {} },
  ] as AttributeValue[]) {
    await assert.rejects(putIf(other), { name: 'ConditionalCheckFailedException' }, JSON.stringify(other));
    await putIf(other, 'NOT #d = :d AND #o = :o');
  }
});
