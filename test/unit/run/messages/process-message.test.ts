import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOfJob } from '../../../../service/run/schedule/scheduler.ts';
import { COUNTS, done, failed, keyOf, NOON_MS, s3Event, setUpMessages } from '../../../support/message-scene.ts';

test('a message whose objects are all delivered is deleted, and each delivery leaves one line', async () => {
  const { run, log, tasks, lines, objects, letters } = setUpMessages({
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

test('an object whose records all went to quarantine is a warning, and the trouble of its tenant', async () => {
  const counts = { read: 5, delivered: 0, filtered: 0, rejected: 0, quarantined: 5 };
  const { run, log, lines, tenantStats, freshness, parked, objects } = setUpMessages({
    acme: [{ type: 'cloudwatch', kind: 'done', counts, format: 'ndjson' }],
  });
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([log, await objects()], [['remove'], { done: 1 }]);
  assert.deepEqual(
    lines.map(({ level, msg, tenant, quarantined }) => [level, msg, tenant, quarantined]),
    [[40, 'nothing of the object was delivered: its records are in quarantine', 'acme', 5]],
  );
  assert.equal(tenantStats.list([], freshness.snapshot(), parked)[0]?.trouble?.code, 'nothing-delivered');
});

test('the test event of S3 is acknowledged without any work', async () => {
  const { run, log, tasks } = setUpMessages();
  await run('{"Service":"Amazon S3","Event":"s3:TestEvent"}');
  assert.deepEqual([log, tasks], [['remove'], []]);
});

test('an object is admitted by its size, and shown while it is at work and afterwards', async () => {
  const { run, seen, tenantStats, freshness, parked } = setUpMessages();
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([seen.running, seen.reserved, seen.inFlight], [1, sizeOfJob(1_000).memoryBytes, 1]);
  assert.deepEqual(
    tenantStats
      .list([], freshness.snapshot(), parked)
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

test('when the message can be kept no longer, its objects are given up', async () => {
  const { run, seen } = setUpMessages();
  const controller = await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual(
    seen.signals.map(({ aborted }) => aborted),
    [false, false],
  );
  controller.abort('twelve hours');
  assert.deepEqual(
    seen.signals.map(({ reason }) => reason),
    ['twelve hours', 'twelve hours'],
  );
});

test('trouble that passes brings the message back soon, trouble that a customer must end brings it back late; both remember', async () => {
  const retry = setUpMessages({ acme: [failed('ledger-unavailable')] });
  await retry.run(s3Event(keyOf('acme')));
  assert.deepEqual([retry.log, await retry.objects()], [['renew 3, failures 1, refused never'], { retry: 1 }]);
  assert.deepEqual(
    retry.lines.map(({ level, msg, code, tenant, delivered }) => [level, msg, code, tenant, delivered]),
    [[40, 'it is ledger-unavailable', 'ledger-unavailable', 'acme', 4]],
  );

  const park = setUpMessages({ acme: [failed('role-refused')] });
  await park.run(s3Event(keyOf('acme')));
  assert.deepEqual([park.log, await park.objects()], [[`renew 120, failures 0, refused ${NOON_MS}`], { park: 1 }]);
});

test('one object of two that fails keeps the message; the other one is a duplicate the next time', async () => {
  const { run, log, tasks } = setUpMessages({ globex: [failed('ledger-unavailable')] });
  await run(s3Event(keyOf('acme'), keyOf('globex')));
  assert.deepEqual([log, tasks.length], [['renew 3, failures 1, refused never'], 2]);
});

test('what a stop or a lease of another process sends back counts as released, and is no warning', async () => {
  const { run, log, lines, objects } = setUpMessages({
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
  const { run, log, crashes, lines } = setUpMessages({ acme: [failed('invariant-broken')] });
  await run(s3Event(keyOf('acme')));
  assert.deepEqual([log, crashes], [['release 0', 'crash'], ['invariant-broken']]);
  assert.equal(lines.at(-1)?.level, 60);
});
