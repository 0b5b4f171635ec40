import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogsSessionFactory } from '../../../service/aws/clients.ts';
import { createLogWriter, type LogWriter } from '../../../service/aws/log-writer.ts';
import { createRoleSessions } from '../../../service/aws/roles.ts';
import { DistributorError, type ErrorCode } from '../../../service/base/errors.ts';
import { createMetrics } from '../../../service/base/metrics.ts';
import type { Delivery } from '../../../service/core/delivery.ts';
import { type ChunkPlan, planChunk } from '../../../service/core/plan.ts';
import { createCloudWatch } from '../../../service/delivery/cloudwatch.ts';
import type { ObjectTask, StopSignals } from '../../../service/delivery/destination.ts';
import { awsError } from '../../support/aws-error.ts';
import { buildChunk } from '../../support/chunk.ts';
import { buildDelivery, cloudWatchOf } from '../../support/delivery.ts';
import { type LogsFault, startLogs } from '../../support/logs-server.ts';
import { createFreePace } from '../../support/pace.ts';
import { createTestPutEvents } from '../../support/put-events.ts';
import { createFakeSts } from '../../support/sts.ts';
import { until } from '../../support/until.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const NEVER: StopSignals = { drain: new AbortController().signal, abort: new AbortController().signal };
const KEY_FIELDS = { tenant_id: 'acme', cluster_id: 'c1', environment: 'prod', other: 'x' };
const TASK: ObjectTask = {
  ref: { bucket: 'central', key: 'k', version: 'e', versionId: undefined, size: 1, createdMs: NOON_MS },
  keyFields: KEY_FIELDS,
};
const GROUP = '/tenant-logs/acme';
const ALL_ACCEPTED = { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: 2 };

interface Options {
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly writer?: (real: LogWriter) => LogWriter;
}

/** The destination over real clients and a CloudWatch Logs of this test. */
async function setUp(t: TestContext, { attributes = {}, writer = (real) => real }: Options = {}) {
  const logs = await startLogs(t);
  const sts = createFakeSts(Date.now);
  const metrics = createMetrics();
  const createSession = createLogsSessionFactory(logs.place);
  const clients: string[] = [];
  const pace = createFreePace();
  const openCloudWatch = createCloudWatch({
    sessions: createRoleSessions({
      sts: sts.sts,
      nowMs: () => performance.now(),
      wallMs: Date.now,
      onAssume: () => {},
    }),
    writer: writer(createLogWriter({ putEvents: createTestPutEvents(), onCreate: () => {} })),
    createSession: (region, credentials) => {
      clients.push(`${region} ${credentials.accessKeyId}`);
      return createSession(region, credentials);
    },
    pace,
    metrics,
    // The shortest wait each time.
    random: () => 0,
    nowMs: () => performance.now(),
  });
  const open = (delivery: Delivery) => openCloudWatch({ delivery, target: cloudWatchOf(delivery), task: TASK });
  const delivery = buildDelivery({ log_stream_name: 's', external_id: 'acme-1', ...attributes });
  const plan = (...messages: string[]): ChunkPlan =>
    planChunk(buildChunk(messages.map((message, at) => ({ message, timeMs: NOON_MS + at }))), {
      delivery,
      keyFields: KEY_FIELDS,
      lastModifiedMs: NOON_MS,
      eventBytesMax: 1_000_000,
    });
  const destination = open(delivery);
  const send = (planned = plan('one', 'two'), signals = NEVER) => {
    const [batch] = planned.batches;
    assert.ok(batch);
    return destination.send(planned, batch, signals);
  };
  const exists = (...names: string[]) => {
    logs.account('acme').set(GROUP, { retentionDays: undefined, streams: new Map(names.map((name) => [name, []])) });
  };
  const puts = () => logs.calls.filter((call) => call.startsWith('PutLogEvents')).length;
  const stored = (account = 'acme', stream = 's') => logs.events(account, GROUP, stream).map(({ message }) => message);
  return { logs, sts, metrics, clients, pace, open, plan, send, exists, puts, stored };
}

/** A counter's values by its labels, in the order of their first increment. */
const counted = async (counter: { get(): Promise<{ values: { labels: object; value: number }[] }> }) =>
  (await counter.get()).values.map(({ labels, value }) => [...Object.values(labels), value]);

test('a batch goes to the stream with its times, by the role of the tenant', async (t) => {
  const { logs, sts, send, exists, metrics, plan } = await setUp(t);
  exists('s');
  assert.deepEqual(await send(plan('one', 'two')), ALL_ACCEPTED);
  assert.deepEqual(logs.events('acme', GROUP, 's'), [
    { timestamp: NOON_MS, message: 'one' },
    { timestamp: NOON_MS + 1, message: 'two' },
  ]);
  const [call] = sts.calls;
  assert.deepEqual([call?.RoleArn, call?.ExternalId], ['arn:aws:iam::111122223333:role/logs', 'acme-1']);
  assert.deepEqual(call?.Tags, [
    { Key: 'tenant_id', Value: 'acme' },
    { Key: 'cluster_id', Value: 'c1' },
    { Key: 'environment', Value: 'prod' },
  ]);
  assert.deepEqual(await counted(metrics.puts), [['accepted', 1]]);
  assert.deepEqual(await counted(metrics.putBytes), [[3 + 3 + 2 * 26]]);
});

test('the session and its client are kept; another region has a client of its own', async (t) => {
  const { clients, send, open, plan, logs, exists } = await setUp(t);
  exists('s');
  await send();
  await send();
  const elsewhere = open(buildDelivery({ log_stream_name: 's', external_id: 'acme-1', target_region: 'eu-west-1' }));
  const planned = plan('x');
  const [batch] = planned.batches;
  assert.ok(batch);
  await elsewhere.send(planned, batch, NEVER);
  assert.deepEqual(clients, ['us-east-1 acme_1', 'eu-west-1 acme_1']);
  assert.match(String(logs.received.at(-1)?.headers.authorization), /\/eu-west-1\/logs\//);
});

test('nothing is looked for: a put comes first, and what it finds missing is created with its retention', async (t) => {
  const { logs, send, stored } = await setUp(t, { attributes: { retention_days: 14 } });
  await send();
  await send();
  assert.deepEqual(logs.calls, [
    `PutLogEvents ${GROUP} s`,
    `CreateLogStream ${GROUP} s`,
    `CreateLogGroup ${GROUP}`,
    `PutRetentionPolicy ${GROUP}`,
    `CreateLogStream ${GROUP} s`,
    `PutLogEvents ${GROUP} s`,
    `PutLogEvents ${GROUP} s`,
  ]);
  assert.equal(logs.account('acme').get(GROUP)?.retentionDays, 14);
  assert.deepEqual(stored(), ['one', 'two', 'one', 'two']);
});

test('what the service refused of a batch comes back as ranges', async (t) => {
  const { logs, send, exists } = await setUp(t);
  exists('s');
  logs.rejections.push({ tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 2, tooNewLogEventStartIndex: 1 });
  assert.deepEqual(await send(), { tooOldBefore: 1, expiredBefore: 2, tooNewFrom: 1 });
  logs.rejections.push({ expiredLogEventEndIndex: 1 });
  assert.deepEqual(await send(), { tooOldBefore: 0, expiredBefore: 1, tooNewFrom: 2 });
});

test('throttling and passing trouble are sat out, counted by kind, and throttling told to the pace', async (t) => {
  const { logs, send, exists, puts, stored, metrics, pace } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push(
    { error: 'ThrottlingException' },
    { error: 'ServiceUnavailableException', status: 503 },
    { reset: true },
  );
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.equal(puts(), 4);
  assert.deepEqual(stored(), ['one', 'two']);
  assert.deepEqual(await counted(metrics.puts), [
    ['throttle', 1],
    ['transient', 2],
    ['accepted', 1],
  ]);
  assert.deepEqual(await counted(metrics.retries), [
    ['logs', 'throttle', 1],
    ['logs', 'transient', 2],
  ]);
  assert.deepEqual(await counted(metrics.throttles), [['logs', 1]]);
  assert.deepEqual(pace.throttles, ['logs/111122223333/us-east-1']);
  assert.deepEqual(await counted(metrics.ambiguousPuts), [[2]]);
});

test('a put whose answer is lost may have stored its events: the one way to a duplicate without a crash, and counted', async (t) => {
  const { logs, send, exists, stored, metrics } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push({ reset: true, stored: true });
  await send();
  assert.deepEqual(stored(), ['one', 'two', 'one', 'two']);
  assert.deepEqual(await counted(metrics.ambiguousPuts), [[1]]);
});

test('an answer of the time of sequence tokens, that the events are there, is a success', async (t) => {
  const { logs, send, exists, puts } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push({ error: 'DataAlreadyAcceptedException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.equal(puts(), 1);
});

test('puts at the same time do not mix their bodies', async (t) => {
  const { send, exists, plan, stored, logs } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push({ error: 'ThrottlingException' }, { reset: true }, { error: 'ThrottlingException' });
  const messages = Array.from({ length: 24 }, (_, at) => `${at} ${'x'.repeat(at * 500)}`);
  await Promise.all(messages.map((message) => send(plan(message))));
  await Promise.all(messages.map((message) => send(plan(message))));
  assert.deepEqual(stored().sort(), [...messages, ...messages].sort());
});

const FINAL: readonly (readonly [fault: LogsFault, code: ErrorCode, puts: number, message: RegExp])[] = [
  [
    { error: 'AccessDeniedException' },
    'destination-refused',
    1,
    /may not write \(AccessDeniedException\): it needs logs:PutLogEvents/,
  ],
  [{ error: 'InvalidParameterException' }, 'destination-rejects-request', 1, /calls the request invalid \(InvalidPar/],
  [
    { error: 'SomethingNew', status: 400 },
    'destination-rejects-request',
    1,
    /calls the request invalid \(SomethingNew\)/,
  ],
  [{ error: 'ThrottlingException' }, 'destination-throttled', 12, /still throttles after 12 attempts/],
  [{ error: 'ServiceUnavailableException', status: 503 }, 'destination-unavailable', 12, /does not answer \(ServiceUn/],
  [{ error: 'ExpiredTokenException' }, 'destination-unavailable', 3, /fresh credentials are refused \(ExpiredTokenEx/],
];

for (const [fault, code, puts, message] of FINAL) {
  test(`${Object.values(fault)[0]} for good is ${code} after ${puts} puts, and names tenant, group and region`, async (t) => {
    const setup = await setUp(t);
    setup.exists('s');
    setup.logs.faults.PutLogEvents.push(...Array(20).fill(fault));
    await assert.rejects(setup.send(), (error) => {
      assert.ok(error instanceof DistributorError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`tenant acme, log group ${GROUP} in us-east-1: `), error.message);
      return true;
    });
    assert.equal(setup.puts(), puts);
  });
}

test('credentials that the service calls expired are replaced, and the put goes on with fresh ones', async (t) => {
  const { logs, send, exists, stored, clients, sts } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push({ error: 'ExpiredTokenException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(clients, ['us-east-1 acme_1', 'us-east-1 acme_2']);
  assert.equal(sts.calls.length, 2);
  assert.deepEqual(stored(), ['one', 'two']);
});

test('a role that cannot be assumed is told as what it is, and nothing is put', async (t) => {
  const { logs, send, sts } = await setUp(t);
  sts.failures.push(awsError('AccessDenied', 403));
  await assert.rejects(send(), { code: 'role-refused' });
  assert.deepEqual(logs.calls, []);
});

test('a group that may not be created is destination-refused', async (t) => {
  const { logs, send } = await setUp(t);
  logs.faults.CreateLogGroup.push({ error: 'AccessDeniedException' });
  await assert.rejects(send(), { code: 'destination-refused', message: /may not write \(AccessDeniedException\)/ });
  logs.faults.CreateLogGroup.push({ error: 'LimitExceededException' });
  await assert.rejects(send(), { code: 'destination-refused', message: /LimitExceededException/ });
  logs.faults.CreateLogStream.push({ error: 'InvalidParameterException' });
  await assert.rejects(send(), { code: 'destination-rejects-request' });
});

test('a stream that is missing again right after its creation is tried a few times, then told', async (t) => {
  const { logs, send, exists, puts, stored } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push(...Array(2).fill({ error: 'ResourceNotFoundException' }));
  await send();
  assert.deepEqual([puts(), stored()], [3, ['one', 'two']]);
  logs.faults.PutLogEvents.push(...Array(20).fill({ error: 'ResourceNotFoundException' }));
  await assert.rejects(send(), { code: 'destination-refused', message: /missing again right after its creation/ });
  assert.equal(puts(), 3 + 4);
});

test('a creation that is throttled is sat out like a put, however often the put finds the stream missing meanwhile', async (t) => {
  const { logs, send, stored, metrics } = await setUp(t);
  logs.faults.CreateLogStream.push(...Array(5).fill({ error: 'ThrottlingException' }));
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(stored(), ['one', 'two']);
  assert.deepEqual(await counted(metrics.retries), [['logs', 'throttle', 5]]);
  assert.deepEqual(await counted(metrics.throttles), [['logs', 5]]);
});

test('a creation that is throttled for good is destination-throttled, not a stream that vanishes', async (t) => {
  const { logs, send, puts } = await setUp(t);
  logs.faults.CreateLogStream.push(...Array(20).fill({ error: 'ThrottlingException' }));
  await assert.rejects(send(), { code: 'destination-throttled' });
  assert.equal(puts(), 12);
});

test('credentials that expire between a put and a creation are replaced', async (t) => {
  const { logs, send, clients, stored } = await setUp(t);
  logs.faults.CreateLogStream.push({ error: 'ExpiredTokenException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(clients, ['us-east-1 acme_1', 'us-east-1 acme_2']);
  assert.deepEqual(stored(), ['one', 'two']);
});

test('a stop does not wait for STS', async (t) => {
  const { sts, send, plan, logs } = await setUp(t);
  sts.hold();
  const drain = new AbortController();
  const abort = new AbortController();
  const drained = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  const aborted = send(plan('x'), { drain: NEVER.drain, abort: abort.signal });
  const reason = new DistributorError('lease-lost', 'gone');
  drain.abort();
  abort.abort(reason);
  await assert.rejects(drained, { code: 'stopping' });
  await assert.rejects(aborted, reason);
  sts.letGo();
  assert.deepEqual(logs.calls, []);
});

test('a stop does not wait for a creation, which goes on for the others that share it', async (t) => {
  const { send, plan, logs, stored } = await setUp(t);
  const gate = Promise.withResolvers<void>();
  logs.faults.CreateLogStream.push({ wait: gate.promise });
  const drain = new AbortController();
  const drained = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  const staying = send(plan('y'));
  await until(() => logs.calls.length === 3);
  drain.abort();
  await assert.rejects(drained, { code: 'stopping' });
  gate.resolve();
  await staying;
  assert.deepEqual(stored(), ['y']);
});

// Without the stop, the client's own timeout of 30 s would end the wait, and hide it.
test('a drain that comes while a put finds its stream missing begins no wait for the creation', {
  timeout: 15_000,
}, async (t) => {
  const { send, plan, logs } = await setUp(t);
  const put = Promise.withResolvers<void>();
  logs.faults.PutLogEvents.push({ wait: put.promise });
  logs.faults.CreateLogStream.push({ silent: true });
  const drain = new AbortController();
  const sending = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  sending.catch(() => {});
  await until(() => logs.calls.length === 1);
  drain.abort();
  put.resolve();
  await assert.rejects(sending, { code: 'stopping' });
});

test('a drain ends the wait for the next attempt at once', async (t) => {
  const { logs, send, exists, plan, puts } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push(...Array(20).fill({ error: 'InternalFailure', status: 500 }));
  const drain = new AbortController();
  const sending = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  sending.catch(() => {});
  await until(() => puts() >= 1);
  drain.abort();
  await assert.rejects(sending, { code: 'stopping' });
  assert.ok(puts() < 12, 'not when all attempts are used up');
});

test('a drain does not break a put that is under way', async (t) => {
  const { logs, send, exists, plan, stored } = await setUp(t);
  exists('s');
  const gate = Promise.withResolvers<void>();
  logs.faults.PutLogEvents.push({ wait: gate.promise });
  const drain = new AbortController();
  const sending = send(plan('x', 'y'), { drain: drain.signal, abort: NEVER.abort });
  await until(() => logs.calls.length === 1);
  drain.abort();
  gate.resolve();
  assert.deepEqual(await sending, ALL_ACCEPTED);
  assert.deepEqual(stored(), ['x', 'y']);
});

test('an abort breaks a put that is under way, with its reason', async (t) => {
  const { logs, send, exists, plan } = await setUp(t);
  exists('s');
  logs.faults.PutLogEvents.push({ silent: true });
  const abort = new AbortController();
  const sending = send(plan('x'), { drain: NEVER.drain, abort: abort.signal });
  sending.catch(() => {});
  await until(() => logs.calls.length === 1);
  const reason = new DistributorError('lease-lost', 'gone');
  abort.abort(reason);
  await assert.rejects(sending, reason);
  assert.equal(logs.calls.length, 1);
});

test('the memory of a body is used again after a success, and left alone after a failure', async (t) => {
  const memories: ArrayBufferLike[] = [];
  const { logs, send, exists } = await setUp(t, {
    writer: (real) => ({
      create: real.create,
      put: (client, body, signal) => {
        memories.push(body.buffer);
        return real.put(client, body, signal);
      },
    }),
  });
  exists('s');
  await send();
  await send();
  assert.equal(memories[0], memories[1]);
  logs.faults.PutLogEvents.push({ error: 'AccessDeniedException' });
  await assert.rejects(send());
  await send();
  assert.notEqual(memories[3], memories[2], 'a dying socket may still hold it');
});
