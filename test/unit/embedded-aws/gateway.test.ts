import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { ObservedCall } from '../../../embedded-aws/observer.ts';
import { observeAnswers } from '../../../service/aws/sdk/dynamo.ts';
import { createTableClock } from '../../../service/ledger/table-clock.ts';
import { awsError, type Clients, openCloud } from '../../support/cloud.ts';
import { until } from '../../support/until.ts';

let world: Awaited<ReturnType<typeof openCloud>>;
let tenant: Clients;
before(async () => {
  world = await openCloud();
  tenant = world.as('111111111111');
  await tenant.logs.send(new CreateLogGroupCommand({ logGroupName: '/g' }));
  await tenant.logs.send(new CreateLogStreamCommand({ logGroupName: '/g', logStreamName: 's' }));
  await tenant.s3.send(new CreateBucketCommand({ Bucket: 'faulty' }));
  await tenant.s3.send(new PutObjectCommand({ Bucket: 'faulty', Key: 'k', Body: Buffer.alloc(100_000, 'x') }));
});
beforeEach(() => {
  world.cloud.faults.clear();
  world.cloud.calls.reset();
});
after(() => world.close());

const put = (message: string, clients = tenant) =>
  clients.logs.send(
    new PutLogEventsCommand({
      logGroupName: '/g',
      logStreamName: 's',
      logEvents: [{ timestamp: Date.now(), message }],
    }),
  );
const stored = (message: string) => [...world.cloud.logs.read()].filter((event) => event.message === message).length;
const outcomes = () =>
  world.cloud.calls
    .list()
    .map(({ service, action, account, outcome, count }) => [service, action, account, outcome, count]);

test('calls are counted by service, action, account and outcome', async () => {
  await put('counted');
  await put('counted');
  await assert.rejects(put('x', world.as('222222222222')), awsError('ResourceNotFoundException'));
  assert.deepEqual(outcomes(), [
    ['logs', 'PutLogEvents', '111111111111', 'ok', 2],
    ['logs', 'PutLogEvents', '222222222222', 'ResourceNotFoundException', 1],
  ]);
  const { calls } = world.cloud;
  assert.deepEqual(
    [calls.count(), calls.count({ account: '111111111111' }), calls.count({ action: 'DescribeLogGroups' })],
    [3, 2, 0],
  );
});

test('throttling has the name that each service gives it', async () => {
  world.cloud.faults.add({ effect: { kind: 'throttle' } });
  await assert.rejects(put('x'), awsError('ThrottlingException', { status: 400 }));
  await assert.rejects(
    tenant.s3.send(new GetObjectCommand({ Bucket: 'faulty', Key: 'k' })),
    awsError('SlowDown', { status: 503 }),
  );
  await assert.rejects(tenant.sts.send(new GetCallerIdentityCommand({})), awsError('Throttling', { status: 400 }));
  await assert.rejects(tenant.sqs.send(new ListQueuesCommand({})), awsError('RequestThrottled', { status: 403 }));
  await assert.rejects(tenant.dynamo.send(new ListTablesCommand({})), awsError('ThrottlingException'));
});

test('an error is any that a test wants, and the call is not executed', async () => {
  const fault = world.cloud.faults.add({
    service: 'logs',
    effect: { kind: 'error', code: 'ServiceUnavailableException', status: 503, message: 'Come back later.' },
  });
  await assert.rejects(
    put('refused'),
    awsError('ServiceUnavailableException', { status: 503, message: 'Come back later.' }),
  );
  assert.deepEqual([stored('refused'), fault.struck], [0, 1]);
});

test('a lost answer is an error after the call was executed', async () => {
  world.cloud.faults.add({ count: 1, effect: { kind: 'lose-answer' } });
  await assert.rejects(put('lost'), awsError('InternalFailure', { status: 500 }));
  assert.equal(stored('lost'), 1);
  assert.deepEqual(outcomes(), [['logs', 'PutLogEvents', '111111111111', 'fault:lost', 1]]);
});

test('a connection is reset before or after the call is executed', async () => {
  world.cloud.faults.add({ nth: 1, effect: { kind: 'reset', when: 'before' } });
  world.cloud.faults.add({ nth: 2, effect: { kind: 'reset', when: 'after' } });
  await assert.rejects(put('before'), { code: 'ECONNRESET' });
  await assert.rejects(put('after'), { code: 'ECONNRESET' });
  assert.deepEqual([stored('before'), stored('after')], [0, 1]);
  await put('next');
});

test('an observer sees each call when it was executed, and when all of its answer is on its way', async (t) => {
  const seen: string[] = [];
  const note = (what: string) => (call: ObservedCall, status: number) =>
    seen.push(`${what} ${call.service} ${call.action} of ${call.account}: ${status}`);
  const other = await openCloud({ observer: { executed: note('executed'), answered: note('answered') } });
  t.after(() => other.close());
  const { logs } = other.as('111111111111');
  const create = (logGroupName: string) => logs.send(new CreateLogGroupCommand({ logGroupName }));
  other.cloud.faults.add({ nth: 2, effect: { kind: 'throttle' } });
  other.cloud.faults.add({ nth: 3, effect: { kind: 'lose-answer' } });
  other.cloud.faults.add({ nth: 4, effect: { kind: 'reset', when: 'after' } });
  await create('/1');
  await assert.rejects(create('/2'));
  await assert.rejects(create('/3'));
  await assert.rejects(create('/4'));
  const call = 'logs CreateLogGroup of 111111111111';
  assert.deepEqual(seen, [
    `executed ${call}: 200`,
    `answered ${call}: 200`,
    `answered ${call}: 400`,
    `executed ${call}: 200`,
    `answered ${call}: 500`,
    `executed ${call}: 200`,
  ]);
});

test('a half-open call can have been executed', async (t) => {
  const other = await openCloud();
  t.after(() => other.close());
  const { logs } = other.as('111111111111');
  other.cloud.faults.add({ action: 'CreateLogGroup', effect: { kind: 'half-open', when: 'after' } });
  const abort = new AbortController();
  const call = logs.send(new CreateLogGroupCommand({ logGroupName: '/g' }), { abortSignal: abort.signal });
  const ended = assert.rejects(call, { name: 'AbortError' });
  await until(async () => (await logs.send(new DescribeLogGroupsCommand({}))).logGroups?.length === 1);
  abort.abort();
  await ended;
});

test('a half-open call is taken and never answered, until the cloud closes', async () => {
  const other = await openCloud();
  const fault = other.cloud.faults.add({ effect: { kind: 'half-open' } });
  const call = other.as('111111111111').logs.send(new DescribeLogGroupsCommand({}));
  let settled = false;
  const ended = assert.rejects(call).then(() => {
    settled = true;
  });
  while (fault.struck === 0) await new Promise((resolve) => setImmediate(resolve));
  // Another call that comes and goes: the first is still waiting.
  await fetch(`${other.cloud.url}/_cloud/health`);
  assert.equal(settled, false);
  await other.close();
  await ended;
});

test('a body comes slowly, but whole', async () => {
  world.cloud.faults.add({ effect: { kind: 'slow-body', bytesPerSecond: 1_000_000 } });
  const { Body } = await tenant.s3.send(new GetObjectCommand({ Bucket: 'faulty', Key: 'k' }));
  const pieces: Uint8Array[] = [];
  for await (const piece of Body as AsyncIterable<Uint8Array>) pieces.push(piece);
  assert.ok(pieces.length >= 2, 'it came in one piece');
  assert.equal(Buffer.concat(pieces).length, 100_000);
});

test('a truncated body ends before its announced length', async () => {
  world.cloud.faults.add({ effect: { kind: 'truncate-body', bytes: 60_000 } });
  const { Body, ContentLength } = await tenant.s3.send(new GetObjectCommand({ Bucket: 'faulty', Key: 'k' }));
  assert.equal(ContentLength, 100_000);
  let length = 0;
  await assert.rejects(async () => {
    for await (const piece of Body as AsyncIterable<Uint8Array>) length += piece.length;
  });
  assert.equal(length, 60_000);
});

test('credentials count as expired where a rule says so', async () => {
  world.cloud.faults.add({ account: '111111111111', effect: { kind: 'expired-token' } });
  await assert.rejects(put('x'), awsError('ExpiredTokenException', { status: 400 }));
  await world.as('222222222222').logs.send(new DescribeLogGroupsCommand({}));
});

test("a rule sets a service's clock, which its Date tells", async () => {
  world.cloud.faults.add({ service: 'dynamodb', effect: { kind: 'clock', offsetMs: 120_000 } });
  const { dynamo } = tenant;
  const clock = createTableClock({ monotonicMs: () => performance.now(), steadyMs: () => 0 });
  observeAnswers(dynamo, clock.observe);
  await dynamo.send(new ListTablesCommand({}));
  assert.ok(Math.abs(clock.nowMs() - (Date.now() + 120_000)) < 60_000, `${clock.nowMs()}`);
  world.cloud.faults.clear();
  world.cloud.faults.add({ service: 'dynamodb', effect: { kind: 'clock', offsetMs: -600_000 } });
  await assert.rejects(
    world.as('111111111111').dynamo.send(new ListTablesCommand({})),
    awsError('InvalidSignatureException'),
  );
});

test('latency is added up, and other calls do not wait', async () => {
  world.cloud.faults.add({ account: '111111111111', effect: { kind: 'latency', ms: 30 } });
  world.cloud.faults.add({ account: '111111111111', effect: { kind: 'latency', ms: 30, jitterMs: 5 } });
  const order: string[] = [];
  await Promise.all([
    put('slow').then(() => order.push('slow')),
    world
      .as('222222222222')
      .logs.send(new DescribeLogGroupsCommand({}))
      .then(() => order.push('quick')),
  ]);
  assert.deepEqual(order, ['quick', 'slow']);
});

test('a service that is not emulated is refused by name', async () => {
  const answer = await fetch(world.cloud.url, {
    method: 'POST',
    headers: {
      'x-amz-target': 'Kinesis_20131202.PutRecord',
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: '{}',
  });
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /no service kinesis/);
});

test('an action that does not exist is refused in the protocol of its service', async () => {
  const answer = await fetch(world.cloud.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'Logs_20140328.Explode', 'content-type': 'application/x-amz-json-1.1' },
    body: '{}',
  });
  const body: { __type?: string } = JSON.parse(await answer.text());
  assert.deepEqual([answer.status, body.__type], [400, 'UnknownOperationException']);
});

test('a client that hangs up in the middle of its request leaves no trace', async () => {
  const socket = connect(world.cloud.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf');
  socket.destroy();
  await once(socket, 'close');
  await put('still there');
  assert.deepEqual(outcomes(), [['logs', 'PutLogEvents', '111111111111', 'ok', 1]]);
  assert.deepEqual(world.problems, []);
});

test('closing twice is closing once', async () => {
  const other = await openCloud();
  await Promise.all([other.cloud.close(), other.cloud.close()]);
  await assert.rejects(fetch(`${other.cloud.url}/_cloud/health`));
});
