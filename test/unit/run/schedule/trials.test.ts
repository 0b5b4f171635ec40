import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrials } from '../../../../service/run/schedule/trials.ts';

/** Deliveries a, b, c … fall silent at 100, 200, 300 …, each answered last at 0. */
function setUp(silent: number) {
  const trials = createTrials<string>();
  for (let n = 0; n < silent; n++) {
    trials.note(String.fromCharCode(97 + n), { silent: true, awaited: true });
    trials.fellSilent(0, (n + 1) * 100);
  }
  return trials;
}

test('two that are silent put nobody on trial; the third does, and whoever was answered since is not', () => {
  assert.equal(setUp(2).onTrial(0), false);
  const trials = setUp(3);
  assert.deepEqual(
    [undefined, 0, 299, 300, 301].map((answeredMs) => trials.onTrial(answeredMs)),
    [true, true, true, false, false],
  );
});

test('circuits that are open do not make an onset, but keep those on trial who had no answer since the last', () => {
  const trials = setUp(3);
  for (const delivery of ['a', 'b', 'c']) trials.note(delivery, { silent: true, awaited: false });
  trials.note('d', { silent: true, awaited: true });
  trials.fellSilent(900, 1_000);
  assert.deepEqual([trials.onTrial(299), trials.onTrial(500)], [true, false]);
});

test('one that had no answer since the onset belongs to it; one that had makes a new one', () => {
  const trials = setUp(3);
  trials.note('d', { silent: true, awaited: true });
  trials.fellSilent(0, 1_000);
  assert.equal(trials.onTrial(500), false);
  trials.note('e', { silent: true, awaited: true });
  trials.fellSilent(400, 1_000);
  assert.equal(trials.onTrial(500), true);
});

test('once nobody is silent, or what was silent is forgotten, nobody is on trial', () => {
  const trials = setUp(3);
  trials.note('a', { silent: false, awaited: false });
  trials.forget('b');
  assert.equal(trials.onTrial(0), true);
  trials.forget('c');
  assert.equal(trials.onTrial(0), false);
});
