import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ErrorCode } from '../../../service/base/errors.ts';
import { createMetrics } from '../../../service/base/metrics.ts';
import { type History, NO_HISTORY } from '../../../service/core/history.ts';
import { compileKeyTemplate } from '../../../service/core/object-key.ts';
import { REPLAY_MEMBER } from '../../../service/core/replay.ts';
import type { ObjectTask } from '../../../service/delivery/destination.ts';
import { createAdmission } from '../../../service/run/admission.ts';
import { createFreshness } from '../../../service/run/freshness.ts';
import { createGate } from '../../../service/run/gate.ts';
import { type ProcessDeps, processMessage } from '../../../service/run/process-message.ts';
import type { ObjectReport, ReportLine } from '../../../service/run/report.ts';
import { createScheduler, sizeOfJob } from '../../../service/run/scheduler.ts';
import { createSurplus } from '../../../service/run/surplus.ts';
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

/** Everything around messages; `reports` says what becomes of each tenant's object. */
function setUp(reports: Readonly<Record<string, readonly ReportLine[]>> = {}, messagesMax = 10) {
  const log: string[] = [];
  const tasks: ObjectTask[] = [];
  const letters: { body: string; attributes: Readonly<Record<string, string>> }[] = [];
  const queue = { error: undefined as Error | undefined };
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const scheduler = createScheduler({ slots: 4, memoryBytes: 1e9 });
  const now = { ms: NOON_MS };
  const board = createTenantBoard(() => now.ms);
  const surplus = createSurplus(() => now.ms);
  const gate = createGate({ nowMs: () => now.ms, probeMs: 120_000, onChange: () => {} });
  const freshness = createFreshness({ nowMs: () => now.ms, horizonMs: () => now.ms });
  const crashes: string[] = [];
  const seen = { running: 0, reserved: 0, inFlight: 0, signals: [] as AbortSignal[], held: [] as string[][] };
  /** Objects are under way until it resolves. */
  let work: Promise<void> = Promise.resolve();
  const deps: ProcessDeps = {
    keyTemplate: compileKeyTemplate('logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/'),
    admission: createAdmission({ messagesMax, surplus }),
    gate,
    freshness,
    surplus,
    scheduler,
    workers: {
      deliver: async (task, held, signal): Promise<ObjectReport> => {
        tasks.push(task);
        seen.running = scheduler.running;
        seen.reserved = scheduler.reservedBytes;
        seen.inFlight = board.list([], freshness.snapshot()).reduce((sum, { in_flight }) => sum + in_flight, 0);
        seen.signals.push(signal);
        seen.held.push([...held]);
        await work;
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
    nowMs: () => now.ms,
    onCrash: (error) => {
      log.push('crash');
      crashes.push(error.code);
    },
  };
  const run = async (body: string, { receiveCount = 1, history = NO_HISTORY }: Given = {}) => {
    const { signal } = new AbortController();
    await processMessage(deps, {
      message: { id: 'm1', receipt: 'r1', body, receiveCount, sentMs: NOON_MS, history },
      signal,
      remove: async () => {
        await turn();
        log.push('remove');
      },
      release: async (seconds) => {
        await turn();
        log.push(`release ${seconds}`);
      },
      renew: async ({ failures, refusedSinceMs }, seconds) => {
        await turn();
        log.push(`renew ${seconds}, failures ${failures}, refused ${refusedSinceMs ?? 'never'}`);
      },
    });
    return signal;
  };
  const objects = async () =>
    Object.fromEntries((await metrics.objects.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  const handedBack = async () =>
    Object.fromEntries(
      (await metrics.messagesHandedBack.get()).values.map(({ labels, value }) => [labels.reason, value]),
    );
  /** From now on objects stay under way. @returns what lets them come to their ends */
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    work = promise;
    return resolve;
  };
  return {
    run,
    log,
    tasks,
    letters,
    queue,
    metrics,
    lines,
    board,
    freshness,
    gate,
    surplus,
    crashes,
    seen,
    objects,
    handedBack,
    now,
    hold,
  };
}

interface Given {
  readonly receiveCount?: number;
  readonly history?: History;
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
        lag_seconds: 60,
        msg: 'object delivered',
      },
      {
        level: 30,
        object: `s3://central/${keyOf('acme')}#e1`,
        tenant: 'acme',
        delivery: 'cloudwatch#audit',
        seconds: 0,
        lag_seconds: 60,
        msg: 'delivery is disabled; object acknowledged',
      },
      {
        level: 30,
        object: `s3://central/${keyOf('globex')}#e1`,
        tenant: 'globex',
        delivery: 'cloudwatch',
        ...COUNTS,
        seconds: 0,
        lag_seconds: 60,
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
  const { run, seen, board, freshness } = setUp();
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([seen.running, seen.reserved, seen.inFlight], [1, sizeOfJob(1_000).memoryBytes, 1]);
  assert.deepEqual(
    board
      .list([], freshness.snapshot())
      .map(({ tenant, waiting, in_flight, objects, lag_seconds }) => [
        tenant,
        waiting,
        in_flight,
        objects,
        lag_seconds,
      ]),
    [['acme', 0, 0, 1, 60]],
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

test('trouble that passes brings the message back soon, trouble that a customer must end brings it back late; both remember', async () => {
  const retry = setUp({ acme: [failed('destination-unavailable')] });
  await retry.run(s3Event(keyOf('acme')));
  assert.deepEqual([retry.log, await retry.objects()], [['renew 3, failures 1, refused never'], { retry: 1 }]);
  assert.deepEqual(
    retry.lines.map(({ level, msg, code, tenant, delivered }) => [level, msg, code, tenant, delivered]),
    [[40, 'it is destination-unavailable', 'destination-unavailable', 'acme', 4]],
  );

  const park = setUp({ acme: [failed('role-refused')] });
  await park.run(s3Event(keyOf('acme')));
  assert.deepEqual([park.log, await park.objects()], [[`renew 120, failures 0, refused ${NOON_MS}`], { park: 1 }]);
});

test('one object of two that fails keeps the message; the other one is a duplicate the next time', async () => {
  const { run, log, tasks } = setUp({ globex: [failed('destination-unavailable')] });
  await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual([log, tasks.length], [['renew 3, failures 1, refused never'], 2]);
});

test('while the circuit of all its deliveries is open, a message is parked without any work on its object', async () => {
  const { run, log, tasks, objects, board, freshness } = setUp({ acme: [failed('role-refused')] });
  await run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([tasks.length, log.at(-1)], [1, `renew 120, failures 0, refused ${NOON_MS}`]);
  assert.deepEqual(await objects(), { park: 2 });
  assert.deepEqual(
    board.list([], freshness.snapshot()).map(({ waiting, in_flight, trouble }) => [waiting, in_flight, trouble?.code]),
    [[0, 0, 'role-refused']],
  );
});

test('when one delivery of two is in trouble, the object goes without it, and the message is kept for it', async () => {
  const { run, log, seen } = setUp({ acme: [done, failed('role-refused', { type: 's3' })] });
  await run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  assert.deepEqual(seen.held, [[], ['s3']]);
  assert.equal(log.length, 2);
});

test('an object that waited for a slot while the circuit opened gives it up at once', async () => {
  const { run, tasks, hold, log } = setUp({ acme: [failed('role-refused')] });
  const letGo = hold();
  const running = Array.from({ length: 5 }, () => run(s3Event(keyOf('acme'))));
  await turn();
  const begun = tasks.length;
  assert.ok(begun < 5);
  letGo();
  await Promise.all(running);
  assert.equal(tasks.length, begun, 'those that were waiting were never worked on');
  assert.equal(log.length, 5);
});

test('messages of a tenant that has enough in hand go back, which is no failure, and those of others are let in', async () => {
  const { run, log, tasks, handedBack, objects, hold } = setUp({}, 2);
  const letGo = hold();
  const running = ['flood', 'flood', 'flood', 'quiet'].map((tenant) => run(s3Event(keyOf(tenant))));
  await turn();
  await turn();
  assert.deepEqual([log, await handedBack()], [['release 2'], { surplus: 1 }]);
  assert.deepEqual(tasks.map(({ keyFields }) => keyFields.tenant_id).sort(), ['flood', 'flood', 'quiet']);
  letGo();
  await Promise.all(running);
  assert.deepEqual(await objects(), { done: 3 });
});

test('a message that its destination throttles waits in the queue, at the pace of its tenant, and has not failed', async () => {
  const throttled = failed('destination-throttled', { retryAfterMs: 4_200, accepted: true });
  const { run, log, handedBack, objects, tasks } = setUp({ acme: [throttled] });
  await run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([log, tasks.length], [['release 5', 'release 5'], 1]);
  assert.deepEqual([await handedBack(), await objects()], [{ throttled: 2 }, {}]);
});

test('a message that was refused for too long becomes a dead letter with tenant, object, reason and detail', async () => {
  const { run, log, letters } = setUp({ acme: [failed('role-refused')] });
  const body = s3Event(keyOf('acme'));
  await run(body, { history: { failures: 0, refusedSinceMs: NOON_MS - 24 * 3_600_000 - 1 } });
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

test("an object holds its tenant's watermark while it is at work, and while its message is away, until it is delivered", async () => {
  const { run, freshness, hold, now } = setUp({ refusing: [failed('role-refused')] });
  const behind = (tenant: string) => (now.ms - (freshness.snapshot().upToMs(tenant) ?? 0)) / 1000;
  const letGo = hold();
  const running = [run(s3Event(keyOf('acme'))), run(s3Event(keyOf('refusing')))];
  await turn();
  assert.deepEqual([behind('acme'), behind('refusing')], [60, 60]);
  letGo();
  await Promise.all(running);
  assert.deepEqual([behind('acme'), behind('refusing'), behind('idle')], [0, 60, 0]);
});

test("a message handed back as surplus holds its tenant's watermark", async () => {
  const { run, freshness, hold, now, handedBack } = setUp({}, 1);
  const letGo = hold();
  const running = run(s3Event(keyOf('acme')));
  await run(s3Event(keyOf('acme')));
  letGo();
  await running;
  assert.deepEqual(await handedBack(), { surplus: 1 });
  assert.equal(now.ms - (freshness.snapshot().upToMs('acme') ?? 0), 60_000);
});

test('a replay of old objects does not take the watermark back', async () => {
  const { run, freshness, hold, now } = setUp();
  const letGo = hold();
  const replayed = JSON.parse(s3Event(keyOf('acme')));
  replayed.Records[0][REPLAY_MEMBER] = { id: 'r-1' };
  const running = run(JSON.stringify(replayed));
  await turn();
  assert.equal(freshness.snapshot().upToMs('acme'), now.ms);
  letGo();
  await running;
});

test('a dead letter lets the watermark go on, and is counted for its tenant', async () => {
  const { run, freshness, board, now } = setUp({ acme: [failed('object-gone')] });
  await run(s3Event(keyOf('acme')));
  assert.equal(freshness.snapshot().upToMs('acme'), now.ms);
  assert.deepEqual(
    board.list([], freshness.snapshot()).map(({ tenant, dead_letters }) => [tenant, dead_letters]),
    [['acme', 1]],
  );
});

/** The key of a canary that was announced a minute before noon. */
const CANARY_KEY = keyOf('acme').replace('x.gz', 'log-distributor-canary/2026-01-31T11-59-00-000Z.ndjson');
const ONE = { read: 1, delivered: 1, filtered: 0, rejected: 0, quarantined: 0 };
const canaries = async ({ canaries: counter }: ReturnType<typeof createMetrics>) =>
  Object.fromEntries((await counter.get()).values.map(({ labels, value }) => [labels.outcome, value]));

test('a canary that every delivery has taken has arrived, and its time is known', async () => {
  const arrived = { ...done, counts: ONE };
  const { run, metrics, board } = setUp({ acme: [arrived, { type: 'cloudwatch#off', kind: 'skipped' }] });
  await run(s3Event(CANARY_KEY));
  assert.deepEqual(await canaries(metrics), { delivered: 1 });
  assert.equal(
    (await metrics.canarySeconds.get()).values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value,
    60,
  );
  assert.deepEqual(board.known(), [{ tenant: 'acme', canaryMs: NOON_MS - 60_000 }]);
});

test('a canary has arrived when the last of two deliveries takes what the other one took at an earlier try', async () => {
  const lines = [
    { type: 'cloudwatch', kind: 'duplicate', counts: ONE },
    { ...done, type: 's3', counts: ONE },
  ] as const;
  const { run, metrics } = setUp({ acme: lines });
  await run(s3Event(CANARY_KEY));
  assert.deepEqual(await canaries(metrics), { delivered: 1 });
});

test('a canary in a replay proves nothing of the way from S3, and is kept like any object', async () => {
  const arrived = { ...done, counts: ONE };
  const replayed = () => {
    const { Records } = JSON.parse(s3Event(CANARY_KEY));
    return JSON.stringify({ Records: [{ ...Records[0], [REPLAY_MEMBER]: { id: 'r1' } }] });
  };
  const { run, metrics, board } = setUp({ acme: [arrived] });
  await run(replayed());
  assert.deepEqual(await canaries(metrics), {});
  assert.deepEqual(board.known(), [{ tenant: 'acme', canaryMs: undefined }]);
  const refused = setUp({ acme: [failed('role-refused')] });
  refused.now.ms += 3_600_000;
  await refused.run(replayed());
  assert.match(refused.log.at(-1) ?? '', /^renew /);
});

for (const [what, lines] of [
  ['was refused by its log group', [{ ...done, counts: { ...ONE, delivered: 0, rejected: 1 } }]],
  ['one delivery of two has not taken', [{ ...done, counts: ONE }, failed('destination-unavailable')]],
  ['was delivered before', [{ type: 'cloudwatch', kind: 'duplicate', counts: ONE }]],
  ['is for a tenant that is disabled', [{ type: 'cloudwatch', kind: 'skipped' }]],
] as const satisfies readonly (readonly [string, readonly ReportLine[]])[]) {
  test(`a canary that ${what} does not count as arrived`, async () => {
    const { run, metrics } = setUp({ acme: lines });
    await run(s3Event(CANARY_KEY));
    assert.deepEqual(await canaries(metrics), {});
  });
}

test('a canary that cannot be delivered is tried like any object for an hour, and then given up without a dead letter', async () => {
  const { run, log, letters, metrics, now } = setUp({ acme: [failed('role-refused')] });
  await run(s3Event(CANARY_KEY));
  assert.match(log.at(-1) ?? '', /^renew /);
  now.ms += 3_600_000;
  await run(s3Event(CANARY_KEY));
  assert.deepEqual([log.at(-1), letters, await canaries(metrics)], ['remove', [], { given_up: 1 }]);
  await run(s3Event(keyOf('acme')));
  assert.match(log.at(-1) ?? '', /^renew /, 'other objects are kept');
});

for (const code of ['stopping', 'lease-held'] as const) {
  test(`an old canary that only has to wait is not given up: ${code}`, async () => {
    const { run, log, metrics, now } = setUp({ acme: [failed(code)] });
    now.ms += 7_200_000;
    await run(s3Event(CANARY_KEY));
    assert.match(log.at(-1) ?? '', /^release /);
    assert.deepEqual(await canaries(metrics), {});
  });
}

test('a canary of which nobody says when it was written is kept like any object', async () => {
  const { run, log } = setUp({ acme: [failed('role-refused')] });
  await run(s3Event(CANARY_KEY).replace('eventTime', 'time'));
  assert.match(log.at(-1) ?? '', /^renew /);
});

for (const [what, lines, seconds] of [
  ['that is delivered', [done], 11],
  ['of a tenant that nobody knows', [failed('tenant-unknown', { type: '' })], 11],
  ['that fails', [failed('destination-unavailable')], 2],
] as const) {
  test(`a flood ${what} comes back at the pace of ${seconds === 2 ? 'the first guess' : 'what is worked off'}`, async () => {
    const { run, surplus, now } = setUp({ acme: lines });
    for (let n = 0; n < 1_000; n++) surplus.handBack('acme');
    for (let n = 0; n < 24; n++) {
      now.ms += 2_000;
      await run(s3Event(keyOf('acme')));
    }
    now.ms += 900_000;
    const away = Array.from({ length: 10 }, () => surplus.handBack('acme'));
    assert.equal(away.at(-1), seconds);
  });
}
