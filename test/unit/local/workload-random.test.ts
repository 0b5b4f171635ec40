import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../local/workload/random.ts';

test('the same seed gives the same numbers, another seed gives others', () => {
  const numbers = (seed: string) => {
    const random = createRandom(seed);
    return Array.from({ length: 100 }, () => random.uint32());
  };
  assert.deepEqual(numbers('a/1'), numbers('a/1'));
  assert.notDeepEqual(numbers('a/1'), numbers('a/2'));
});

test('numbers stay in their limits and reach both ends', () => {
  const random = createRandom('limits');
  const seen = new Set(Array.from({ length: 1_000 }, () => random.between(3, 7)));
  assert.deepEqual([...seen].sort(), [3, 4, 5, 6, 7]);
});

test('numbers are spread evenly over the range', () => {
  const random = createRandom('even');
  const buckets = new Uint32Array(16);
  for (let i = 0; i < 160_000; i++) {
    const bucket = random.below(16);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  // Six standard deviations of a binomial with n 160,000 and p 1/16 are 581.
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 581, `a bucket has ${count}`);
});

test('a share of 0 never happens and a share of 1 always does', () => {
  const random = createRandom('share');
  for (let i = 0; i < 1_000; i++) {
    assert.equal(random.chance(0), false);
    assert.equal(random.chance(1), true);
  }
});

test('picking from nothing is an error, not undefined', () => {
  assert.throws(() => createRandom('empty').pick([]), RangeError);
});

test('hexadecimal texts have the asked length and uuids the shape of version 4', () => {
  const random = createRandom('hex');
  for (let digits = 1; digits <= 33; digits++) assert.match(random.hex(digits), new RegExp(`^[0-9a-f]{${digits}}$`));
  assert.match(random.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
