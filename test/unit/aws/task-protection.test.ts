import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createTaskProtection } from '../../../service/aws/task-protection.ts';
import { createTestLogger } from '../../support/logger.ts';
import { startServer } from '../../support/server.ts';

const MINUTE_MS = 60_000;

/** The ECS agent of a task: `answers` are given in turn, then success. */
async function setUp(t: TestContext, ...answers: (readonly [status: number, body: unknown])[]) {
  const { url, received } = await startServer(t, (_request, response, nth) => {
    const [status, body] = answers[nth - 1] ?? [200, { protection: { ProtectionEnabled: true } }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const now = { ms: Date.UTC(2026, 0, 31) };
  const { logger, lines } = createTestLogger();
  const protection = createTaskProtection({ agentUri: `${url}/api/task1`, logger, nowMs: () => now.ms, fetch });
  const puts = () => received.map(({ body }) => JSON.parse(body.toString()));
  return { protection, now, received, puts, lines };
}

const ON = { ProtectionEnabled: true, ExpiresInMinutes: 30 };
const OFF = { ProtectionEnabled: false };

test('a task that gets work asks its agent for half an hour of protection', async (t) => {
  const { protection, received, puts } = await setUp(t);
  await protection.update(true);
  assert.deepEqual(puts(), [ON]);
  const [request] = received;
  assert.deepEqual(
    [request?.method, request?.path, request?.headers['content-type']],
    ['PUT', '/api/task1/task-protection/v1/state', 'application/json'],
  );
});

test('a task that has no work asks for nothing', async (t) => {
  const { protection, puts } = await setUp(t);
  await protection.update(false);
  assert.deepEqual(puts(), []);
});

test('protection is renewed once less than ten minutes of it are left, while work goes on', async (t) => {
  const { protection, now, puts } = await setUp(t);
  await protection.update(true);
  now.ms += 20 * MINUTE_MS;
  await protection.update(true);
  assert.equal(puts().length, 1);
  now.ms += 1;
  await protection.update(true);
  assert.deepEqual(puts(), [ON, ON]);
});

test('protection is given up after more than a minute without work, once', async (t) => {
  const { protection, now, puts } = await setUp(t);
  await protection.update(true);
  now.ms += MINUTE_MS;
  await protection.update(false);
  assert.equal(puts().length, 1, 'objects come and go by the second');
  now.ms += 1;
  await protection.update(false);
  await protection.update(false);
  assert.deepEqual(puts(), [ON, OFF]);
});

test('work that comes back within the minute keeps the protection', async (t) => {
  const { protection, now, puts } = await setUp(t);
  for (let n = 0; n < 5; n++) {
    await protection.update(true);
    now.ms += 50_000;
    await protection.update(false);
  }
  assert.deepEqual(puts(), [ON]);
});

test('protection that ran out by itself is not given up again', async (t) => {
  const { protection, now, puts } = await setUp(t);
  await protection.update(true);
  now.ms += 30 * MINUTE_MS;
  await protection.update(false);
  assert.deepEqual(puts(), [ON]);
});

test('an agent that refuses is asked again after half a minute, and a line says so', async (t) => {
  const { protection, now, puts, lines } = await setUp(t, [500, { error: { Code: 'ServerException' } }]);
  await protection.update(true);
  assert.deepEqual(
    lines.map(({ msg, error }) => [msg, error]),
    [['scale-in protection of the task could not be changed; trying again', 'the ECS agent answered 500']],
  );
  now.ms += 29_999;
  await protection.update(true);
  assert.equal(puts().length, 1);
  now.ms += 1;
  await protection.update(true);
  await protection.update(true);
  assert.deepEqual(puts(), [ON, ON]);
});

test('an agent that is not there costs a line and nothing else', async () => {
  const { logger, lines } = createTestLogger();
  // Port 9 (discard) of the loopback: nobody listens.
  const protection = createTaskProtection({ agentUri: 'http://127.0.0.1:9', logger, nowMs: () => 0, fetch });
  await protection.update(true);
  assert.equal(lines.length, 1);
});

test('an agent that answers 200 and names a failure has not protected the task', async (t) => {
  const failure = { Arn: 'arn:aws:ecs:us-east-1:111122223333:task/logs/1', Reason: 'TASK_NOT_VALID' };
  const { protection, now, puts, lines } = await setUp(t, [200, { failure }]);
  await protection.update(true);
  assert.equal(lines[0]?.error, 'the ECS agent answered 200 with the failure TASK_NOT_VALID');
  now.ms += 30_000;
  await protection.update(true);
  assert.deepEqual(puts(), [ON, ON]);
});

test('looks at the work that overlap a slow answer ask once', async (t) => {
  const gate = Promise.withResolvers<void>();
  const { url, received } = await startServer(t, async (_request, response) => {
    await gate.promise;
    response.end('{}');
  });
  const { logger } = createTestLogger();
  const protection = createTaskProtection({ agentUri: url, logger, nowMs: () => 0, fetch });
  const looks = [protection.update(true), protection.update(true), protection.update(true)];
  gate.resolve();
  await Promise.all(looks);
  assert.equal(received.length, 1);
});
