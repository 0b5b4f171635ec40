import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOwnCalls } from '../../../../service/run/schedule/own-calls.ts';
import type { Permit, RateLimitAnswer } from '../../../../service/run/schedule/rate-limits.ts';
import { NEVER } from '../../../support/stop-signals.ts';

const call = () => ({
  tenantId: 'acme',
  type: 'cloudwatch',
  destination: 'logs/1/r',
  bytes: 1,
  bytesPerSecondMax: undefined,
});

function setUp(...permits: readonly Permit[]) {
  const answers: RateLimitAnswer[] = [];
  let asked = 0;
  const rateLimits = {
    ask: () => permits[Math.min(asked++, permits.length - 1)] ?? ({ kind: 'go' } as const),
    answered: (answer: RateLimitAnswer) => answers.push(answer),
  };
  return { limiter: createOwnCalls({ rateLimits, nowMs: () => 0 }), answers, asked: () => asked };
}

test('a call to a free destination goes at once, and whatever comes of it starts no rate', async () => {
  const { limiter, answers } = setUp({ kind: 'go' });
  (await limiter.ready(call(), NEVER))('accepted');
  (await limiter.ready(call(), NEVER))('refused');
  assert.deepEqual(answers, []);
});

test('a call takes its turn within a rate, and tells of it', async () => {
  const { limiter, answers, asked } = setUp(
    { kind: 'wait', ms: 1 },
    { kind: 'yield', ms: 1 },
    { kind: 'go', round: 7 },
  );
  (await limiter.ready(call(), NEVER))('refused');
  assert.equal(asked(), 3);
  assert.deepEqual(answers, [{ destination: 'logs/1/r', round: 7, answer: 'refused', acceptedLately: 0 }]);
});

test('a call that was refused does not ask again, and none waits for long', async () => {
  const throttled = { code: 'destination-throttled', message: 'tenant acme: logs/1/r takes no call now' };
  const { limiter } = setUp({ kind: 'go' });
  const refused = call();
  (await limiter.ready(refused, NEVER))('refused');
  await assert.rejects(limiter.ready(refused, NEVER), throttled);
  await assert.rejects(setUp({ kind: 'yield', ms: 20_001 }).limiter.ready(call(), NEVER), throttled);
});

test('a stop ends the wait', async () => {
  const { limiter } = setUp({ kind: 'wait', ms: 19_000 });
  const stop = new AbortController();
  const waiting = limiter.ready(call(), { drain: stop.signal, abort: NEVER.abort });
  stop.abort();
  await assert.rejects(waiting, { code: 'stopping' });
});
