import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LimitAnswer, RateLimitedCall } from '../../../../service/delivery/rate-limiter.ts';
import type { Permit, RateLimitAnswer } from '../../../../service/run/schedule/rate-limits.ts';
import { createWorkerRateLimits } from '../../../../service/run/threads/worker-rate-limits.ts';
import { CALL } from '../../../support/rate-limiter.ts';
import { NEVER } from '../../../support/stop-signals.ts';

/** A thread's rate limits whose questions get the answers that the test has prepared. */
function setUp(...answers: Permit[]) {
  const now = { ms: 0 };
  const asked: RateLimitedCall[] = [];
  const told: RateLimitAnswer[] = [];
  const waits: { readonly ms: number; end(): void }[] = [];
  const rateLimiter = createWorkerRateLimits({
    ask: async (call) => {
      asked.push(call);
      return answers.shift() ?? { kind: 'go' };
    },
    tell: (answer) => {
      told.push(answer);
    },
    nowMs: () => now.ms,
    wait: (ms, signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waits.push({ ms, end: resolve });
      signal.addEventListener('abort', () => resolve());
      return promise;
    },
  });
  return { rateLimiter, asked, told, now, waits };
}

test('calls to a destination that is free go without a question', async () => {
  const { rateLimiter, asked } = setUp();
  await rateLimiter.ready(CALL, NEVER);
  assert.deepEqual(asked, []);
});

test('calls to a limited destination, and those with a cap, ask before they go', async () => {
  const { rateLimiter, asked } = setUp();
  const capped = { ...CALL, destination: 'logs/2/us-east-1', bytesPerSecondMax: 5_000 };
  await rateLimiter.ready(capped, NEVER);
  rateLimiter.limit(CALL.destination, true);
  await rateLimiter.ready(CALL, NEVER);
  assert.deepEqual(asked, [capped, CALL]);
  rateLimiter.limit(CALL.destination, false);
  await rateLimiter.ready(CALL, NEVER);
  assert.equal(asked.length, 2);
});

test('a call that is told to wait asks again after that, not sooner', async () => {
  const { rateLimiter, asked, waits } = setUp({ kind: 'wait', ms: 50 }, { kind: 'wait', ms: 70 });
  rateLimiter.limit(CALL.destination, true);
  const ready = rateLimiter.ready(CALL, NEVER);
  for (const round of [1, 2]) {
    for (let n = 0; n < 10; n++) await turn();
    assert.equal(asked.length, round);
    waits[round - 1]?.end();
  }
  await ready;
  assert.equal(asked.length, 3);
  assert.deepEqual(
    waits.map(({ ms }) => ms),
    [50, 70],
  );
});

test('who is told to yield leaves with the time after which there is something to do', async () => {
  const { rateLimiter } = setUp({ kind: 'yield', ms: 9_001 });
  rateLimiter.limit(CALL.destination, true);
  await assert.rejects(rateLimiter.ready(CALL, NEVER), {
    code: 'destination-throttled',
    retryAfterMs: 9_001,
    message: 'tenant acme: logs/1/us-east-1 can be called again in 10 s; the position is saved',
  });
});

test('a stop ends the wait at once', async () => {
  const { rateLimiter } = setUp({ kind: 'wait', ms: 60_000 });
  rateLimiter.limit(CALL.destination, true);
  const drain = new AbortController();
  const ready = rateLimiter.ready(CALL, { ...NEVER, drain: drain.signal });
  ready.catch(() => {});
  await turn();
  drain.abort();
  await assert.rejects(ready, { code: 'stopping' });
});

test('of a free destination only refusals are reported, with how many calls were accepted in a second', async () => {
  const { rateLimiter, told, now } = setUp();
  const call = async (times: number, answer: LimitAnswer) => {
    for (let n = 0; n < times; n++) (await rateLimiter.ready(CALL, NEVER))(answer);
  };
  await call(30, 'accepted');
  now.ms = 1_000;
  await call(10, 'accepted');
  await call(1, 'refused');
  await call(50, 'accepted');
  await call(1, 'refused');
  now.ms = 9_000;
  await call(1, 'refused');
  const { destination } = CALL;
  // Of the second before, or of this one if it has more.
  assert.deepEqual(told, [
    { destination, answer: 'refused', acceptedLately: 30 },
    { destination, answer: 'refused', acceptedLately: 60 },
    { destination, answer: 'refused', acceptedLately: 0 },
  ]);
});

test('every answer to a call that has a round is reported with it', async () => {
  const { rateLimiter, told } = setUp({ kind: 'go', round: 7 }, { kind: 'go', round: 8 }, { kind: 'go' });
  rateLimiter.limit(CALL.destination, true);
  const calls = [
    await rateLimiter.ready(CALL, NEVER),
    await rateLimiter.ready(CALL, NEVER),
    await rateLimiter.ready(CALL, NEVER),
  ];
  for (const [n, answered] of calls.entries()) answered(n === 1 ? 'refused' : 'accepted');
  assert.deepEqual(
    told.map(({ round, answer }) => [round, answer]),
    [
      [7, 'accepted'],
      [8, 'refused'],
    ],
  );
});
