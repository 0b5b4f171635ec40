import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planTrial } from '../../chaos/plan.ts';
import { addTrial, NO_TRIALS, outcomeOf, statusOf } from '../../chaos/summary.ts';
import { shortOf, type TrialResult } from '../../chaos/trial.ts';

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
  duplicated_late: 0,
  duplicated_after_term: 0,
  unexplained: 0,
  duplicated_max_per_kill: 0,
  duplicated_bytes_max_per_kill_and_object: 0,
  unaccounted: 0,
  receipts: 4,
  verified: 10,
  repeated: 0,
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
  assert.equal(statusOf(sum(GOOD, VOID, VOID)), 3, 'more than half proved nothing');
});

test('what is wrong is wrong in a void trial too, and what has not ended comes before it', () => {
  assert.equal(outcomeOf({ ...VOID, findings: ['lost'] }), 'failed');
  assert.equal(outcomeOf({ ...VOID, unfinished: ['1 messages are in the queue'] }), 'not ended');
  assert.equal(statusOf(sum(GOOD, { ...VOID, findings: ['lost'] })), 1);
  assert.equal(statusOf(sum(GOOD, { ...VOID, unfinished: ['late'] })), 3);
});

test('a trial is short of its plan when less than half of the strikes hit, or of the rules struck a call', () => {
  const { strikes, weather, silences } = planTrial('14');
  const plan = { strikes, weather, silences };
  const rules = weather.length + silences.length;
  assert.ok(strikes.length >= 2 && rules >= 2);
  assert.deepEqual(shortOf(plan, { idle_rules: 0 }, strikes.length), []);
  assert.deepEqual(shortOf(plan, { idle_rules: 0 }, 0), [`0 of ${strikes.length} blows fell`]);
  assert.deepEqual(shortOf(plan, { idle_rules: rules }, strikes.length), [`${rules} of ${rules} rules struck no call`]);
});

test('struck calls are summed up by kind', () => {
  assert.deepEqual(sum(GOOD, { ...GOOD, struck: { reset: 1, latency: 4 } }).struck, {
    latency: 4,
    reset: 3,
    throttle: 3,
  });
});
