import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulateScale } from '../../support/simulate.ts';

/** More than a task can do, of many tenants: it takes what it may take. */
const OVERLOAD =
  '--trouble none --tenants 20 --tasks 1 --hours 0.02 --terabytes-per-day 20 --object-megabytes 32'.split(' ');

for (const [plant, words] of [
  ['memory-unbounded', /bytes of a budget of/],
  ['messages-unbounded', /messages in flight, and may have 28/],
] as const) {
  test(`the simulation finds ${plant}`, async () => {
    const { findings } = await simulateScale(...OVERLOAD, '--plant', plant);
    assert.match(findings.join('\n'), words);
  });
}

test('a task that has more to do than it can stays within its limits', async () => {
  const { findings, messages_in_flight_max } = await simulateScale(...OVERLOAD);
  assert.deepEqual(findings, []);
  assert.equal(messages_in_flight_max, 28);
});
