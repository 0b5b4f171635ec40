import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogWriter } from '../../../service/aws/log-writer.ts';
import type { LogsSession } from '../../../service/aws/logs-session.ts';
import { createLogsSessions } from '../../../service/aws/logs-session.ts';
import { startLogs } from '../../support/logs-server.ts';
import { createTestPutEvents } from '../../support/put-events.ts';
import { createTestRetention } from '../../support/retention.ts';
import { until } from '../../support/until.ts';

const never = new AbortController().signal;
const ROUTE = { group: '/acme/api', stream: 'c1-prod' };

const bodyOf = (route: typeof ROUTE, ...messages: string[]) =>
  Buffer.from(
    JSON.stringify({
      logGroupName: route.group,
      logStreamName: route.stream,
      logEvents: messages.map((message, at) => ({ timestamp: 1_000 + at, message })),
    }),
  );

async function setUp(t: TestContext) {
  const logs = await startLogs(t);
  const createSession = createLogsSessions(logs.place);
  const client = (account: string) =>
    createSession('eu-west-1', { accessKeyId: account, secretAccessKey: 'secret', sessionToken: 'token' });
  const created: string[] = [];
  const writer = createLogWriter({
    putEvents: createTestPutEvents(),
    retention: createTestRetention(),
    onCreate: (kind) => created.push(kind),
  });
  const create = (session: LogsSession, retentionDays?: number) =>
    writer.create(
      session,
      {
        tenantId: 'acme',
        accountId: session.credentials.accessKeyId,
        region: session.region,
        group: ROUTE.group,
        retentionDays,
      },
      ROUTE.stream,
    );
  return { logs, client, writer, create, created };
}

test('the ready body is what is sent and signed, byte for byte', async (t) => {
  const { logs, client, writer, create } = await setUp(t);
  const acme = client('acme');
  await create(acme);
  const body = bodyOf(ROUTE, 'one', 'é 🍵 \u2028', 'x'.repeat(100_000));
  // The server recomputes the hash of what arrives and compares it with the signed header.
  const { rejectedLogEventsInfo } = await writer.put(acme, body, never);
  assert.equal(rejectedLogEventsInfo, undefined);
  const request = logs.received.at(-1);
  assert.ok(request);
  assert.ok(request.body.equals(body));
  assert.equal(request.headers['content-type'], 'application/x-amz-json-1.1');
  assert.match(String(request.headers.authorization), /Credential=acme\/\d{8}\/eu-west-1\/logs\/aws4_request/);
  assert.equal(request.headers['x-amz-security-token'], 'token');
  assert.deepEqual(
    logs.events('acme', ROUTE.group, ROUTE.stream).map(({ message }) => message),
    ['one', 'é 🍵 \u2028', 'x'.repeat(100_000)],
  );
});

test('puts at the same time in one session each send their own body', async (t) => {
  const { logs, client, writer, create } = await setUp(t);
  const acme = client('acme');
  await create(acme);
  const messages = Array.from({ length: 20 }, (_, at) => `message ${at}`);
  await Promise.all(messages.map((message) => writer.put(acme, bodyOf(ROUTE, message), never)));
  assert.deepEqual(
    logs
      .events('acme', ROUTE.group, ROUTE.stream)
      .map(({ message }) => message)
      .sort(),
    messages.sort(),
  );
});

test('a put gives back what the service says of refused events', async (t) => {
  const { logs, client, writer, create } = await setUp(t);
  const acme = client('acme');
  await create(acme);
  logs.rejections.push({ tooOldLogEventEndIndex: 2, tooNewLogEventStartIndex: 5 });
  const { rejectedLogEventsInfo } = await writer.put(acme, bodyOf(ROUTE, 'x'), never);
  assert.deepEqual(rejectedLogEventsInfo, { tooOldLogEventEndIndex: 2, tooNewLogEventStartIndex: 5 });
});

test('a put is one call: its trouble is thrown, with its name', async (t) => {
  const { logs, client, writer } = await setUp(t);
  const acme = client('acme');
  await assert.rejects(writer.put(acme, bodyOf(ROUTE, 'x'), never), { name: 'ResourceNotFoundException' });
  logs.faults.PutLogEvents.push({ error: 'ThrottlingException' });
  await assert.rejects(writer.put(acme, bodyOf(ROUTE, 'x'), never), { name: 'ThrottlingException' });
  logs.faults.PutLogEvents.push({ error: 'ServiceUnavailableException', status: 503 });
  await assert.rejects(writer.put(acme, bodyOf(ROUTE, 'x'), never), { name: 'ServiceUnavailableException' });
  assert.equal(logs.calls.length, 3);
});

test('an abort ends a put at once', async (t) => {
  const { logs, client, writer } = await setUp(t);
  logs.faults.PutLogEvents.push({ silent: true });
  const abort = new AbortController();
  const put = writer.put(client('acme'), bodyOf(ROUTE, 'x'), abort.signal);
  put.catch(() => {});
  abort.abort();
  await assert.rejects(put, { name: 'AbortError' });
});

test('where the group is there, only the stream is created', async (t) => {
  const { logs, client, created, create } = await setUp(t);
  logs.account('acme').set(ROUTE.group, { retentionDays: 5, streams: new Map() });
  await create(client('acme'), 30);
  assert.deepEqual(logs.calls, ['CreateLogStream /acme/api c1-prod']);
  assert.deepEqual(created, ['stream']);
  assert.equal(logs.account('acme').get(ROUTE.group)?.retentionDays, 5, "its owner's business");
});

test('a group that is missing is created with its retention, then the stream', async (t) => {
  const { logs, client, created, create } = await setUp(t);
  await create(client('acme'), 30);
  assert.deepEqual(logs.calls, [
    'CreateLogStream /acme/api c1-prod',
    'CreateLogGroup /acme/api',
    'PutRetentionPolicy /acme/api',
    'CreateLogStream /acme/api c1-prod',
  ]);
  assert.deepEqual(created, ['group', 'stream']);
  assert.deepEqual(logs.account('acme').get(ROUTE.group), { retentionDays: 30, streams: new Map([['c1-prod', []]]) });
});

test('without a retention the group keeps for ever, and no call says so', async (t) => {
  const { logs, client, create } = await setUp(t);
  await create(client('acme'));
  assert.deepEqual(
    logs.calls.filter((call) => call.startsWith('PutRetention')),
    [],
  );
});

test('what somebody else created meanwhile is as good as ours', async (t) => {
  const { logs, client, create } = await setUp(t);
  logs.faults.CreateLogGroup.push({ error: 'ResourceAlreadyExistsException' });
  logs.account('acme').set(ROUTE.group, { retentionDays: undefined, streams: new Map([['c1-prod', []]]) });
  logs.faults.CreateLogStream.push({ error: 'ResourceNotFoundException' });
  await create(client('acme'), 30);
  assert.deepEqual(logs.calls, [
    'CreateLogStream /acme/api c1-prod',
    'CreateLogGroup /acme/api',
    'CreateLogStream /acme/api c1-prod',
  ]);
});

test('callers that miss the same route at the same time share one creation', async (t) => {
  const { logs, client, create } = await setUp(t);
  const acme = client('acme');
  await Promise.all([1, 2, 3].map(() => create(acme)));
  assert.equal(logs.calls.length, 3);
  await create(acme);
  assert.equal(logs.calls.length, 4, 'a later one looks again');
});

test('a creation that fails fails for all who share it, and the next one tries again', async (t) => {
  const { logs, client, create } = await setUp(t);
  const acme = client('acme');
  logs.faults.CreateLogStream.push({ error: 'AccessDeniedException' });
  const results = await Promise.allSettled([1, 2].map(() => create(acme)));
  assert.deepEqual(
    results.map((result) => result.status === 'rejected' && result.reason.name),
    ['AccessDeniedException', 'AccessDeniedException'],
  );
  await create(acme);
  assert.ok(logs.account('acme').get(ROUTE.group)?.streams.has(ROUTE.stream));
});

test('accounts do not share a creation, though their groups have one name', async (t) => {
  const { logs, client, create } = await setUp(t);
  const gate = Promise.withResolvers<void>();
  logs.faults.CreateLogStream.push({ wait: gate.promise });
  const slow = create(client('acme'));
  await until(() => logs.calls.length === 1);
  await create(client('globex'));
  assert.ok(logs.account('globex').get(ROUTE.group)?.streams.has(ROUTE.stream));
  assert.equal(logs.account('acme').size, 0);
  gate.resolve();
  await slow;
  assert.ok(logs.account('acme').get(ROUTE.group)?.streams.has(ROUTE.stream));
});

test('a stream that is there already does not count as created', async (t) => {
  const { logs, client, created, create } = await setUp(t);
  logs.account('acme').set(ROUTE.group, { retentionDays: undefined, streams: new Map([[ROUTE.stream, []]]) });
  await create(client('acme'));
  assert.deepEqual(created, []);
});
