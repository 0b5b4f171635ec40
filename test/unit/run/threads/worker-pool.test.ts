import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DistributorError } from '../../../../service/base/errors.ts';
import { readSettings } from '../../../../service/base/settings.ts';
import type { ObjectTask } from '../../../../service/delivery/destination.ts';
import { createThreadRules } from '../../../../service/run/threads/rules.ts';
import { createWorkerPool, type ObjectListener } from '../../../../service/run/threads/worker-pool.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { until } from '../../../support/until.ts';

const never = new AbortController().signal;
/** A ping every five seconds, and the twelfth that is not answered is one too many. */
const PING_MS = 5_000;
const PINGS_TO_THE_END = 13;
const NOTHING_HELD = { held: [], probes: [] };

function taskOf(key: string, tenantId = 'acme'): ObjectTask {
  return { ref: { bucket: 'b', key, version: 'v' }, keyFields: { tenant_id: tenantId } } as ObjectTask;
}

/** Real threads that run what goes wrong in real ways; pings pass when the test says so. */
function setUp(t: TestContext, threads: number) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { logger, lines } = createTestLogger();
  const seen = {
    restarts: 0,
    hopeless: [] as DistributorError[],
    accounted: [] as (readonly [tenant: string, delivered: number, filtered: number, messageBytes: number])[],
    nowMs: 0,
  };
  const rules = createThreadRules();
  const pool = createWorkerPool({
    settings: readSettings({
      SQS_QUEUE_URL: 'http://127.0.0.1/1/queue',
      DLQ_URL: 'http://127.0.0.1/1/dead',
      WORKER_THREADS: String(threads),
    }),
    script: new URL('../../../support/odd-worker.ts', import.meta.url),
    logger,
    rateLimits: { ask: () => ({ kind: 'go' }), answered: () => {} },
    rules,
    onAccounted: ({ keyFields }, { delivered, filtered, messageBytes }) => {
      seen.accounted.push([keyFields.tenant_id, delivered, filtered, messageBytes]);
    },
    onRestart: () => seen.restarts++,
    onHopeless: (error) => seen.hopeless.push(error),
    nowMs: () => seen.nowMs,
  });
  t.after(() => pool.close());
  const heard: string[] = [];
  const listener: ObjectListener = {
    unanswered: ({ type, forMs }) => heard.push(`${type} unanswered for ${forMs}`),
    answered: (type) => heard.push(`${type} answered`),
    delivered: () => heard.push('delivered'),
  };
  const deliver = async (key: string, signal = never) =>
    (await pool.deliver(taskOf(key), NOTHING_HELD, signal, listener)).lines[0];
  return { pool, rules, seen, lines, heard, deliver, ping: () => t.mock.timers.tick(PING_MS) };
}

for (const manner of ['hangs in JavaScript', 'hangs in WebAssembly']) {
  test(`a thread that ${manner} is ended: its object comes again later, and a new thread works on`, async (t) => {
    const { seen, lines, deliver, ping } = setUp(t, 1);
    const report = deliver(manner);
    for (let pings = 0; pings < PINGS_TO_THE_END; pings++) ping();
    assert.equal((await report)?.code, 'worker-lost');
    assert.equal((await deliver('a'))?.kind, 'done');
    assert.equal(seen.restarts, 1);
    assert.ok(lines.some(({ msg }) => msg === 'a worker thread does not answer; it is ended and replaced'));
  });
}

for (const manner of ['takes all memory', 'throws']) {
  test(`a thread that ${manner} costs its object a retry, not the process`, async (t) => {
    const { seen, deliver } = setUp(t, 1);
    assert.equal((await deliver(manner))?.code, 'worker-lost');
    assert.equal((await deliver('a'))?.kind, 'done');
    assert.equal(seen.restarts, 1);
  });
}

test('a thread that is heard of now and then is left alone, and so are the others when one is ended', async (t) => {
  const { pool, seen, deliver, ping } = setUp(t, 2);
  // Among equals the first one's thread is chosen: it is the one that is heard of.
  const fine = deliver('waits');
  const stuck = deliver('hangs in JavaScript');
  for (let pings = 0; pings < PINGS_TO_THE_END; pings++) {
    if (pings % 5 === 0) assert.equal((await deliver('a'))?.kind, 'done');
    ping();
  }
  assert.equal((await stuck)?.code, 'worker-lost');
  assert.equal(seen.restarts, 1);
  pool.drain();
  assert.equal((await fine)?.code, 'stopping');
});

test('threads that end one after another end the process', async (t) => {
  const { seen, deliver } = setUp(t, 1);
  for (let deaths = 0; deaths < 11; deaths++) await deliver('throws');
  await until(() => seen.hopeless.length > 0, 'the pool gives up');
  assert.equal(seen.hopeless[0]?.code, 'invariant-broken');
});

test('an object that is given up tells why, and one that was given up before is not begun', async (t) => {
  const { deliver } = setUp(t, 1);
  const abort = new AbortController();
  const report = deliver('waits', abort.signal);
  abort.abort(new DistributorError('stopping', 'twelve hours'));
  assert.deepEqual([(await report)?.code, (await deliver('a', abort.signal))?.code], ['stopping', 'stopping']);
});

test('objects are spread over the threads, and metrics come from all of them', async (t) => {
  const { pool, deliver } = setUp(t, 2);
  const reports = [deliver('waits'), deliver('waits'), deliver('waits'), deliver('waits')];
  assert.deepEqual(
    pool.work().map(({ length }) => length),
    [2, 2],
  );
  assert.deepEqual(await pool.metrics(), [[{ name: 'one' }], [{ name: 'one' }]]);
  pool.drain();
  for (const report of reports) assert.equal((await report)?.code, 'stopping');
});

test('what each thread is at is known, with how far it has come, while it is at it and no longer', async (t) => {
  const { pool, seen, deliver, ping } = setUp(t, 1);
  const report = deliver('waits');
  seen.nowMs += 7_000;
  const at = { object: 's3://b/waits#v', tenant: 'acme', seconds: 7 };
  assert.deepEqual(pool.work(), [[{ ...at, records: 0 }]]);
  ping();
  ping();
  await until(() => pool.work()[0]?.[0]?.records === 10, 'two pings are answered');
  assert.deepEqual(seen.accounted, [
    ['acme', 0, 5, 0],
    ['acme', 0, 5, 0],
  ]);
  pool.drain();
  await report;
  assert.deepEqual(pool.work(), [[]]);
});

test('what an object came to at its end is accounted before its report', async (t) => {
  const { seen, deliver } = setUp(t, 1);
  await deliver('a');
  assert.deepEqual(seen.accounted, [['acme', 3, 0, 30]]);
});

test('whoever gave an object hears of its calls without an answer, of the answers, and of what was delivered', async (t) => {
  const { heard, deliver } = setUp(t, 1);
  await deliver('gets its answer late');
  assert.deepEqual(heard, ['cloudwatch unanswered for 300', 'cloudwatch answered', 'delivered']);
});

test('every thread, also one that is made later, knows the places that do not answer', async (t) => {
  const { rules, deliver } = setUp(t, 1);
  rules.holdPlace('logs/eu-west-1', { message: 'nobody answers', retryAfterMs: 5_000 });
  assert.equal((await deliver('held places'))?.message, 'logs/eu-west-1');
  assert.equal((await deliver('throws'))?.code, 'worker-lost');
  assert.equal((await deliver('held places'))?.message, 'logs/eu-west-1');
  rules.holdPlace('logs/eu-west-1', undefined);
  assert.equal((await deliver('held places'))?.message, '');
});
