import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ErrorCode } from '../../../service/base/errors.ts';
import { createMetrics } from '../../../service/base/metrics.ts';
import { compileKeyTemplate } from '../../../service/core/object-key.ts';
import type { ObjectTask } from '../../../service/delivery/run-delivery.ts';
import { type ProcessDeps, processMessage } from '../../../service/run/process-message.ts';
import type { ObjectReport, ReportLine } from '../../../service/run/report.ts';
import { createScheduler, estimateMemoryBytes } from '../../../service/run/scheduler.ts';
import { createTenantBoard } from '../../../service/run/tenant-board.ts';
import { createTestLogger } from '../../support/logger.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const COUNTS = { read: 5, delivered: 4, filtered: 1, rejected: 0, quarantined: 0 };
const keyOf = (tenant: string) => `logs/tenant_id=${tenant}/cluster_id=c1/environment=prod/x.gz`;

const s3Event = (...keys: string[]) =>
  JSON.stringify({
    Records: keys.map((key) => ({
      eventName: 'ObjectCreated:Put',
      eventTime: '2026-01-31T11:59:00Z',
      s3: { bucket: { name: 'central' }, object: { key, size: 1_000, eTag: 'e1' } },
    })),
  });

const done: ReportLine = { type: 'cloudwatch', kind: 'done', counts: COUNTS, format: 'ndjson' };
const failed = (code: ErrorCode, more: Partial<ReportLine> = {}): ReportLine => ({
  type: 'cloudwatch',
  kind: 'failed',
  code,
  message: `it is ${code}`,
  counts: COUNTS,
  ...more,
});

/** Everything around one message; `reports` says what becomes of each tenant's object. */
function setUp(reports: Readonly<Record<string, readonly ReportLine[]>> = {}) {
  const log: string[] = [];
  const tasks: ObjectTask[] = [];
  const letters: { body: string; attributes: Readonly<Record<string, string>> }[] = [];
  const queue = { error: undefined as Error | undefined };
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const scheduler = createScheduler({ slots: 4, memoryBytes: 1e9 });
  const board = createTenantBoard(() => NOON_MS);
  const crashes: string[] = [];
  const seen = { running: 0, reserved: 0, inFlight: 0, signals: [] as AbortSignal[] };
  const deps: ProcessDeps = {
    keyTemplate: compileKeyTemplate('logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/'),
    scheduler,
    workers: {
      deliver: async (task, signal): Promise<ObjectReport> => {
        tasks.push(task);
        seen.running = scheduler.running;
        seen.reserved = scheduler.reservedBytes;
        seen.inFlight = board.list().reduce((sum, { in_flight }) => sum + in_flight, 0);
        seen.signals.push(signal);
        return { lines: reports[task.keyFields.tenant_id] ?? [done] };
      },
    },
    queue: {
      sendDeadLetter: async (body, attributes) => {
        await turn();
        log.push('dead letter');
        if (queue.error) throw queue.error;
        letters.push({ body, attributes });
      },
    },
    board,
    metrics,
    logger,
    parkMs: 24 * 3_600_000,
    random: () => 0,
    nowMs: () => NOON_MS,
    onCrash: (error) => {
      log.push('crash');
      crashes.push(error.code);
    },
  };
  const run = async (body: string, { receiveCount = 1, ageMs = 0 } = {}) => {
    const { signal } = new AbortController();
    await processMessage(deps, {
      message: { id: 'm1', receipt: 'r1', body, receiveCount, sentMs: NOON_MS, firstReceivedMs: NOON_MS - ageMs },
      signal,
      remove: async () => {
        await turn();
        log.push('remove');
      },
      release: async (seconds) => {
        await turn();
        log.push(`release ${seconds}`);
      },
    });
    return signal;
  };
  const objects = async () =>
    Object.fromEntries((await metrics.objects.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  return { run, log, tasks, letters, queue, metrics, lines, board, crashes, seen, objects };
}

test('a message whose objects are all delivered is deleted, and each delivery leaves one line', async () => {
  const { run, log, tasks, lines, objects, letters } = setUp({
    acme: [done, { type: 'cloudwatch#audit', kind: 'skipped' }],
    globex: [{ type: 'cloudwatch', kind: 'duplicate', counts: COUNTS }],
  });
  await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual([log, letters], [['remove'], []]);
  assert.deepEqual(
    tasks.map(({ ref, keyFields }) => [ref.key, ref.version, keyFields]),
    [
      [keyOf('acme'), 'e1', { tenant_id: 'acme', cluster_id: 'c1', environment: 'prod' }],
      [keyOf('globex'), 'e1', { tenant_id: 'globex', cluster_id: 'c1', environment: 'prod' }],
    ],
  );
  assert.deepEqual(
    lines.map(({ time, level, ...line }) => ({ ...line, level })),
    [
      {
        level: 30,
        object: `s3://central/${keyOf('acme')}#e1`,
        tenant: 'acme',
        delivery: 'cloudwatch',
        format: 'ndjson',
        ...COUNTS,
        seconds: 0,
        msg: 'object delivered',
      },
      {
        level: 30,
        object: `s3://central/${keyOf('acme')}#e1`,
        tenant: 'acme',
        delivery: 'cloudwatch#audit',
        seconds: 0,
        msg: 'delivery is disabled; object acknowledged',
      },
      {
        level: 30,
        object: `s3://central/${keyOf('globex')}#e1`,
        tenant: 'globex',
        delivery: 'cloudwatch',
        ...COUNTS,
        seconds: 0,
        msg: 'object was delivered before; acknowledged again',
      },
    ],
  );
  assert.deepEqual(await objects(), { done: 1, skipped: 1, duplicate: 1 });
});

test('the test event of S3 is acknowledged without any work', async () => {
  const { run, log, tasks } = setUp();
  await run('{"Service":"Amazon S3","Event":"s3:TestEvent"}');
  assert.deepEqual([log, tasks], [['remove'], []]);
});

test('an object is admitted by its size, and shown while it is at work and afterwards', async () => {
  const { run, seen, board } = setUp();
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([seen.running, seen.reserved, seen.inFlight], [1, estimateMemoryBytes(1_000), 1]);
  assert.deepEqual(
    board
      .list()
      .map(({ tenant, waiting, in_flight, objects, events, lag_seconds }) => [
        tenant,
        waiting,
        in_flight,
        objects,
        events,
        lag_seconds,
      ]),
    [['acme', 0, 0, 1, 4, 60]],
  );
});

test('the signal of the message goes with its objects', async () => {
  const { run, seen } = setUp();
  const signal = await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual(
    seen.signals.map((each) => each === signal),
    [true, true],
  );
});

test('what is no notification becomes a dead letter with its body as it is, and only then is deleted', async () => {
  const { run, log, letters, lines, metrics, objects } = setUp();
  const body = '{"secret of a tenant": "text"}';
  await run(body);
  assert.deepEqual(log, ['dead letter', 'remove']);
  assert.deepEqual(letters, [
    {
      body,
      attributes: {
        reason: 'not-a-notification',
        tenant_id: '',
        object: '',
        detail: 'not an S3 notification: the body has neither Records nor detail-type',
      },
    },
  ]);
  assert.deepEqual(await objects(), { dead_letter: 1 });
  assert.deepEqual(
    (await metrics.deadLetters.get()).values.map(({ labels, value }) => [labels.reason, value]),
    [['not-a-notification', 1]],
  );
  assert.doesNotMatch(JSON.stringify(lines), /secret of a tenant/);
  assert.equal(lines.at(-1)?.msg, 'message moved to the dead-letter queue');
});

test('a key that names no tenant does not keep the other objects of its message from being delivered', async () => {
  const { run, log, letters, tasks } = setUp();
  const bad = 'logs/tenant_id=/cluster_id=c1/environment=prod/x.gz';
  await run(s3Event(keyOf('acme'), bad));
  assert.deepEqual(
    tasks.map(({ keyFields }) => keyFields.tenant_id),
    ['acme'],
  );
  assert.deepEqual(log, ['dead letter', 'remove']);
  const { detail, ...rest } = letters[0]?.attributes ?? {};
  assert.deepEqual(rest, {
    reason: 'object-key-invalid',
    tenant_id: 'acme',
    object: `s3://central/${keyOf('acme')}#e1 s3://central/${bad}#e1`,
  });
  assert.match(String(detail), /its \{tenant_id\} is empty/);
});

test('a dead letter that cannot be sent keeps the message in its queue', async () => {
  const { run, log, queue, lines, objects } = setUp();
  queue.error = new Error('no such queue');
  await run('garbage');
  assert.deepEqual(log, ['dead letter', 'release 60']);
  assert.deepEqual(await objects(), {});
  assert.deepEqual(
    lines.map(({ level, msg, error, message_id }) => [level, msg, error, message_id]),
    [[50, 'a dead letter could not be sent; the message stays in its queue', 'no such queue', 'm1']],
  );
});

test('trouble that passes brings the message back soon, trouble that a customer must end brings it back late', async () => {
  const retry = setUp({ acme: [failed('destination-unavailable')] });
  await retry.run(s3Event(keyOf('acme')));
  assert.deepEqual([retry.log, await retry.objects()], [['release 3'], { retry: 1 }]);
  assert.deepEqual(
    retry.lines.map(({ level, msg, code, tenant, delivered }) => [level, msg, code, tenant, delivered]),
    [[40, 'it is destination-unavailable', 'destination-unavailable', 'acme', 4]],
  );

  const park = setUp({ acme: [failed('role-refused')] });
  await park.run(s3Event(keyOf('acme')));
  assert.deepEqual([park.log, await park.objects()], [['release 30'], { park: 1 }]);
});

test('one object of two that fails keeps the message; the other one is a duplicate the next time', async () => {
  const { run, log, tasks } = setUp({ globex: [failed('destination-unavailable')] });
  await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual([log, tasks.length], [['release 3'], 2]);
});

test('a parked message that is too old becomes a dead letter with tenant, object, reason and detail', async () => {
  const { run, log, letters } = setUp({ acme: [failed('role-refused')] });
  const body = s3Event(keyOf('acme'));
  await run(body, { ageMs: 24 * 3_600_000 + 1 });
  assert.deepEqual(log, ['dead letter', 'remove']);
  assert.deepEqual(letters, [
    {
      body,
      attributes: {
        reason: 'role-refused',
        tenant_id: 'acme',
        object: `s3://central/${keyOf('acme')}#e1`,
        detail: 'it is role-refused',
      },
    },
  ]);
});

test('what a stop or a lease of another process sends back counts as released, and is no warning', async () => {
  const { run, log, lines, objects } = setUp({
    acme: [failed('stopping')],
    globex: [failed('lease-held', { retryAfterMs: 9_000 })],
  });
  await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual([log, await objects()], [['release 0'], { released: 2 }]);
  assert.deepEqual(
    lines.map(({ level, code }) => [level, code]),
    [
      [30, 'stopping'],
      [30, 'lease-held'],
    ],
  );
});

test('a broken invariant gives the message back, then ends the process', async () => {
  const { run, log, crashes, lines } = setUp({ acme: [failed('invariant-broken')] });
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([log, crashes], [['release 0', 'crash'], ['invariant-broken']]);
  assert.equal(lines.at(-1)?.level, 60);
});
