import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastOf, shortOf } from '../../chaos/least.ts';
import { planTrial } from '../../chaos/plan.ts';
import { addTrial, NO_TRIALS, outcomeOf, statusOf } from '../../chaos/summary.ts';
import type { TrialResult } from '../../chaos/trial.ts';
import { CLEAN } from './judge/scene.ts';

const GOOD: TrialResult = {
  ...CLEAN,
  seed: '1',
  features: ['exactly_once acme-corp', 'exactly_once globex'],
  kills: 1,
  terms: 2,
  halts: 0,
  faults: 5,
  struck: { throttle: 3, reset: 2 },
  idle_rules: 0,
  silences: 1,
  short: [],
  events: 10,
  refused: 0,
  receipts: 4,
  verified: 10,
  repeated: 0,
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
  assert.deepEqual(shortOf(plan, { idle_rules: 0 }, strikes.length, []), []);
  assert.deepEqual(shortOf(plan, { idle_rules: 0 }, 0, []), [`0 of ${strikes.length} blows fell`]);
  assert.deepEqual(shortOf(plan, { idle_rules: rules }, strikes.length, []), [
    `${rules} of ${rules} rules struck no call`,
  ]);
});

test('struck calls are summed up by kind', () => {
  assert.deepEqual(sum(GOOD, { ...GOOD, struck: { reset: 1, latency: 4 } }).struck, {
    latency: 4,
    reset: 3,
    throttle: 3,
  });
});

test('a trial is short when a feature of it came to nothing', () => {
  const { strikes, weather, silences, features } = planTrial('14');
  const [replay] = Array.from({ length: 20 }, (_, seed) => planTrial(String(seed)).features.replay).filter(
    (one) => one !== undefined,
  );
  const plan = { strikes, weather, silences };
  const all = {
    ...features,
    unannounced: [3],
    progress: ['a'],
    rejected: ['a'],
    copied: ['a'],
    refused: ['a'],
    split: true,
    replay,
  };
  const none = {
    ...features,
    unannounced: [],
    progress: [],
    rejected: [],
    copied: [],
    refused: [],
    split: false,
    replay: undefined,
  };
  const verdict = { reconciled: 1, progress: 1, rejected_in_bucket: 1, copied_whole: 1, parts: 1, replayed: 1 };
  const least = (change: Partial<typeof verdict>, of = all, refused = 1) =>
    shortOf(plan, { idle_rules: 0 }, strikes.length, leastOf({ features: of }, { ...verdict, ...change }, { refused }));
  assert.deepEqual(least({}), []);
  assert.deepEqual(least({ reconciled: 0 }), ['reconcile came to nothing']);
  assert.deepEqual(least({ progress: 0 }), ['progress_events came to nothing']);
  assert.deepEqual(least({ rejected_in_bucket: 0 }), ['rejected_events came to nothing']);
  assert.deepEqual(least({ copied_whole: 0 }), ['s3 came to nothing']);
  assert.deepEqual(least({ replayed: 0 }), ['replay came to nothing']);
  assert.deepEqual(least({ parts: 0 }), ['split_events came to nothing']);
  assert.deepEqual(least({}, all, 0), ['refused came to nothing']);
  assert.deepEqual(
    least({ reconciled: 0, progress: 0, rejected_in_bucket: 0, copied_whole: 0, parts: 0, replayed: 0 }, none, 0),
    [],
  );
});

test('trials are counted by features', () => {
  assert.deepEqual(sum(GOOD, { ...GOOD, features: ['reconcile 3 objects'] }).features, {
    exactly_once: 1,
    reconcile: 1,
  });
});
