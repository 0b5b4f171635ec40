import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_HISTORY } from '../../../../service/core/history.ts';
import { createFreshness } from '../../../../service/run/queue/freshness.ts';
import type { MessageInFlight } from '../../../../service/run/queue/in-flight.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const MINUTE = 60_000;

function setUp() {
  const now = { ms: NOON_MS, watermarkMs: NOON_MS as number | undefined };
  const calls: string[] = [];
  const freshness = createFreshness({ nowMs: () => now.ms, watermarkMs: () => now.watermarkMs });
  const held: MessageInFlight = {
    message: {
      id: 'm',
      receipt: 'r',
      body: '',
      receiveCount: 1,
      sentMs: NOON_MS,
      history: NO_HISTORY,
    },
    signal: new AbortController().signal,
    remove: async () => {
      calls.push('remove');
    },
    release: async (seconds) => {
      calls.push(`release ${seconds}`);
    },
    renew: async (_history, seconds) => {
      calls.push(`renew ${seconds}`);
    },
  };
  const follow = (tenant: string, agoMs: number) => freshness.follow(held, [{ tenant, announcedMs: NOON_MS - agoMs }]);
  /** How many minutes before noon the tenant's logs are delivered up to. */
  const behind = (tenant: string) => {
    const upToMs = freshness.snapshot().upToMs(tenant);
    return upToMs === undefined ? undefined : (NOON_MS - upToMs) / MINUTE;
  };
  return { now, calls, freshness, held, follow, behind };
}

test('a tenant that nothing is open for is delivered up to where the queue is read', () => {
  const { behind, now } = setUp();
  assert.equal(behind('idle'), 0);
  now.watermarkMs = NOON_MS - 5 * MINUTE;
  assert.equal(behind('idle'), 5);
  now.watermarkMs = undefined;
  assert.equal(behind('idle'), undefined);
});

test("the oldest object in flight holds its tenant's watermark, and nobody else's, until its message is removed", async () => {
  const { follow, behind, calls } = setUp();
  const old = follow('acme', 10 * MINUTE);
  const young = follow('acme', MINUTE);
  assert.deepEqual([behind('acme'), behind('globex')], [10, 0]);
  await old.remove();
  assert.equal(behind('acme'), 1);
  await young.remove();
  assert.equal(behind('acme'), 0);
  assert.deepEqual(calls, ['remove', 'remove']);
});

test('the oldest object that is in flight or away is known, wherever the queue is read to, until it comes back', async () => {
  const { freshness, follow, now } = setUp();
  const oldest = () => freshness.snapshot().oldestMs('acme');
  assert.equal(oldest(), undefined);
  now.watermarkMs = undefined;
  const old = follow('acme', 10 * MINUTE);
  const young = follow('acme', MINUTE);
  assert.equal(oldest(), NOON_MS - 10 * MINUTE);
  await old.remove();
  await young.release(60);
  assert.equal(oldest(), NOON_MS - MINUTE);
  now.ms += 2 * MINUTE;
  assert.equal(oldest(), undefined);
});

test('every object of a message counts for its own tenant', () => {
  const { freshness, held, behind } = setUp();
  freshness.follow(held, [
    { tenant: 'acme', announcedMs: NOON_MS - 3 * MINUTE },
    { tenant: 'globex', announcedMs: NOON_MS - 7 * MINUTE },
  ]);
  assert.deepEqual([behind('acme'), behind('globex')], [3, 7]);
});

for (const way of ['release', 'renew'] as const) {
  test(`a message that was handed back by ${way} holds the watermark until the queue is read beyond its return`, async () => {
    const { follow, behind, now, calls } = setUp();
    const message = follow('acme', 20 * MINUTE);
    await (way === 'release' ? message.release(600) : message.renew(NO_HISTORY, 600));
    assert.deepEqual(calls, [`${way} 600`]);
    assert.equal(behind('acme'), 20);
    now.ms += 12 * MINUTE;
    assert.equal(behind('acme'), 20, 'it is back, and nobody may have received it yet');
    now.watermarkMs = NOON_MS + 10 * MINUTE;
    assert.equal(behind('acme'), 20, 'it comes back within ten seconds');
    now.watermarkMs = NOON_MS + 10.5 * MINUTE;
    assert.equal(behind('acme'), -10.5);
  });
}

test('a message is in flight until SQS has it back, and its time away begins then', async () => {
  const { freshness, held, behind, now } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = { ...held, release: () => promise };
  const given = freshness.follow(slow, [{ tenant: 'acme', announcedMs: NOON_MS - 20 * MINUTE }]).release(60);
  now.ms += 2 * MINUTE;
  now.watermarkMs = now.ms;
  assert.equal(behind('acme'), 20);
  resolve();
  await given;
  now.watermarkMs = now.ms + 0.5 * MINUTE;
  assert.equal(behind('acme'), 20);
  now.watermarkMs = now.ms + 1.5 * MINUTE;
  assert.equal(behind('acme'), -3.5);
});

test('a message that comes back here holds the watermark from hand to hand', async () => {
  const { follow, behind, now } = setUp();
  await follow('acme', 20 * MINUTE).release(60);
  const again = follow('acme', 20 * MINUTE);
  now.watermarkMs = NOON_MS + 5 * MINUTE;
  assert.equal(behind('acme'), 20);
  await again.remove();
  assert.equal(behind('acme'), -5);
});

test('a backlog that is handed back again and again does not hold what has come back long ago', async () => {
  const { follow, behind, now } = setUp();
  await follow('flood', 60 * MINUTE).release(60);
  for (let minute = 1; minute <= 10; minute++) {
    now.ms += MINUTE;
    await follow('flood', 10 * MINUTE).release(300);
  }
  now.watermarkMs = NOON_MS + 3 * MINUTE;
  assert.equal(behind('flood'), 10);
});

test('a message that is away for longer than any should be joins those of an hour, and is forgotten then', async () => {
  const { follow, behind, now } = setUp();
  await follow('acme', MINUTE).release(43_200);
  now.watermarkMs = NOON_MS + 66 * MINUTE;
  assert.equal(behind('acme'), 1);
  now.watermarkMs = NOON_MS + 67 * MINUTE;
  assert.equal(behind('acme'), -67);
});

test('where nobody looks and the queue is not read, what came back first holds on with what comes next, and nothing is let go', async () => {
  const { follow, behind, now } = setUp();
  now.watermarkMs = undefined;
  await follow('acme', 60 * MINUTE).release(0);
  // One for each ten seconds of an hour and more: as many as are kept apart.
  for (let n = 1; n <= 400; n++) {
    now.ms += 10_000;
    await follow('acme', MINUTE).release(0);
  }
  now.watermarkMs = NOON_MS + 10_000;
  assert.equal(behind('acme'), 60, 'the first one has joined the second');
  now.watermarkMs = NOON_MS + 20_000;
  assert.equal(behind('acme'), 1);
});

test('where nobody looks, what has come back is forgotten as others go', async () => {
  const { follow, behind, now } = setUp();
  await follow('acme', 60 * MINUTE).release(0);
  for (let n = 1; n <= 400; n++) {
    now.ms += 10_000;
    now.watermarkMs = now.ms;
    await follow('acme', MINUTE).release(0);
  }
  // The queue's watermark goes back where an older message turns up: what was forgotten stays so.
  now.watermarkMs = NOON_MS;
  assert.equal(behind('acme'), 1);
});

test("messages away of ten thousand tenants each hold their tenant's watermark", async () => {
  const { follow, behind } = setUp();
  for (let n = 0; n < 10_000; n++) await follow(`t${n}`, 10 * MINUTE).release(60);
  assert.deepEqual([behind('t0'), behind('t9999'), behind('idle')], [10, 10, 0]);
});
