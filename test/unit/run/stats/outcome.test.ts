import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNothingDelivered, outcomeOf } from '../../../../service/run/stats/outcome.ts';
import { countsOf } from '../../../support/counts.ts';

const CASES = [
  ['all delivered', { read: 5, delivered: 5 }, 'info', 'object delivered'],
  ['all filtered', { read: 5, filtered: 5 }, 'info', 'object delivered'],
  ['an empty object', {}, 'info', 'object delivered'],
  [
    'some in quarantine',
    { read: 5, delivered: 3, rejected: 1, quarantined: 1 },
    'info',
    'object delivered, except records that are in quarantine',
  ],
  [
    'every record of another tenant',
    { read: 5, quarantined: 5 },
    'warn',
    'nothing of the object was delivered: its records are in quarantine',
  ],
  [
    'every wanted record too old',
    { read: 5, filtered: 2, rejected: 3 },
    'warn',
    'nothing of the object was delivered: its records are in quarantine',
  ],
] as const;

for (const [what, part, level, sentence] of CASES) {
  test(`of an object with ${what}, the log says so: ${sentence}`, () => {
    const counts = countsOf(part);
    assert.deepEqual(outcomeOf({ kind: 'done', counts }), { level, sentence });
    assert.equal(isNothingDelivered(counts), level === 'warn');
  });
}

test('what was delivered before, or is disabled, is told as that, whatever its counts', () => {
  const counts = countsOf({ read: 5, quarantined: 5 });
  assert.equal(outcomeOf({ kind: 'duplicate', counts }).level, 'info');
  assert.deepEqual(outcomeOf({ kind: 'skipped' }), {
    level: 'info',
    sentence: 'delivery is disabled; object acknowledged',
  });
});
