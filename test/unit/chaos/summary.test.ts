import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addTrial, NO_TRIALS, outcomeOf, statusOf } from '../../chaos/summary.ts';
import type { TrialResult } from '../../chaos/trial.ts';

const GOOD: TrialResult = {
  seed: '1',
  kills: 1,
  terms: 2,
  halts: 0,
  faults: 5,
  struck: { throttle: 3, reset: 2 },
  idle_rules: 0,
  silences: 1,
  short: [],
  events: 10,
  lost: 0,
  misrouted: 0,
  duplicated: 0,
  duplicated_once: 0,
  duplicated_after_term: 0,
  unexplained: 0,
  duplicated_max_per_kill: 0,
  duplicated_bytes_max_per_kill_and_object: 0,
  unaccounted: 0,
  findings: [],
  unfinished: [],
  seconds: 1,
};
const VOID = { ...GOOD, seed: '2', short: ['9 of 10 rules struck no call'] };
const sum = (...trials: readonly TrialResult[]) => trials.reduce(addTrial, NO_TRIALS);

test('a trial in which hardly anything happened is void, and not ok', () => {
  assert.equal(outcomeOf(GOOD), 'ok');
  assert.equal(outcomeOf(VOID), 'void');
  assert.deepEqual(sum(GOOD, VOID).void, ['2']);
  assert.equal(statusOf(sum(GOOD, VOID)), 0);
  assert.equal(statusOf(sum(VOID)), 3, 'nothing was proved');
});

test('what is wrong is wrong in a void trial too, and what has not ended comes before it', () => {
  assert.equal(outcomeOf({ ...VOID, findings: ['lost'] }), 'failed');
  assert.equal(outcomeOf({ ...VOID, unfinished: ['1 messages are in the queue'] }), 'not ended');
  assert.equal(statusOf(sum(GOOD, { ...VOID, findings: ['lost'] })), 1);
  assert.equal(statusOf(sum(GOOD, { ...VOID, unfinished: ['late'] })), 3);
});

test('struck calls are summed up by kind', () => {
  assert.deepEqual(sum(GOOD, { ...GOOD, struck: { reset: 1, latency: 4 } }).struck, {
    latency: 4,
    reset: 3,
    throttle: 3,
  });
});
