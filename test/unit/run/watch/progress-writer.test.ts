import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DistributorError } from '../../../../service/base/errors.ts';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { createProgressBooks } from '../../../../service/run/stats/progress-books.ts';
import { createProgressWriter } from '../../../../service/run/watch/progress-writer.ts';
import { countsOf } from '../../../support/counts.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { metricsOf } from '../../../support/emf.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { until } from '../../../support/until.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const wants = (tenantId: string) => buildDelivery({ tenant_id: tenantId, progress_events: true });

function setUp(t: TestContext, tenants: readonly string[]) {
  const state = {
    tenants,
    upToMs: (NOON_MS - 5_000) as number | undefined,
    failing: new Set<string>(),
    held: new Set<string>(),
    /** Destinations that do not answer until this resolves. */
    silent: new Map<string, Promise<void>>(),
    monotonicMs: 0,
    lists: 0,
    away: false,
    snapshots: 0,
  };
  const told: { tenant: string; stream: string; values: Record<string, number>; timestamp: number }[] = [];
  const books = createProgressBooks();
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const writer = createProgressWriter({
    listDeliveries: async () => {
      state.lists++;
      if (state.away) throw new DistributorError('tenant-lookup-failed', 'the table is away');
      return state.tenants.map(wants);
    },
    sayTo:
      ({ tenantId }) =>
      async (stream, events) => {
        const silence = state.silent.get(tenantId);
        await silence;
        if (silence || state.failing.has(tenantId)) throw new DistributorError('role-refused', 'no');
        for (const { timestamp, message } of events) {
          const values = Object.fromEntries(metricsOf(message).map(({ name, value }) => [name, value]));
          told.push({ tenant: tenantId, stream, values, timestamp });
        }
      },
    freshness: () => {
      state.snapshots++;
      return { upToMs: () => state.upToMs, oldestMs: () => undefined, open: new Map(), backMs: 0 };
    },
    isHeld: ({ tenantId }) => state.held.has(tenantId),
    books,
    intervalMs: 1,
    task: 'this-one',
    metrics,
    logger,
    nowMs: () => NOON_MS,
    monotonicMs: () => state.monotonicMs,
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const outcomes = async () =>
    Object.fromEntries((await metrics.progressEvents.get()).values.map(({ labels }) => [labels.outcome, true]));
  return { state, told, books, writer, stop, lines, outcomes };
}

test('an idle tenant is told with every interval', async (t) => {
  const { told, writer, stop } = setUp(t, ['idle']);
  const running = writer.run(stop.signal);
  await until(() => told.length >= 3);
  stop.abort();
  await running;
  const values = { DeliveredUpToAge: 5, EventsDelivered: 0, EventsRejected: 0, EventsQuarantined: 0 };
  assert.deepEqual(told[0], {
    tenant: 'idle',
    stream: 'log-distributor/progress',
    values,
    timestamp: NOON_MS,
  });
});

test('what fails is told with the next event, and keeps no other tenant from being told', async (t) => {
  const { state, told, books, writer, stop, outcomes } = setUp(t, ['acme', 'globex']);
  state.failing.add('acme');
  books.ended('acme', {
    lines: [
      { type: 'cloudwatch', kind: 'done', counts: countsOf({ read: 4, delivered: 2, rejected: 1, quarantined: 1 }) },
    ],
  });
  const running = writer.run(stop.signal);
  await until(() => told.filter(({ tenant }) => tenant === 'globex').length >= 2);
  assert.deepEqual(
    told.filter(({ tenant }) => tenant === 'acme'),
    [],
  );
  state.failing.clear();
  await until(() => told.some(({ tenant }) => tenant === 'acme'));
  stop.abort();
  await running;
  const sums = told.filter(({ tenant }) => tenant === 'acme').map(({ values }) => values.EventsDelivered);
  assert.equal(sums[0], 2);
  assert.equal(
    sums.reduce((sum = 0, value = 0) => sum + value, 0),
    2,
  );
  assert.deepEqual(await outcomes(), { written: true, failed: true });
});

test('tenants whose destinations do not answer keep no other tenant from being told', async (t) => {
  const silent = Array.from({ length: 10 }, (_, n) => `silent-${n}`);
  const others = Array.from({ length: 20 }, (_, n) => `other-${n}`);
  // One that does not answer holds a place, and not those that come after it.
  const { state, told, writer, stop } = setUp(t, ['silent-0', ...others]);
  const first = Promise.withResolvers<void>();
  state.silent.set('silent-0', first.promise);
  const running = writer.run(stop.signal);
  await until(() => new Set(told.map(({ tenant }) => tenant)).size === others.length, 'the others are told');
  // More of them than there are places hold nobody up once they are known.
  state.tenants = [...silent, ...others];
  for (const name of silent) state.silent.set(name, Promise.resolve());
  state.monotonicMs += 5 * 60_000;
  first.resolve();
  await until(() => told.filter(({ tenant }) => tenant === 'other-19').length >= 3, 'all have failed once');
  const second = Promise.withResolvers<void>();
  for (const name of silent) state.silent.set(name, second.promise);
  told.length = 0;
  await until(() => told.filter(({ tenant }) => tenant === 'other-19').length >= 4, 'the others are told');
  stop.abort();
  second.resolve();
  await running;
});

test('nobody is told before anything is known of the queue, and no tenant whose destination is left alone', async (t) => {
  const { state, told, writer, stop, outcomes } = setUp(t, ['acme', 'held']);
  state.upToMs = undefined;
  state.held.add('held');
  const running = writer.run(stop.signal);
  await until(() => state.lists === 1);
  state.upToMs = NOON_MS;
  await until(() => told.length >= 2);
  stop.abort();
  await running;
  assert.deepEqual([...new Set(told.map(({ tenant }) => tenant))], ['acme']);
  assert.deepEqual(await outcomes(), { written: true, held: true });
});

test('the table is read every five minutes, and while it cannot be read the same tenants are told', async (t) => {
  const { state, told, writer, stop, lines } = setUp(t, ['acme']);
  const running = writer.run(stop.signal);
  await until(() => told.length >= 2);
  assert.equal(state.lists, 1);
  state.away = true;
  state.monotonicMs += 5 * 60_000;
  // Who could not look it up tries again at the next interval.
  await until(() => state.lists > 2);
  const before = told.length;
  await until(() => told.length > before + 1);
  state.away = false;
  const { lists } = state;
  await until(() => state.lists > lists);
  const after = told.length;
  await until(() => told.length > after + 1);
  stop.abort();
  await running;
  assert.equal(state.lists, lists + 1, 'and not once it has');
  assert.ok(lines.every(({ msg }) => msg === 'whom to tell of progress could not be looked up'));
});

test('the last words have what was delivered since', async (t) => {
  const { told, books, writer, stop } = setUp(t, ['acme']);
  const running = writer.run(stop.signal);
  await until(() => told.length >= 1);
  stop.abort();
  await running;
  books.ended('acme', { lines: [{ type: 'cloudwatch', kind: 'done', counts: countsOf({ read: 1, delivered: 1 }) }] });
  await writer.last(new AbortController().signal);
  assert.equal(told.at(-1)?.values.EventsDelivered, 1);
});

test('however many cannot be told, all tenants are looked at once in a round', async (t) => {
  const many = Array.from({ length: 50 }, (_, n) => `refuses-${n}`);
  const { state, told, writer, stop } = setUp(t, [...many, 'well']);
  for (const tenant of many) state.failing.add(tenant);
  const running = writer.run(stop.signal);
  await until(() => told.length >= 5, 'some rounds are over');
  stop.abort();
  await running;
  // The last round may have been ended before its end.
  assert.ok(state.snapshots <= told.length + 1, `${state.snapshots} in ${told.length} rounds`);
});
