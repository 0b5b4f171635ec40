import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError, type ErrorCode } from '../../../../service/base/errors.ts';
import { awsError } from '../../../support/aws-error.ts';
import { ALL_ACCEPTED, counted, GROUP, setUpCloudWatch } from '../../../support/cloudwatch-scene.ts';
import type { LogsFault } from '../../../support/logs-server.ts';

test('throttling and passing trouble are sat out, counted by kind, and the rate limiter learns of throttling', async (t) => {
  const { logs, send, exists, puts, stored, metrics, rateLimiter } = await setUpCloudWatch(t);
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
  assert.deepEqual(rateLimiter.throttles, ['logs/111122223333/us-east-1']);
  assert.deepEqual(await counted(metrics.ambiguousPuts), [[2]]);
});

test('a put whose answer is lost may have stored its events: the one way to a duplicate without a crash, and counted', async (t) => {
  const { logs, send, exists, stored, metrics } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push({ reset: true, stored: true });
  await send();
  assert.deepEqual(stored(), ['one', 'two', 'one', 'two']);
  assert.deepEqual(await counted(metrics.ambiguousPuts), [[1]]);
});

test('an answer of the time of sequence tokens, that the events are there, is a success', async (t) => {
  const { logs, send, exists, puts } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push({ error: 'DataAlreadyAcceptedException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.equal(puts(), 1);
});

const FINAL: readonly (readonly [fault: LogsFault, code: ErrorCode, puts: number, message: RegExp])[] = [
  [
    { error: 'AccessDeniedException' },
    'destination-refused',
    1,
    /refuses the call\. The tenant's role needs logs:PutLogEvents.* AWS: AccessDeniedException/,
  ],
  [
    { error: 'InvalidParameterException' },
    'destination-rejects-request',
    1,
    /rejected the request as invalid\. AWS: InvalidPar/,
  ],
  [
    { error: 'SomethingNew', status: 400 },
    'destination-rejects-request',
    1,
    /rejected the request as invalid\. AWS: SomethingNew/,
  ],
  [{ error: 'ThrottlingException' }, 'destination-throttled', 12, /still throttles after 12 attempts/],
  [
    { error: 'ServiceUnavailableException', status: 503 },
    'destination-unavailable',
    12,
    /has trouble\. AWS: ServiceUn/,
  ],
  [{ error: 'ExpiredTokenException' }, 'destination-unavailable', 3, /refuses fresh credentials\. AWS: ExpiredTokenEx/],
];

for (const [fault, code, puts, message] of FINAL) {
  test(`${Object.values(fault)[0]} for good is ${code} after ${puts} puts, and names tenant, group and region`, async (t) => {
    const setup = await setUpCloudWatch(t);
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
  const { logs, send, exists, stored, clients, sts } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push({ error: 'ExpiredTokenException' });
  assert.deepEqual(await send(), ALL_ACCEPTED);
  assert.deepEqual(clients, ['us-east-1 acme_1', 'us-east-1 acme_2']);
  assert.equal(sts.calls.length, 2);
  assert.deepEqual(stored(), ['one', 'two']);
});

test('a role that cannot be assumed is told as what it is, and nothing is put', async (t) => {
  const { logs, send, sts } = await setUpCloudWatch(t);
  sts.failures.push(awsError('AccessDenied', 403));
  await assert.rejects(send(), { code: 'role-refused' });
  assert.deepEqual(logs.calls, []);
});
