import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError, ERROR_CODES, type ErrorCode } from '../../../../service/base/errors.ts';
import { NO_HISTORY } from '../../../../service/core/history.ts';
import type { ObjectReport, ReportLine } from '../../../../service/delivery/report.ts';
import { decide, type VerdictContext } from '../../../../service/run/messages/verdict.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 0, 31, 12);
const ALMOST_ONE = 1 - Number.EPSILON / 2;

const failed = (code: ErrorCode, more: Partial<ReportLine> = {}): ReportLine => ({
  type: 'cloudwatch',
  kind: 'failed',
  code,
  message: `it is ${code}`,
  ...more,
});
const line = (kind: 'done' | 'duplicate' | 'skipped'): ReportLine => ({ type: 'cloudwatch', kind });
const report = (...lines: ReportLine[]): ObjectReport => ({ lines });

interface Given {
  readonly receiveCount?: number;
  readonly failures?: number;
  readonly refusedSinceMs?: number;
  readonly parkMs?: number;
  readonly random?: () => number;
}

/** The verdict in short: what it does, after how long, why, and what the message remembers. */
function verdict(reports: readonly ObjectReport[], given: Given = {}) {
  const context: VerdictContext = {
    message: {
      receiveCount: given.receiveCount ?? 1,
      history: { failures: given.failures ?? 0, refusedSinceMs: given.refusedSinceMs },
    },
    nowMs: NOON_MS,
    parkMs: given.parkMs ?? 24 * HOUR_MS,
    probeMs: 120_000,
    random: given.random ?? (() => 0),
  };
  const decided = decide(reports, context);
  return {
    kind: decided.kind,
    ...('delaySeconds' in decided ? { delaySeconds: decided.delaySeconds } : {}),
    ...('history' in decided ? { history: decided.history } : {}),
    ...('error' in decided ? { code: decided.error.code } : {}),
  };
}

test('a message is deleted when every delivery of every object is done, known or disabled', () => {
  assert.deepEqual(verdict([]), { kind: 'delete' });
  assert.deepEqual(verdict([report(line('done'), line('skipped')), report(line('duplicate'))]), { kind: 'delete' });
});

test('one failure among any number of successes keeps the message', () => {
  for (const code of ERROR_CODES) {
    const reports = [report(line('done')), report(line('done'), failed(code)), report(line('done'))];
    assert.notEqual(verdict(reports).kind, 'delete', code);
  }
});

test('a delivery that is held keeps the message too', () => {
  const held = failed('role-refused', { kind: 'held' });
  assert.equal(verdict([report(line('done'), held)]).kind, 'fail');
});

test('each code alone leads where its disposition says', () => {
  const kinds = {
    wait: 'wait',
    // It took nothing, as far as this line says: the message remembers since when.
    pace: 'fail',
    retry: 'fail',
    park: 'fail',
    'dead-letter': 'dead-letter',
    crash: 'crash',
  };
  for (const code of ERROR_CODES) {
    const { disposition } = new DistributorError(code, '');
    const { kind, code: why } = verdict([report(failed(code))]);
    assert.deepEqual([kind, why], [kinds[disposition], code]);
  }
});

test('the error keeps its words', () => {
  const context = {
    message: { receiveCount: 1, history: NO_HISTORY },
    nowMs: 0,
    parkMs: 1,
    probeMs: 1,
    random: () => 0,
  };
  const decided = decide([report(failed('tenant-unknown'))], context);
  assert.equal(decided.kind === 'dead-letter' && decided.error.message, 'it is tenant-unknown');
});

const GRAVER: readonly (readonly [what: string, codes: readonly ErrorCode[], kind: string, code: ErrorCode])[] = [
  [
    'a crash goes before everything',
    ['tenant-unknown', 'role-refused', 'unexpected', 'invariant-broken'],
    'crash',
    'invariant-broken',
  ],
  [
    'what may be retried goes before what is parked',
    ['role-refused', 'ledger-unavailable'],
    'fail',
    'ledger-unavailable',
  ],
  ['what may be retried goes before what is dead', ['object-corrupt', 'lease-lost'], 'fail', 'lease-lost'],
  ['what is parked goes before what is dead', ['tenant-invalid', 'destination-refused'], 'fail', 'destination-refused'],
  ['the first of two alike decides', ['tenant-invalid', 'object-gone'], 'dead-letter', 'tenant-invalid'],
];

for (const [what, codes, kind, code] of GRAVER) {
  test(`${what}, in one report or in several`, () => {
    const lines = codes.map((each) => failed(each));
    for (const reports of [[report(...lines)], lines.map((each) => report(each))]) {
      const decided = verdict(reports);
      assert.deepEqual([decided.kind, decided.code], [kind, code]);
    }
  });
}

test('a failure comes back after seconds, then minutes, a quarter of an hour at most', () => {
  const range = (failures: number) =>
    [0, ALMOST_ONE].map(
      (random) => verdict([report(failed('unexpected'))], { failures, random: () => random }).delaySeconds,
    );
  assert.deepEqual([0, 1, 4, 8, 43].map(range), [
    [3, 5],
    [5, 10],
    [40, 80],
    [450, 900],
    [450, 900],
  ]);
});

test('a message remembers its failures in a row; one in which the destination accepted something begins a new row', () => {
  const after = (more: Partial<ReportLine>) =>
    verdict([report(failed('object-unreadable', more))], { failures: 7 }).history?.failures;
  assert.equal(after({}), 8);
  assert.equal(after({ accepted: true }), 1);
});

test('after so many failures that there is no hope, a message becomes a dead letter with its reason', () => {
  for (const code of ['unexpected', 'object-unreadable'] as const) {
    assert.equal(verdict([report(failed(code))], { failures: 44 }).kind, 'fail', code);
    assert.deepEqual(verdict([report(failed(code))], { failures: 45 }), { kind: 'dead-letter', code }, code);
  }
});

test('receives are no failures: a message that was handed back for days is still at its beginning', () => {
  const worn = { receiveCount: 44 };
  assert.deepEqual(verdict([report(failed('unexpected'))], worn), verdict([report(failed('unexpected'))]));
  assert.deepEqual(verdict([report(failed('role-refused'))], worn), verdict([report(failed('role-refused'))]));
});

test('a message that could never be sent anew becomes a dead letter before the queue drops it without a word', () => {
  for (const code of ['unexpected', 'role-refused', 'lease-held'] as const) {
    assert.deepEqual(verdict([report(failed(code))], { receiveCount: 45 }), { kind: 'dead-letter', code }, code);
  }
});

test('a refused message comes back after about as long as it has been refused, a quarter of an hour at most', () => {
  const range = (refusedMs: number) =>
    [0, ALMOST_ONE].map(
      (random) =>
        verdict([report(failed('role-refused'))], { refusedSinceMs: NOON_MS - refusedMs, random: () => random })
          .delaySeconds,
    );
  assert.deepEqual([0, 90_000, 600_000, 20 * HOUR_MS].map(range), [
    [1, 1],
    [45, 90],
    [300, 600],
    [450, 900],
  ]);
});

test('a refused message does not come back before its circuit lets anybody try', () => {
  const { delaySeconds } = verdict([report(failed('role-refused', { retryAfterMs: 119_001 }))]);
  assert.equal(delaySeconds, 120);
});

test('a message remembers since when it is refused, whether it was tried or only held', () => {
  for (const kind of ['failed', 'held'] as const) {
    const refused = report(failed('role-refused', { kind }));
    assert.deepEqual(verdict([refused]).history, { failures: 0, refusedSinceMs: NOON_MS });
    assert.equal(
      verdict([refused], { refusedSinceMs: 5 * HOUR_MS, parkMs: NOON_MS }).history?.refusedSinceMs,
      5 * HOUR_MS,
    );
  }
});

test('a message becomes a dead letter once it has been refused for longer than PARK_HOURS, however long that is', () => {
  for (const hours of [1, 24, 336]) {
    const at = (refusedMs: number) =>
      verdict([report(failed('destination-refused'))], {
        parkMs: hours * HOUR_MS,
        refusedSinceMs: NOON_MS - refusedMs,
      });
    assert.equal(at(hours * HOUR_MS).kind, 'fail');
    assert.deepEqual(at(hours * HOUR_MS + 1), { kind: 'dead-letter', code: 'destination-refused' });
  }
});

test('a throttled destination that takes something only makes its message wait; one that takes nothing refuses it', () => {
  const throttled = (more: Partial<ReportLine>, given: Given = {}) =>
    verdict([report(failed('destination-throttled', { retryAfterMs: 4_500, ...more }))], given);
  assert.deepEqual(throttled({ accepted: true }), { kind: 'wait', delaySeconds: 5, code: 'destination-throttled' });
  assert.deepEqual(throttled({ kind: 'held' }), { kind: 'wait', delaySeconds: 5, code: 'destination-throttled' });
  assert.deepEqual(throttled({}).history, { failures: 0, refusedSinceMs: NOON_MS });
  assert.deepEqual(throttled({ accepted: true }, { refusedSinceMs: NOON_MS - HOUR_MS }).history, NO_HISTORY);
});

test('what a stop left comes back at once, for another task to take, and remembers nothing', () => {
  assert.deepEqual(verdict([report(failed('stopping'))], { receiveCount: 45 }), {
    kind: 'wait',
    delaySeconds: 0,
    code: 'stopping',
  });
});

test('what another process is at comes back a second after its lease could be over', () => {
  const at = (retryAfterMs: number) => verdict([report(failed('lease-held', { retryAfterMs }))]).delaySeconds;
  assert.deepEqual([10_000, 10_001, 59_999].map(at), [11, 12, 61]);
});

test('a lease that claims to end in a year is asked about within the hour: no lease is longer', () => {
  const year = failed('lease-held', { retryAfterMs: 365 * 24 * HOUR_MS });
  assert.equal(verdict([report(year)]).delaySeconds, 3_601);
  assert.equal(verdict([report(failed('lease-held'))]).delaySeconds, 1);
});

test('what does not answer is tried again within PROBE_SECONDS, however long it has been silent', () => {
  for (const code of ['destination-unavailable', 'role-unavailable'] as const) {
    const range = (silentMs: number) =>
      [0, ALMOST_ONE].map(
        (random) =>
          verdict([report(failed(code))], { refusedSinceMs: NOON_MS - silentMs, random: () => random }).delaySeconds,
      );
    assert.deepEqual([0, 60_000, 20 * HOUR_MS].map(range), [
      [1, 1],
      [30, 60],
      [60, 120],
    ]);
  }
});

test('a destination that takes something before it falls silent has not been silent all the time', () => {
  const after = (accepted: boolean) =>
    verdict([report(failed('destination-unavailable', { accepted }))], { refusedSinceMs: NOON_MS - HOUR_MS }).history;
  assert.deepEqual([after(false)?.refusedSinceMs, after(true)?.refusedSinceMs], [NOON_MS - HOUR_MS, undefined]);
});

test('behind an object that waits for an answer, a message waits and remembers nothing', () => {
  const held = failed('answer-awaited', { kind: 'held', retryAfterMs: 2_300 });
  assert.deepEqual(verdict([report(held)]), { kind: 'wait', delaySeconds: 3, code: 'answer-awaited' });
});

test('a message comes back when the first of its deliveries may be tried again, and remembers for all of them', () => {
  const lines = [
    failed('role-refused', { kind: 'held', retryAfterMs: 600_000 }),
    failed('lease-held', { retryAfterMs: 9_000 }),
  ];
  assert.deepEqual(verdict([report(...lines)]), {
    kind: 'fail',
    delaySeconds: 10,
    history: { failures: 0, refusedSinceMs: NOON_MS },
    code: 'role-refused',
  });
});

test('a delivery that is over leaves the message to the others that may still succeed', () => {
  const lines = [failed('role-refused', { kind: 'held' }), failed('stopping')];
  const given = { refusedSinceMs: NOON_MS - 25 * HOUR_MS };
  assert.deepEqual(verdict([report(...lines)], given).code, 'stopping');
  assert.deepEqual(verdict([report(...lines.slice(0, 1))], given), { kind: 'dead-letter', code: 'role-refused' });
});
