import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs, steadyMs } from '../../../service/base/clock.ts';

test('times of day are whole milliseconds: the ledger and the layout of batches keep no others', () => {
  // So many that a clock with fractions would have shown one.
  const times = Array.from({ length: 1_000 }, () => steadyMs());
  assert.deepEqual(
    times.filter((ms) => !Number.isSafeInteger(ms)),
    [],
  );
});

test('no clock goes back', () => {
  for (const clock of [monotonicMs, steadyMs]) {
    const times = Array.from({ length: 1_000 }, clock);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  }
});
