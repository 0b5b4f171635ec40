import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPacing } from '../../../service/run/pacing.ts';
import { CALL } from '../../support/pace.ts';

const { destination } = CALL;

function setUp() {
  const now = { ms: 0 };
  const others = { wait: false };
  const limits: string[] = [];
  const pacing = createPacing({
    othersWait: () => others.wait,
    onLimit: (name, limited) => limits.push(`${name} ${limited}`),
    nowMs: () => now.ms,
  });
  const rate = () => pacing.list()[0]?.callsPerSecond;
  /** Calls that go within so many seconds when somebody always asks again as soon as it may. */
  const callsIn = (seconds: number, call = CALL) => {
    const endMs = now.ms + seconds * 1000;
    let calls = 0;
    while (now.ms < endMs) {
      const permit = pacing.ask(call);
      if (permit.kind === 'go') calls++;
      else now.ms += permit.ms;
    }
    return calls;
  };
  return { pacing, now, others, limits, rate, callsIn };
}

test('a destination that never throttled is free', () => {
  const { pacing } = setUp();
  for (let n = 0; n < 1_000; n++) assert.deepEqual(pacing.ask(CALL), { kind: 'go' });
  assert.deepEqual(pacing.list(), []);
});

test('a destination that throttles gets half the rate of before, for everybody, and all threads are told', () => {
  const { pacing, limits, rate } = setUp();
  pacing.throttled(destination, 40);
  assert.equal(rate(), 20);
  assert.deepEqual(limits, [`${destination} true`]);
  assert.deepEqual(pacing.ask({ ...CALL, tenantId: 'other' }), { kind: 'wait', ms: 50 });
  assert.deepEqual(pacing.ask({ ...CALL, destination: 'logs/2/us-east-1' }), { kind: 'go' });
});

test('it halves once a second at most: calls that were under way say nothing of the new rate', () => {
  const { pacing, now, rate } = setUp();
  now.ms = 50_000;
  pacing.throttled(destination, 40);
  pacing.throttled(destination, 40);
  now.ms += 999;
  pacing.throttled(destination, 40);
  assert.equal(rate(), 20);
  now.ms += 1;
  pacing.throttled(destination, 40);
  assert.equal(rate(), 10);
});

test('it never falls below a call in ten seconds', () => {
  const { pacing, now, rate } = setUp();
  for (let n = 0; n < 20; n++, now.ms += 1_000) pacing.throttled(destination, 40);
  assert.equal(rate(), 0.1);
  assert.deepEqual(pacing.ask(CALL), { kind: 'yield', ms: 9_000 });
});

test('it grows by a call a second in each second in which it is used', () => {
  const { pacing, rate, callsIn } = setUp();
  pacing.throttled(destination, 20);
  assert.equal(rate(), 10);
  const calls = callsIn(10);
  assert.ok(calls > 130 && calls < 170, `${calls} calls, 150 for a rate from 10 to 20`);
  assert.ok(Math.abs((rate() ?? 0) - 20) < 1);
});

test('the calls of a destination that takes five a second settle around five', () => {
  const { pacing, now } = setUp();
  const accepted: number[] = [];
  let second = 0;
  let taken = 0;
  let refused = 0;
  pacing.throttled(destination, 100);
  while (now.ms < 120_000) {
    const permit = pacing.ask(CALL);
    if (permit.kind !== 'go') {
      now.ms += permit.ms;
      continue;
    }
    if (Math.floor(now.ms / 1000) > second) {
      second = Math.floor(now.ms / 1000);
      taken = 0;
    }
    if (++taken > 5) {
      if (now.ms > 60_000) refused++;
      pacing.throttled(destination, 0);
    } else if (now.ms > 60_000) {
      accepted.push(now.ms);
    }
  }
  assert.ok(accepted.length > 60 * 3.5, `${accepted.length} calls in a minute that takes 300`);
  assert.ok(refused < 60, `${refused} calls were throttled in that minute`);
});

test('after a minute without throttling the destination is free again', () => {
  const { pacing, now, limits } = setUp();
  pacing.throttled(destination, 2);
  now.ms += 60_000;
  pacing.ask(CALL);
  assert.equal(pacing.list().length, 1);
  now.ms += 1;
  assert.deepEqual([pacing.ask(CALL), pacing.ask(CALL)], [{ kind: 'go' }, { kind: 'go' }]);
  assert.deepEqual(limits, [`${destination} true`, `${destination} false`]);
  assert.deepEqual(pacing.list(), []);
});

test('a destination that nobody calls any more is free after that minute too', () => {
  const { pacing, now, limits } = setUp();
  pacing.throttled(destination, 2);
  now.ms += 60_001;
  assert.deepEqual([pacing.list(), limits], [[], [`${destination} true`, `${destination} false`]]);
});

test('who waits leaves the slot where others want it, and stays otherwise, looking again within a second', () => {
  const { pacing, others } = setUp();
  pacing.throttled(destination, 1);
  assert.deepEqual(pacing.ask(CALL), { kind: 'wait', ms: 1_000 });
  others.wait = true;
  assert.deepEqual(pacing.ask(CALL), { kind: 'yield', ms: 2_000 });
});

test('a moment is waited out even where others want the slot', () => {
  const { pacing, others } = setUp();
  others.wait = true;
  pacing.throttled(destination, 100);
  assert.deepEqual(pacing.ask(CALL), { kind: 'wait', ms: 20 });
});

test("a tenant's cap bounds its bytes, over all that it sends there", () => {
  const { callsIn } = setUp();
  const capped = { ...CALL, bytesPerSecondMax: 10_000 };
  const calls = callsIn(20, capped);
  assert.ok(calls >= 200 && calls <= 212, `${calls} calls of 1,000 bytes in 20 s, the first second's worth at once`);
});

test('a cap smaller than a batch lets the batch go, and makes the next one wait for it', () => {
  const { pacing } = setUp();
  const capped = { ...CALL, bytes: 1_000_000, bytesPerSecondMax: 100_000 };
  assert.deepEqual(pacing.ask(capped), { kind: 'go' });
  assert.deepEqual(pacing.ask(capped), { kind: 'yield', ms: 9_001 });
  assert.deepEqual(pacing.ask({ ...capped, type: 'cloudwatch#b' }), { kind: 'go' }, 'each delivery has its own');
});

test('what is remembered is bounded, here and in the threads', () => {
  const { pacing, now, limits } = setUp();
  for (let n = 0; n < 5_000; n++) pacing.throttled(`logs/${n}/us-east-1`, 1);
  now.ms += 1_000;
  // The first is heard of once more: it is no longer the one to leave.
  for (const n of [0, 5_000, 5_001]) pacing.throttled(`logs/${n}/us-east-1`, 1);
  assert.equal(pacing.list().length, 5_000);
  assert.deepEqual(
    limits.filter((limit) => limit.endsWith('false')),
    ['logs/1/us-east-1 false', 'logs/2/us-east-1 false'],
  );
});
