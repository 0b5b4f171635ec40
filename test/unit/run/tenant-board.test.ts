import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectReport } from '../../../service/run/report.ts';
import { createTenantBoard } from '../../../service/run/tenant-board.ts';

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
  const board = createTenantBoard(() => now.ms);
  /** An object of a tenant from its arrival to its end. */
  const deliver = (tenant: string, report: ObjectReport, createdMs?: number) => {
    board.waiting(tenant);
    board.started(tenant);
    board.ended(tenant, report, createdMs);
  };
  return { board, now, deliver };
}

test('objects of a tenant are waiting, then in flight, then done', () => {
  const { board } = setUp();
  const look = () => board.list([]).map(({ waiting, in_flight, objects }) => [waiting, in_flight, objects]);
  board.waiting('acme');
  board.waiting('acme');
  assert.deepEqual(look(), [[2, 0, 0]]);
  board.started('acme');
  assert.deepEqual(look(), [[1, 1, 0]]);
  board.ended('acme', done(5), undefined);
  assert.deepEqual(look(), [[1, 0, 1]]);
});

test('the board adds up objects and events, and knows the last lag', () => {
  const { board, now, deliver } = setUp();
  deliver('acme', done(5), NOON_MS - 30_000);
  now.ms += 1_000;
  deliver('acme', done(7), NOON_MS - 89_000);
  assert.deepEqual(board.list([]), [
    {
      tenant: 'acme',
      waiting: 0,
      in_flight: 0,
      objects: 2,
      events: 12,
      lag_seconds: 90,
      last_delivered_at: '2026-01-31T12:00:01.000Z',
      trouble: null,
      circuits: [],
    },
  ]);
});

test('a lag is never negative, and unknown where nobody said when the object was created', () => {
  const { board, deliver } = setUp();
  deliver('ahead', done(1), NOON_MS + 5_000);
  deliver('unknown', done(1));
  assert.deepEqual(
    board.list([]).map(({ tenant, lag_seconds }) => [tenant, lag_seconds]),
    [
      ['ahead', 0],
      ['unknown', null],
    ],
  );
});

test('trouble is shown until something is delivered again', () => {
  const { board, deliver } = setUp();
  deliver('acme', failed('role-refused'));
  assert.deepEqual(board.list([])[0]?.trouble, {
    code: 'role-refused',
    message: 'it is role-refused',
    at: '2026-01-31T12:00:00.000Z',
  });
  deliver('acme', { lines: [{ type: 'cloudwatch', kind: 'duplicate' }] });
  assert.equal(board.list([])[0]?.trouble?.code, 'role-refused', 'a duplicate proves nothing');
  deliver('acme', done(1));
  assert.equal(board.list([])[0]?.trouble, null);
});

test('a stop or a lease of another process is no trouble', () => {
  const { board, deliver } = setUp();
  deliver('acme', failed('stopping'));
  deliver('acme', failed('lease-held'));
  assert.deepEqual([board.list([])[0]?.trouble, board.list([])[0]?.in_flight], [null, 0]);
});

test('tenants are listed by name', () => {
  const { board, deliver } = setUp();
  for (const tenant of ['b', 'c', 'a']) deliver(tenant, done(1));
  assert.deepEqual(
    board.list([]).map(({ tenant }) => tenant),
    ['a', 'b', 'c'],
  );
});

test('the board forgets those that were idle for longest, never those with objects in hand', () => {
  const { board, deliver } = setUp();
  board.waiting('busy');
  for (let n = 0; n < 5_000; n++) {
    deliver(`t${n}`, done(1));
    if (n === 10) deliver('t0', done(1));
  }
  const names = new Set(board.list([]).map(({ tenant }) => tenant));
  assert.equal(names.size, 5_000);
  assert.deepEqual([names.has('busy'), names.has('t0'), names.has('t1'), names.has('t2')], [true, true, false, true]);
});

test('the deliveries in trouble stand beside their tenant, each with its state and when it is tried again', () => {
  const { board, deliver } = setUp();
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
    board.list([trouble]).map(({ tenant, circuits }) => [tenant, circuits]),
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
