import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectReport } from '../../../../service/delivery/report.ts';
import type { DeliveryTrouble } from '../../../../service/run/schedule/circuit-breakers.ts';
import { createParked } from '../../../../service/run/stats/parked.ts';
import { createTenantStats } from '../../../../service/run/stats/tenant-stats.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const done = (delivered: number): ObjectReport => ({
  lines: [
    { type: 'cloudwatch', kind: 'done', counts: { read: 9, delivered, filtered: 0, rejected: 0, quarantined: 0 } },
  ],
});
const failed = (code: 'role-refused' | 'stopping' | 'lease-held'): ObjectReport => ({
  lines: [{ type: 'cloudwatch', kind: 'failed', code, message: `it is ${code}` }],
});

function setUp() {
  const now = { ms: NOON_MS };
  const tenantStats = createTenantStats(() => now.ms);
  /** An object of a tenant from its arrival to its end. */
  const deliver = (tenant: string, report: ObjectReport, createdMs?: number) => {
    tenantStats.waiting(tenant);
    tenantStats.started(tenant);
    tenantStats.ended(tenant, report, createdMs);
  };
  const upTo = new Map<string, number>();
  const oldest = new Map<string, number>();
  const parked = createParked(() => now.ms);
  const freshness = {
    upToMs: (tenant: string) => upTo.get(tenant),
    oldestMs: (tenant: string) => oldest.get(tenant),
    open: oldest,
    backMs: 0,
  };
  const list = (troubles: readonly DeliveryTrouble[] = []) => tenantStats.list(troubles, freshness, parked);
  return { tenantStats, now, deliver, upTo, oldest, list, parked };
}

test('objects of a tenant are waiting, then in flight, then done', () => {
  const { tenantStats, list } = setUp();
  const look = () => list().map(({ waiting, in_flight, objects }) => [waiting, in_flight, objects]);
  tenantStats.waiting('acme');
  tenantStats.waiting('acme');
  assert.deepEqual(look(), [[2, 0, 0]]);
  tenantStats.started('acme');
  assert.deepEqual(look(), [[1, 1, 0]]);
  tenantStats.ended('acme', done(5), undefined);
  assert.deepEqual(look(), [[1, 0, 1]]);
});

test('the tenantStats adds up what came of objects and records, and knows the last lag', () => {
  const { tenantStats, now, deliver, upTo, oldest, list, parked } = setUp();
  parked.add(['acme'], 600, undefined);
  parked.add(['acme'], 600, NOON_MS + 3_600_000);
  tenantStats.accounted('acme', { delivered: 5, filtered: 1, rejected: 0, quarantined: 0, messageBytes: 500 });
  deliver('acme', done(5), NOON_MS - 30_000);
  now.ms += 1_000;
  tenantStats.accounted('acme', { delivered: 7, filtered: 0, rejected: 2, quarantined: 3, messageBytes: 700 });
  deliver('acme', done(7), NOON_MS - 89_000);
  tenantStats.deadLetter('acme');
  tenantStats.canaryDelivered('acme', NOON_MS - 10_000);
  tenantStats.canaryDelivered('acme', NOON_MS - 20_000);
  upTo.set('acme', NOON_MS - 5_000);
  oldest.set('acme', NOON_MS - 4_000);
  now.ms += 9_000;
  assert.deepEqual(list(), [
    {
      tenant: 'acme',
      waiting: 0,
      in_flight: 0,
      objects: 2,
      events: 12,
      filtered: 1,
      rejected: 2,
      quarantined: 3,
      dead_letters: 1,
      lag_seconds: 90,
      last_delivered_at: '2026-01-31T12:00:01.000Z',
      delivered_up_to: '2026-01-31T11:59:55.000Z',
      oldest_undelivered_at: '2026-01-31T11:59:56.000Z',
      last_canary_at: '2026-01-31T11:59:50.000Z',
      bytes_per_second: [...Array.from({ length: 59 }, () => 0), 120],
      trouble: null,
      parked: { messages: 2, first_dead_letter_at: '2026-01-31T13:00:00.000Z' },
      circuits: [],
      notices: [],
    },
  ]);
});

test('a tenant is known once the tenant table has answered for it', () => {
  const { tenantStats, deliver } = setUp();
  deliver('made-up', { lines: [{ type: '', kind: 'failed', code: 'tenant-unknown', message: 'no such tenant' }] });
  deliver('acme', failed('role-refused'));
  tenantStats.canaryDelivered('acme', NOON_MS);
  assert.deepEqual(tenantStats.known(), [{ tenant: 'acme', canaryMs: NOON_MS }]);
});

test('what is said of trouble names no ARN', () => {
  const { deliver, list } = setUp();
  const message = 'AssumeRole of arn:aws:iam::111111111111:role/LogDistribution-acme was refused';
  deliver('acme', { lines: [{ type: 'cloudwatch', kind: 'failed', code: 'role-refused', message }] });
  const shown = 'AssumeRole of (iam, account 111111111111) was refused';
  assert.equal(list()[0]?.trouble?.message, shown);
  const trouble = { type: 'cloudwatch', state: 'open', code: 'role-refused', sinceMs: 0, againAtMs: 0 } as const;
  assert.equal(list([{ ...trouble, tenant: 'acme', message }])[0]?.circuits[0]?.message, shown);
});

test('a lag is never negative, and unknown where nobody said when the object was created', () => {
  const { deliver, list } = setUp();
  deliver('ahead', done(1), NOON_MS + 5_000);
  deliver('unknown', done(1));
  assert.deepEqual(
    list().map(({ tenant, lag_seconds }) => [tenant, lag_seconds]),
    [
      ['ahead', 0],
      ['unknown', null],
    ],
  );
});

test('trouble is shown until something is delivered again', () => {
  const { deliver, list } = setUp();
  deliver('acme', failed('role-refused'));
  assert.deepEqual(list()[0]?.trouble, {
    code: 'role-refused',
    message: 'it is role-refused',
    at: '2026-01-31T12:00:00.000Z',
  });
  deliver('acme', { lines: [{ type: 'cloudwatch', kind: 'duplicate' }] });
  assert.equal(list()[0]?.trouble?.code, 'role-refused', 'a duplicate proves nothing');
  deliver('acme', done(1));
  assert.equal(list()[0]?.trouble, null);
});

for (const order of ['first', 'last'] as const) {
  test(`the trouble of one delivery is shown although the other one, which is asked ${order}, has delivered the object`, () => {
    const { deliver, list } = setUp();
    const lines = [...done(1).lines, ...failed('role-refused').lines];
    deliver('acme', { lines: order === 'first' ? lines : lines.toReversed() });
    assert.deepEqual([list()[0]?.objects, list()[0]?.trouble?.code], [1, 'role-refused']);
  });
}

test('a notice of a delivery is shown, without ARNs, until no object has met it for twenty minutes', () => {
  const { deliver, now, list } = setUp();
  const [line] = done(1).lines;
  assert.ok(line);
  const message = 'the retention of arn:aws:logs:us-east-1:1:log-group:x is not set';
  const met: ObjectReport = { lines: [{ ...line, notice: { code: 'retention-not-set', message } }] };
  const shown = {
    delivery: 'cloudwatch',
    code: 'retention-not-set',
    message: 'the retention of (logs, account 1) is not set',
  };
  deliver('acme', met);
  assert.deepEqual([list()[0]?.trouble, list()[0]?.notices], [null, [{ ...shown, at: '2026-01-31T12:00:00.000Z' }]]);
  now.ms += 60_000;
  deliver('acme', met);
  now.ms += 20 * 60_000 - 1;
  // By another thread, which does not know of it.
  deliver('acme', done(1));
  assert.deepEqual(list()[0]?.notices, [{ ...shown, at: '2026-01-31T12:01:00.000Z' }]);
  now.ms += 1;
  assert.deepEqual(list()[0]?.notices, []);
  deliver('acme', met);
  deliver('acme', { lines: [{ type: 'cloudwatch', kind: 'skipped' }] });
  assert.deepEqual(list()[0]?.notices, [], 'the delivery was disabled');
});

test('a stop or a lease of another process is no trouble', () => {
  const { deliver, list } = setUp();
  deliver('acme', failed('stopping'));
  deliver('acme', failed('lease-held'));
  assert.deepEqual([list()[0]?.trouble, list()[0]?.in_flight], [null, 0]);
});

test('tenants are listed by name', () => {
  const { deliver, list } = setUp();
  for (const tenant of ['b', 'c', 'a']) deliver(tenant, done(1));
  assert.deepEqual(
    list().map(({ tenant }) => tenant),
    ['a', 'b', 'c'],
  );
});

test('the tenantStats forgets those that were idle for longest, never those with objects in flight', () => {
  const { tenantStats, deliver, list } = setUp();
  tenantStats.waiting('busy');
  for (let n = 0; n < 20_000; n++) {
    deliver(`t${n}`, done(1));
    if (n === 10) deliver('t0', done(1));
  }
  const names = new Set(list().map(({ tenant }) => tenant));
  assert.equal(names.size, 20_000);
  assert.deepEqual([names.has('busy'), names.has('t0'), names.has('t1'), names.has('t2')], [true, true, false, true]);
});

test('the deliveries in trouble stand beside their tenant, each with its state and when it is tried again', () => {
  const { deliver, list } = setUp();
  for (const tenant of ['acme', 'globex']) deliver(tenant, done(1));
  const trouble = {
    tenant: 'acme',
    type: 'cloudwatch#audit',
    state: 'open',
    code: 'role-refused',
    message: 'it refuses',
    sinceMs: NOON_MS,
    againAtMs: NOON_MS + 60_000,
  } as const;
  assert.deepEqual(
    list([trouble]).map(({ tenant, circuits }) => [tenant, circuits]),
    [
      [
        'acme',
        [
          {
            delivery: 'cloudwatch#audit',
            state: 'open',
            code: 'role-refused',
            message: 'it refuses',
            since: '2026-01-31T12:00:00.000Z',
            next_try_at: '2026-01-31T12:01:00.000Z',
          },
        ],
      ],
      ['globex', []],
    ],
  );
});

const kept: ObjectReport = {
  lines: [
    { type: 'cloudwatch', kind: 'done', counts: { read: 9, delivered: 0, filtered: 0, rejected: 2, quarantined: 7 } },
  ],
};

test('an object of which nothing was delivered is trouble until one of which something was', () => {
  const { deliver, list } = setUp();
  deliver('acme', kept);
  const [entry] = list();
  assert.deepEqual([entry?.objects, entry?.last_delivered_at], [1, null]);
  assert.deepEqual(entry?.trouble, {
    code: 'nothing-delivered',
    message:
      'nothing of an object of 9 records was delivered to cloudwatch: the quarantine has 7 records that are unreadable or name another tenant, and 2 that are too old, too new or expired',
    at: '2026-01-31T12:00:00.000Z',
  });
  deliver('acme', failed('lease-held'));
  assert.equal(list()[0]?.trouble?.code, 'nothing-delivered');
  deliver('acme', done(1));
  assert.equal(list()[0]?.trouble, null);
});

test('of two deliveries of an object, a failure says more than an empty one, and an empty one more than one that was made', () => {
  const { deliver, list } = setUp();
  const troubleOf = (...reports: ObjectReport[]) => {
    deliver('acme', { lines: reports.flatMap(({ lines }) => lines) });
    return list()[0]?.trouble?.code;
  };
  assert.equal(troubleOf(kept, failed('role-refused')), 'role-refused');
  assert.equal(troubleOf(failed('role-refused'), kept), 'role-refused');
  assert.equal(troubleOf(kept, done(3)), 'nothing-delivered');
  assert.equal(troubleOf(done(3), kept), 'nothing-delivered');
});
