import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../../service/core/chunk.ts';
import { resolveTimes } from '../../../service/core/record-times.ts';
import { holds } from '../../support/property.ts';

test('the times of records are as the chunk has them, and not copied', () => {
  const timestampsMs = Float64Array.of(-5, 3, 3, 9e15);
  const times = resolveTimes({ timestampsMs }, 7);
  assert.equal(times.ofMs, timestampsMs);
  assert.deepEqual(times, { ofMs: timestampsMs, earliestMs: -5, latestMs: 9e15, ascending: true });
});

test('the time of the object stands for those that are missing or unreadable, and the chunk stays as it was', () => {
  const timestampsMs = Float64Array.of(TIMESTAMP_MISSING, 8, TIMESTAMP_UNREADABLE);
  assert.deepEqual(resolveTimes({ timestampsMs }, 7), {
    ofMs: Float64Array.of(7, 8, 7),
    earliestMs: 7,
    latestMs: 8,
    ascending: false,
  });
  assert.deepEqual(timestampsMs, Float64Array.of(TIMESTAMP_MISSING, 8, TIMESTAMP_UNREADABLE));
});

test('what is said of all times holds of each', () =>
  holds(
    fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1 }), (list) => {
      const times = resolveTimes({ timestampsMs: Float64Array.from(list) }, 0);
      assert.equal(times.earliestMs, Math.min(...list));
      assert.equal(times.latestMs, Math.max(...list));
      assert.equal(
        times.ascending,
        list.every((timeMs, at) => at === 0 || timeMs >= (list[at - 1] as number)),
      );
    }),
  ));
