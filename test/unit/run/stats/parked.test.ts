import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParked } from '../../../../service/run/stats/parked.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

function setUp() {
  const now = { ms: NOON_MS };
  return { now, parked: createParked(() => now.ms) };
}

test('parked messages are counted for each tenant, with when the first becomes a dead letter', () => {
  const { parked } = setUp();
  parked.add(['acme', 'globex'], 60, NOON_MS + 9_000_000);
  parked.add(['acme'], 600, NOON_MS + 5_000_000);
  parked.add(['acme'], 600, undefined);
  assert.deepEqual(parked.of('acme'), { messages: 3, firstDeadLetterMs: NOON_MS + 5_000_000 });
  assert.deepEqual(parked.of('globex'), { messages: 1, firstDeadLetterMs: NOON_MS + 9_000_000 });
  assert.deepEqual(parked.of('initech'), { messages: 0, firstDeadLetterMs: undefined });
  assert.deepEqual(parked.tenants().toSorted(), ['acme', 'globex']);
});

test('a message is parked until it comes back, to whatever process', () => {
  const { parked, now } = setUp();
  parked.add(['acme'], 60, NOON_MS + 5_000_000);
  parked.add(['acme'], 600, undefined);
  now.ms += 60_000;
  assert.equal(parked.of('acme').messages, 2, 'its step is not over');
  now.ms += 15_000;
  assert.deepEqual(parked.of('acme'), { messages: 1, firstDeadLetterMs: undefined });
  now.ms += 600_000;
  assert.deepEqual([parked.of('acme').messages, parked.tenants()], [0, []]);
});

test('memory is bounded: by the steps of an hour, and by the number of tenants', () => {
  const { parked, now } = setUp();
  parked.add(['acme'], 1_000_000, undefined);
  now.ms += 243 * 15_000;
  assert.equal(parked.of('acme').messages, 0, 'what stays away for longer is forgotten after an hour');
  for (let n = 0; n < 20_001; n++) parked.add([`t${n}`], 60, undefined);
  assert.deepEqual([parked.of('t0').messages, parked.of('t1').messages], [0, 1]);
});
