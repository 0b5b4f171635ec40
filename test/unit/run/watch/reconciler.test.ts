import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMetrics } from '../../../../service/base/metrics.ts';
import type { FleetLease, HeldLease } from '../../../../service/ledger/fleet-lease.ts';
import { createReconciler } from '../../../../service/run/watch/reconciler.ts';
import { type GeneratedObject, generatedBucket } from '../../../support/listing.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { setUpReconcile } from '../../../support/reconcile-scene.ts';
import { until } from '../../../support/until.ts';

const MINUTE = 60_000;
const NOON_MS = Date.UTC(2026, 0, 31, 12);
const INTERVAL_MS = 60 * MINUTE;

/** A reconciler that has the lease, with what was saved beside it. */
function setUp(t: TestContext, saved: string, objects: readonly GeneratedObject[]) {
  const { deps, fleet } = setUpReconcile(generatedBucket(() => objects).calls, NOON_MS);
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const stop = new AbortController();
  const state = { saved, broken: false };
  const announced: string[] = [];
  const lease: FleetLease = {
    async run(work, signal) {
      const held: HeldLease = {
        signal,
        saved,
        check: () => signal.throwIfAborted(),
        save: async (text) => {
          state.saved = text;
        },
      };
      await work(held).catch(() => {});
    },
  };
  const reconciler = createReconciler({
    lease,
    readFleet: async () => {
      if (state.broken) throw new Error('the table is away');
      return deps.fleet;
    },
    passDeps: () => ({
      ...deps,
      announcer: {
        ready: async () => true,
        async send(refs) {
          announced.push(...refs.map(({ key }) => key));
          return { failed: [], code: '' };
        },
      },
      marks: { claim: async () => 'claimed', giveBack: async () => {} },
      nowMs: () => NOON_MS,
    }),
    limits: { graceMs: 15 * MINUTE, lateMs: 0 },
    intervalMs: INTERVAL_MS,
    metrics,
    logger,
    nowMs: () => NOON_MS,
  });
  const start = () => {
    const running = reconciler.run(stop.signal);
    t.after(async () => {
      stop.abort();
      await running;
    });
    return running;
  };
  return { reconciler, metrics, lines, state, announced, fleet, start, stop };
}

const object = (minutes: number): GeneratedObject => ({
  key: `logs/tenant_id=acme/${minutes}`,
  lastModifiedMs: NOON_MS - minutes * MINUTE,
});
const at = (minutes: number) => NOON_MS - minutes * MINUTE;
const stateOf = (toMinutes: number, endedMinutes: number) =>
  JSON.stringify({ toMs: at(toMinutes), pending: {}, endedMs: at(endedMinutes) });

test('it goes on where the last process has saved, and tells how far it is', async (t) => {
  const { reconciler, metrics, lines, state, announced, start } = setUp(t, stateOf(90, 75), [object(80), object(100)]);
  assert.equal(reconciler.look(), undefined);
  start();
  await until(() => lines.some(({ msg }) => msg === 'objects of the bucket were lost'), 'a comparison has ended');
  assert.deepEqual(announced, ['logs/tenant_id=acme/80']);
  assert.deepEqual(JSON.parse(state.saved), { toMs: at(15), pending: { acme: at(80) }, endedMs: NOON_MS });
  assert.deepEqual(reconciler.look(), {
    endedMs: NOON_MS,
    upToMs: at(80),
    overdueMs: 0,
    withheldObjects: 0,
    withheldMs: undefined,
  });
  const { values } = await metrics.reconciled.get();
  assert.deepEqual(
    values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.outcome, value]),
    [['missing', 1]],
  );
});

test('where nobody has compared before, it begins with what is written from now on', async (t) => {
  const { lines, state, announced, start } = setUp(t, '', [object(20), object(80)]);
  start();
  await until(() => lines.some(({ msg }) => /was compared/.test(String(msg))), 'a comparison has ended');
  assert.deepEqual([announced, JSON.parse(state.saved).toMs], [[], NOON_MS]);
});

test('where it begins is saved before anything is compared: whoever takes over begins there too', async (t) => {
  const first = setUp(t, '', [object(20)]);
  first.state.broken = true;
  first.start();
  await until(() => first.state.saved !== '', 'it is saved');
  assert.deepEqual(JSON.parse(first.state.saved), { toMs: NOON_MS, pending: {}, endedMs: 0 });

  const next = setUp(t, JSON.stringify({ toMs: at(90), pending: {}, endedMs: 0 }), [object(80), object(100)]);
  next.start();
  await until(() => next.announced.length > 0, 'it announces');
  assert.deepEqual(next.announced, ['logs/tenant_id=acme/80']);
});

test('a comparison that is not due is not made, and one that fails is told of and overdue', async (t) => {
  const early = setUp(t, stateOf(30, 10), [object(80)]);
  early.start();
  await until(() => early.reconciler.look() !== undefined, 'it has the lease');
  assert.deepEqual(early.reconciler.look(), {
    endedMs: at(10),
    upToMs: at(30),
    overdueMs: 0,
    withheldObjects: 0,
    withheldMs: undefined,
  });
  const broken = setUp(t, stateOf(300, 200), []);
  broken.state.broken = true;
  broken.start();
  await until(
    () => broken.lines.some(({ msg }) => /could not be compared.*the table is away/.test(String(msg))),
    'it tells of it',
  );
  assert.equal(broken.reconciler.look()?.overdueMs, 140 * MINUTE);
});

test('in a process without the lease there is nothing to tell', async (t) => {
  const { reconciler, stop, start } = setUp(t, stateOf(30, 10), []);
  const running = start();
  await until(() => reconciler.look() !== undefined, 'it has the lease');
  stop.abort();
  await running;
  assert.equal(reconciler.look(), undefined);
});

test('it stops where so much is missing that the ledger may be wrong, says so, and does not look again at once', async (t) => {
  const objects = Array.from({ length: 101 }, (_, n) => ({ key: `logs/tenant_id=acme/${n}`, lastModifiedMs: at(80) }));
  const { reconciler, lines, state, announced, start } = setUp(t, stateOf(90, 75), objects);
  start();
  await until(() => lines.some(({ msg }) => /until a person decides/.test(String(msg))), 'it says so');
  assert.deepEqual(announced, []);
  const withheld = { objects: 101, compared: 101, toMs: at(15), sinceMs: NOON_MS, atMs: NOON_MS };
  assert.deepEqual(JSON.parse(state.saved), { ...JSON.parse(stateOf(90, 75)), withheld });
  const view = reconciler.look();
  assert.deepEqual([view?.withheldObjects, view?.endedMs], [101, at(75)]);
  const [said] = lines.filter(({ msg }) => /until a person decides/.test(String(msg)));
  assert.deepEqual([said?.level, said?.withheld, said?.compared], [50, 101, 101]);
  // Whoever takes over knows of it, and waits for the next comparison as well.
  const next = setUp(t, state.saved, objects);
  next.start();
  await until(() => next.reconciler.look() !== undefined, 'it has the lease');
  assert.equal(next.reconciler.look()?.withheldObjects, 101);
  assert.equal(next.reconciler.look()?.overdueMs, 0, 'it came to an end, though nothing was announced');
});
