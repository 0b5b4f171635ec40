import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { canaryDueMs, canaryKey } from '../../../../service/core/canary.ts';
import { compileKeyTemplate } from '../../../../service/core/object-key.ts';
import { createFleetLease } from '../../../../service/ledger/fleet-lease.ts';
import { createLedger } from '../../../../service/ledger/ledger.ts';
import { CANARY_LEASE, createCanaryWriter } from '../../../../service/run/watch/canary-writer.ts';
import { LEDGER_TABLE, startDynamo } from '../../../support/dynamo.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { until } from '../../../support/until.ts';

const INTERVAL_MS = 60_000;
const LEASE_MS = 3_000;
const keyTemplate = compileKeyTemplate('logs/{tenant_id}/');

/** Writers of several processes at one bucket and one real ledger; the bucket takes each key once. */
async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const bucket = new Map<string, string>();
  const state = { tenants: ['acme', 'globex'], down: false, aheadMs: 0, puts: 0, silent: false, asked: 0 };
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const nowMs = () => Date.now() + state.aheadMs;
  let owners = 0;

  const start = () => {
    const stop = new AbortController();
    const writer = createCanaryWriter({
      listTenants: async (signal) => {
        if (state.silent) {
          state.asked++;
          const { promise, reject } = Promise.withResolvers<never>();
          signal.addEventListener('abort', () => reject(signal.reason));
          return promise;
        }
        return state.tenants;
      },
      put: async (key, body) => {
        state.puts++;
        if (state.down) throw new Error('the bucket is away');
        if (bucket.has(key)) return 'exists';
        bucket.set(key, body);
        return 'written';
      },
      keyTemplate,
      intervalMs: INTERVAL_MS,
      lease: createFleetLease({
        ...CANARY_LEASE,
        ledger: createLedger({
          dynamo: dynamo.calls,
          table: LEDGER_TABLE,
          leaseMs: LEASE_MS,
          // Of the real time: who waits for the lease does so too.
          nowMs: Date.now,
          newOwner: () => `owner-${++owners}`,
          onWrite: () => {},
        }),
        learnTime: async () => {},
        leaseMs: LEASE_MS,
        onTrouble: ({ message }) => logger.warn(message),
        random: () => 0,
        monotonicMs: () => performance.now(),
      }),
      leaseMs: LEASE_MS,
      metrics,
      logger,
      nowMs,
    });
    const running = writer.run(stop.signal);
    const end = async () => {
      stop.abort();
      await running;
    };
    t.after(end);
    return { writer, end };
  };
  /** Until so many have begun to write, one after another: what is due from then on is written. */
  const untilWriters = (count: number) =>
    until(() => lines.filter(({ msg }) => /writes the canaries/.test(msg)).length === count, `${count} have written`);
  const keysOfNow = () => {
    const now = nowMs();
    return state.tenants.map((tenant) => canaryKey(keyTemplate, tenant, canaryDueMs(tenant, INTERVAL_MS, now)));
  };
  /** Until the canaries of the current interval are in the bucket. */
  const untilWritten = () => until(() => keysOfNow().every((key) => bucket.has(key)), 'the canaries are written');
  const outcomes = async () =>
    Object.fromEntries((await metrics.canaries.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  return { bucket, state, lines, start, untilWriters, untilWritten, outcomes };
}

test('each tenant gets one canary in each interval, from one process of several', async (t) => {
  const { bucket, state, start, untilWriters, untilWritten, outcomes } = await setUp(t);
  const all = [start(), start(), start()];
  await untilWriters(1);
  for (let interval = 0; interval < 2; interval++) {
    state.aheadMs += INTERVAL_MS;
    await untilWritten();
  }
  assert.deepEqual(all.map(({ writer }) => writer.written.size).sort(), [0, 0, 2]);
  assert.equal(state.puts, bucket.size, 'nobody tried what another had written');
  assert.deepEqual(await outcomes(), { written: bucket.size });
});

test('when the one that writes ends, another goes on', async (t) => {
  const { state, start, untilWriters, untilWritten } = await setUp(t);
  const first = start();
  await untilWriters(1);
  state.aheadMs += INTERVAL_MS;
  await untilWritten();
  const second = start();
  await first.end();
  assert.equal(first.writer.written.size, 0);
  await untilWriters(2);
  state.aheadMs += INTERVAL_MS;
  await untilWritten();
  assert.equal(second.writer.written.size, 2);
});

test('a tenant that is no longer listed gets no more canaries, and is no longer told of', async (t) => {
  const { bucket, state, start, untilWriters, untilWritten } = await setUp(t);
  const { writer } = start();
  await untilWriters(1);
  state.aheadMs += INTERVAL_MS;
  await untilWritten();
  assert.deepEqual([...writer.written.keys()].sort(), ['acme', 'globex']);
  state.tenants = ['acme'];
  const ofGlobex = () => [...bucket.keys()].filter((key) => key.includes('/globex/')).length;
  const before = ofGlobex();
  state.aheadMs += INTERVAL_MS;
  await untilWritten();
  assert.deepEqual([...writer.written.keys()], ['acme']);
  assert.equal(ofGlobex(), before);
});

test('a bucket that is away costs the canaries of that time, and a warning for each', async (t) => {
  const { state, lines, start, untilWriters, untilWritten, outcomes } = await setUp(t);
  start();
  await untilWriters(1);
  state.down = true;
  state.aheadMs += INTERVAL_MS;
  await until(async () => ((await outcomes()).failed ?? 0) >= 2, 'two canaries could not be written');
  assert.ok(lines.some(({ msg, tenant }) => tenant === 'globex' && /could not be written/.test(msg)));
  state.down = false;
  state.aheadMs += INTERVAL_MS;
  await untilWritten();
});

test('a writer that stops while the table says nothing ends at once, without a complaint, and gives the lease back', async (t) => {
  const { state, lines, start, untilWriters } = await setUp(t);
  state.silent = true;
  const { end } = start();
  await until(() => state.asked > 0, 'the table is asked');
  await end();
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['this process writes the canaries from now on'],
  );
  state.silent = false;
  start();
  await untilWriters(2);
});
