import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCounts, NO_COUNTS, unaccounted } from '../../../service/core/counts.ts';

test('counts add up kind by kind, and what is left out counts nothing', () => {
  const a = { read: 10, delivered: 4, filtered: 3, rejected: 2, quarantined: 1 };
  assert.deepEqual(addCounts(a, { read: 100, delivered: 20, filtered: 30, rejected: 40, quarantined: 50 }), {
    read: 110,
    delivered: 24,
    filtered: 33,
    rejected: 42,
    quarantined: 51,
  });
  assert.deepEqual(addCounts(a, {}), a);
  assert.deepEqual(addCounts(NO_COUNTS, a), a);
});

test('the books balance when every record that was read is in exactly one outcome', () => {
  assert.equal(unaccounted(NO_COUNTS), 0);
  assert.equal(unaccounted({ read: 10, delivered: 4, filtered: 3, rejected: 2, quarantined: 1 }), 0);
  assert.equal(unaccounted({ read: 11, delivered: 4, filtered: 3, rejected: 2, quarantined: 1 }), 1);
  assert.equal(unaccounted({ read: 9, delivered: 4, filtered: 3, rejected: 2, quarantined: 1 }), -1);
});
