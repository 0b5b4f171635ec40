import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitAnswer } from '../../../../service/delivery/rate-limiter.ts';
import { createRateLimits } from '../../../../service/run/schedule/rate-limits.ts';
import { CALL } from '../../../support/rate-limiter.ts';

const { destination } = CALL;

function setUp() {
  const now = { ms: 0 };
  const others = { wait: false };
  const limits: string[] = [];
  const rateLimits = createRateLimits({
    othersWait: () => others.wait,
    onLimit: (name, limited) => limits.push(`${name} ${limited}`),
    nowMs: () => now.ms,
    epochMs: () => now.ms,
  });
  const rate = () => rateLimits.list()[0]?.callsPerSecond;
  /** Asks until a call goes. */
  const go = (call = CALL) => {
    for (;;) {
      const permit = rateLimits.ask(call);
      if (permit.kind === 'go') return permit;
      now.ms += permit.ms;
    }
  };
  const tell = (answer: LimitAnswer, round?: number) =>
    rateLimits.answered({ destination, answer, acceptedLately: 0, ...(round === undefined ? {} : { round }) });
  /** Calls that go within so many seconds when somebody always asks again as soon as it may. */
  const callsIn = (seconds: number, call = CALL) => {
    const endMs = now.ms + seconds * 1000;
    let calls = 0;
    for (go(call); now.ms < endMs; go(call)) calls++;
    return calls;
  };
  /** A call of a free destination is refused, after so many were accepted within a second. */
  const refuse = (acceptedLately = 0, name = destination) =>
    rateLimits.answered({ destination: name, answer: 'refused', acceptedLately });
  /** The destination accepts so many calls a second: what is measured first says so. */
  const limitTo = (perSecond: number) => {
    refuse(perSecond);
    for (let n = 0; n < 8; n++) tell('refused', go().round);
    assert.equal(rate(), perSecond * 1.05);
  };
  return { rateLimits, now, others, limits, rate, go, tell, callsIn, refuse, limitTo };
}

test('a destination that never throttled is free', () => {
  const { rateLimits } = setUp();
  for (let n = 0; n < 1_000; n++) assert.deepEqual(rateLimits.ask(CALL), { kind: 'go' });
  rateLimits.answered({ destination, answer: 'accepted', acceptedLately: 1 });
  assert.deepEqual(rateLimits.list(), []);
});

test('a destination that throttles has a rate from now on, for everybody, and all threads are told', () => {
  const { rateLimits, limits, limitTo } = setUp();
  limitTo(20);
  assert.deepEqual(limits, [`${destination} true`]);
  assert.deepEqual(rateLimits.ask({ ...CALL, tenantId: 'other' }), { kind: 'wait', ms: 48 });
  assert.deepEqual(rateLimits.ask({ ...CALL, destination: 'logs/2/us-east-1' }), { kind: 'go' });
});

test('calls go at the rate, whoever asks', () => {
  const { limitTo, callsIn } = setUp();
  limitTo(20);
  const calls = callsIn(10);
  assert.ok(Math.abs(calls - 210) <= 1, `${calls} calls in ten seconds`);
});

test('a permit has the round that the answer belongs to, and answers change the rate', () => {
  const { limitTo, rate, go, tell } = setUp();
  limitTo(20);
  for (let n = 0; n < 40; n++) {
    const { round } = go();
    assert.ok(round !== undefined);
    tell('accepted', round);
  }
  assert.ok((rate() ?? 0) > 21, `${rate()} a second`);
});

test('an answer without a round changes no rate: the call went before there was one', () => {
  const { limitTo, rate, tell } = setUp();
  limitTo(20);
  for (let n = 0; n < 40; n++) tell('refused');
  assert.equal(rate(), 21);
});

test('what a rate has saved up is not for a lower one to spend', () => {
  const { rateLimits, now, limitTo, rate, go, tell } = setUp();
  limitTo(200);
  // The first answer only begins the count.
  tell('accepted', go().round);
  now.ms += 1_000;
  const rounds = Array.from({ length: 40 }, () => go().round);
  assert.equal(rateLimits.ask(CALL).kind, 'go', 'a second of the rate has been saved up');
  now.ms += 1_000;
  for (const round of rounds) tell('refused', round);
  assert.equal(rate(), 1);
  assert.equal(rateLimits.ask(CALL).kind, 'wait');
});

test('after a minute without throttling the destination is free again', () => {
  const { rateLimits, now, limits, refuse } = setUp();
  refuse(2);
  now.ms += 60_000;
  rateLimits.ask(CALL);
  assert.equal(rateLimits.list().length, 1);
  now.ms += 1;
  assert.deepEqual([rateLimits.ask(CALL), rateLimits.ask(CALL)], [{ kind: 'go' }, { kind: 'go' }]);
  assert.deepEqual(limits, [`${destination} true`, `${destination} false`]);
  assert.deepEqual(rateLimits.list(), []);
});

test('a destination that nobody calls any more is free after that minute too', () => {
  const { rateLimits, now, limits, refuse } = setUp();
  refuse(2);
  now.ms += 60_001;
  assert.deepEqual([rateLimits.list(), limits], [[], [`${destination} true`, `${destination} false`]]);
});

test('who waits leaves the slot where others want it, and stays otherwise', () => {
  const { rateLimits, others, limitTo } = setUp();
  limitTo(8);
  assert.deepEqual(rateLimits.ask(CALL), { kind: 'wait', ms: 120 });
  others.wait = true;
  assert.deepEqual(rateLimits.ask(CALL), { kind: 'yield', ms: 120 });
});

test('who waits for long looks every second whether others want the slot', () => {
  const { rateLimits, others } = setUp();
  const capped = { ...CALL, bytesPerSecondMax: 1_000, bytes: 4_000 };
  rateLimits.ask(capped);
  assert.deepEqual(rateLimits.ask(capped), { kind: 'wait', ms: 1_000 });
  others.wait = true;
  assert.deepEqual(rateLimits.ask(capped), { kind: 'yield', ms: 3_001 });
});

test('a moment is waited out even where others want the slot', () => {
  const { rateLimits, others, limitTo } = setUp();
  others.wait = true;
  limitTo(100);
  assert.deepEqual(rateLimits.ask(CALL), { kind: 'wait', ms: 10 });
});

test('who waits for a destination that has accepted nothing for ten seconds leaves, even if nobody wants the slot', () => {
  const { rateLimits, now, limitTo, go, tell } = setUp();
  limitTo(10);
  go();
  tell('accepted');
  now.ms += 10_000;
  let permit = rateLimits.ask(CALL);
  while (permit.kind === 'go') permit = rateLimits.ask(CALL);
  assert.equal(permit.kind, 'wait');
  now.ms += 1;
  assert.equal(rateLimits.ask(CALL).kind, 'yield');
  tell('refused');
  assert.equal(rateLimits.ask(CALL).kind, 'yield');
  tell('accepted');
  assert.equal(rateLimits.ask(CALL).kind, 'wait');
});

test("a tenant's cap bounds its bytes, over all that it sends there", () => {
  const { callsIn } = setUp();
  const capped = { ...CALL, bytesPerSecondMax: 10_000 };
  const calls = callsIn(20, capped);
  assert.ok(calls >= 200 && calls <= 212, `${calls} calls of 1,000 bytes in 20 s, the first second's worth at once`);
});

test('a cap smaller than a batch lets the batch go, and makes the next one wait for it', () => {
  const { rateLimits } = setUp();
  const capped = { ...CALL, bytes: 1_000_000, bytesPerSecondMax: 100_000 };
  assert.deepEqual(rateLimits.ask(capped), { kind: 'go' });
  assert.deepEqual(rateLimits.ask(capped), { kind: 'yield', ms: 9_001 });
  assert.deepEqual(rateLimits.ask({ ...capped, type: 'cloudwatch#b' }), { kind: 'go' }, 'each delivery has its own');
});

test('what is remembered is bounded, here and in the threads', () => {
  const { rateLimits, now, limits, refuse } = setUp();
  for (let n = 0; n < 5_000; n++) refuse(1, `logs/${n}/us-east-1`);
  now.ms += 1_000;
  // The first is heard of once more: it is no longer the one to leave.
  for (const n of [0, 5_000, 5_001]) refuse(1, `logs/${n}/us-east-1`);
  assert.equal(rateLimits.list().length, 5_000);
  assert.deepEqual(
    limits.filter((limit) => limit.endsWith('false')),
    ['logs/1/us-east-1 false', 'logs/2/us-east-1 false'],
  );
});

test('a tenant is paced for ten seconds after one of its calls had to wait, and others are not', () => {
  const { rateLimits, now, limitTo } = setUp();
  rateLimits.ask(CALL);
  assert.equal(rateLimits.isPaced(CALL.tenantId), false, 'the call went');
  limitTo(10);
  while (rateLimits.ask(CALL).kind === 'go');
  assert.equal(rateLimits.isPaced(CALL.tenantId), true);
  assert.equal(rateLimits.isPaced('another'), false);
  now.ms += 10_000;
  assert.equal(rateLimits.isPaced(CALL.tenantId), false);
});
