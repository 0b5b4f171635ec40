import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError, ERROR_CODES, type ErrorCode } from '../../../service/base/errors.ts';
import type { ObjectReport, ReportLine } from '../../../service/run/report.ts';
import { decide, type VerdictContext } from '../../../service/run/verdict.ts';

const HOUR_MS = 3_600_000;
const CONTEXT: VerdictContext = { receiveCount: 1, ageMs: 0, parkMs: 24 * HOUR_MS, random: () => 0 };
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

/** The verdict in short: its kind, its delay and the code that decided. */
function verdict(reports: readonly ObjectReport[], context: Partial<VerdictContext> = {}) {
  const decided = decide(reports, { ...CONTEXT, ...context });
  return {
    kind: decided.kind,
    ...('delaySeconds' in decided ? { delaySeconds: decided.delaySeconds } : {}),
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

test('each code alone leads where its disposition says', () => {
  const kinds = { retry: 'release', park: 'release', 'dead-letter': 'dead-letter', crash: 'crash' };
  for (const code of ERROR_CODES) {
    const { disposition } = new DistributorError(code, '');
    assert.deepEqual(
      [verdict([report(failed(code))]).kind, verdict([report(failed(code))]).code],
      [kinds[disposition], code],
    );
  }
});

test('the error keeps its words', () => {
  const decided = decide([report(failed('tenant-unknown'))], CONTEXT);
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
    ['role-refused', 'destination-unavailable'],
    'release',
    'destination-unavailable',
  ],
  ['what may be retried goes before what is dead', ['object-corrupt', 'lease-lost'], 'release', 'lease-lost'],
  [
    'what is parked goes before what is dead',
    ['tenant-invalid', 'destination-refused'],
    'release',
    'destination-refused',
  ],
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

test('a retry comes back after seconds, then minutes, a quarter of an hour at most', () => {
  const range = (receiveCount: number) =>
    [0, ALMOST_ONE].map(
      (random) => verdict([report(failed('unexpected'))], { receiveCount, random: () => random }).delaySeconds,
    );
  assert.deepEqual([1, 2, 5, 9, 44].map(range), [
    [3, 5],
    [5, 10],
    [40, 80],
    [450, 900],
    [450, 900],
  ]);
});

test('a parked message comes back after minutes, then an hour', () => {
  const range = (receiveCount: number) =>
    [0, ALMOST_ONE].map(
      (random) => verdict([report(failed('role-refused'))], { receiveCount, random: () => random }).delaySeconds,
    );
  assert.deepEqual([1, 2, 7, 44].map(range), [
    [30, 60],
    [60, 120],
    [1_800, 3_600],
    [1_800, 3_600],
  ]);
});

test('a parked message becomes a dead letter once it is older than PARK_HOURS', () => {
  const at = (ageMs: number) => verdict([report(failed('destination-throttled'))], { ageMs, parkMs: 2 * HOUR_MS });
  assert.equal(at(2 * HOUR_MS).kind, 'release');
  assert.deepEqual(at(2 * HOUR_MS + 1), { kind: 'dead-letter', code: 'destination-throttled' });
});

test('before the queue would drop a message without a word, it becomes a dead letter with its reason', () => {
  for (const code of ['unexpected', 'role-refused', 'object-unreadable'] as const) {
    assert.equal(verdict([report(failed(code))], { receiveCount: 44 }).kind, 'release', code);
    assert.deepEqual(verdict([report(failed(code))], { receiveCount: 45 }), { kind: 'dead-letter', code }, code);
  }
});

test('what a stop left comes back at once, for another task to take', () => {
  assert.deepEqual(verdict([report(failed('stopping'))], { receiveCount: 45 }), {
    kind: 'release',
    delaySeconds: 0,
    code: 'stopping',
  });
});

test('what another process is at comes back a second after its lease could be over', () => {
  const at = (retryAfterMs: number) => verdict([report(failed('lease-held', { retryAfterMs }))]).delaySeconds;
  assert.deepEqual([10_000, 10_001, 59_999].map(at), [11, 12, 61]);
});

test('what is held again and again comes back later and later, and in the end is a dead letter with its reason', () => {
  const at = (receiveCount: number) =>
    verdict([report(failed('lease-held', { retryAfterMs: 59_999 }))], { receiveCount, random: () => ALMOST_ONE });
  assert.deepEqual(
    [1, 6, 8, 10, 44].map((receiveCount) => at(receiveCount).delaySeconds),
    [61, 61, 128, 512, 900],
  );
  assert.deepEqual(at(45), { kind: 'dead-letter', code: 'lease-held' });
});

test('a lease that claims to end in a year is asked about within the hour: no lease is longer', () => {
  const year = failed('lease-held', { retryAfterMs: 365 * 24 * HOUR_MS });
  assert.equal(verdict([report(year)]).delaySeconds, 3_601);
  assert.equal(verdict([report(failed('lease-held'))]).delaySeconds, 1);
});
