import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMBINATIONS_MAX, combine } from '../../../service/core/combinations.ts';
import { holds } from '../../support/property.ts';

/** The same by way of texts. */
function combineByText(places: number, columns: readonly (readonly number[])[]) {
  const numbers = new Map<string, number>();
  const firsts: number[] = [];
  const of = Array.from({ length: places }, (_, place) => {
    const key = columns.map((column) => column[place]).join();
    const known = numbers.get(key);
    if (known !== undefined) return Math.min(known, COMBINATIONS_MAX);
    const number = numbers.size;
    numbers.set(key, number);
    if (number <= COMBINATIONS_MAX) firsts.push(place);
    return Math.min(number, COMBINATIONS_MAX);
  });
  return { of, firsts };
}

function combined(places: number, columns: readonly (readonly number[])[], space: number) {
  const keys = columns.map((column) => ({ of: Uint32Array.from(column), space }));
  const { of, firsts } = combine(places, keys);
  return { of: [...of], firsts };
}

test('combinations are numbered as they come', () => {
  const columns = [
    [5, 3, 5, 5, 3],
    [0, 0, 0, 1, 0],
  ];
  assert.deepEqual(combined(5, columns, 6), { of: [0, 1, 0, 2, 1], firsts: [0, 1, 3] });
});

test('without columns all are of one combination, and without places there is none', () => {
  assert.deepEqual(combined(3, [], 1), { of: [0, 0, 0], firsts: [0] });
  assert.deepEqual(combined(0, [], 1), { of: [], firsts: [] });
  assert.deepEqual(combined(0, [[], []], 1), { of: [], firsts: [] });
});

test('any columns give what comparing texts gives, too many combinations included', () => {
  const cases = fc
    .record({
      places: fc.constantFrom(0, 1, 10, 3 * COMBINATIONS_MAX),
      spaces: fc.array(fc.constantFrom(1, 2, 60, 2_500, 5_000), { maxLength: 4 }),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    })
    .map(({ places, spaces, seed }) => {
      let state = seed;
      const next = (below: number) => {
        state = (Math.imul(state, 48_271) >>> 0) % 0x7fffffff;
        return state % below;
      };
      return spaces.map((space) => Array.from({ length: places }, () => next(space)));
    })
    .map((columns) => [columns[0]?.length ?? 0, columns] as const);
  holds(
    fc.property(cases, ([places, columns]) => {
      assert.deepEqual(combined(places, columns, 5_000), combineByText(places, columns));
    }),
    60,
  );
});
