import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unaccounted } from '../../../service/core/counts.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import { countsOf } from '../../support/counts.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { LOGS_PLACE } from '../../support/places.ts';
import {
  DELIVERY,
  failure,
  KEY,
  LEASE_MS,
  messages,
  NOON_MS,
  numbered,
  OBJECT,
  SPREAD,
  setUp,
  TASK,
} from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';

test('an object is delivered chunk by chunk, finished in the ledger, and counted', async (t) => {
  const { deps, stored, item, metrics, scene } = await setUp(t, { records: numbered(25) });
  scene.nowMs = NOON_MS + 30_000;
  const result = await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER);
  const counts = countsOf({ read: 25, delivered: 25 });
  assert.deepEqual(result, {
    type: 'cloudwatch',
    place: { ...LOGS_PLACE, region: 'us-east-1' },
    kind: 'done',
    counts,
    format: 'ndjson',
    accepted: true,
  });
  assert.deepEqual(stored(), messages(25));
  const { state, owner, counts: saved } = { ...(await item()) };
  assert.deepEqual([state, owner, saved], ['done', undefined, counts]);
  const events = (await metrics.events.get()).values.map(({ labels, value }) => [labels.tenant, labels.outcome, value]);
  assert.deepEqual(events, [['acme', 'delivered', 25]]);
  assert.equal((await metrics.messageBytes.get()).values[0]?.value, 25 * 4);
  const lag = (await metrics.lagSeconds.get()).values.find(({ metricName }) => metricName?.endsWith('_sum'));
  assert.equal(lag?.value, 90, 'from the creation of the object to its last event');
});

test('an empty object is done', async (t) => {
  const { deps, item } = await setUp(t);
  const result = await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER);
  assert.deepEqual(result, {
    type: 'cloudwatch',
    place: { ...LOGS_PLACE, region: 'us-east-1' },
    kind: 'done',
    counts: countsOf({}),
    format: 'ndjson',
    accepted: false,
  });
  assert.equal((await item())?.state, 'done');
});

test('what was done before is a duplicate, and nothing is opened or sent for it', async (t) => {
  const { deps, scene, logs } = await setUp(t, { records: numbered(3) });
  await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER);
  const calls = logs.calls.length;
  scene.openObject = () => Promise.reject(new Error('not needed'));
  assert.deepEqual(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER), {
    type: 'cloudwatch',
    kind: 'duplicate',
    counts: countsOf({ read: 3, delivered: 3 }),
  });
  assert.equal(logs.calls.length, calls);
});

test('what another process is at comes back once its lease is over', async (t) => {
  const { deps, scene, logs } = await setUp(t, { records: numbered(3) });
  await deps.ledger.acquire(KEY);
  scene.nowMs += 12_000;
  const { error, counts } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.deepEqual([error.code, error.retryAfterMs, counts], ['lease-held', LEASE_MS - 12_000, countsOf({})]);
  assert.match(error.message, /another process is delivering s3:\/\/central\/logs\/a#e1 to acme\/cloudwatch/);
  assert.deepEqual(logs.calls, []);
});

test('filtered, refused, rejected and quarantined records add up to what was read, and what is not delivered is kept', async (t) => {
  const { deps, scene, logs, stored, quarantined, metrics } = await setUp(t, {
    records: [
      { message: 'delivered', timeMs: NOON_MS, fields: { application: 'api' } },
      { message: 'filtered', timeMs: NOON_MS, fields: { application: 'web' } },
      { message: '', timeMs: NOON_MS, fields: { application: 'api' } },
      { message: 'foreign', timeMs: NOON_MS + 5, fields: { application: 'api', customer_tenant: 'globex' } },
      { message: '{"broken', unparsable: 'not JSON' },
      { message: 'before the epoch', timeMs: -5, fields: { application: 'api' } },
      { message: 'too old for CloudWatch', timeMs: NOON_MS - 1, fields: { application: 'api' } },
      { message: 'without a time', fields: { application: 'api' } },
    ],
  });
  logs.rejections.push({ tooOldLogEventEndIndex: 1 });
  const result = await runDelivery(
    deps,
    TASK,
    buildDelivery({ log_stream_name: 's', desired_logs: ['api'] }),
    UNWATCHED,
    NEVER,
  );
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 8, delivered: 2, filtered: 2, rejected: 2, quarantined: 2 }));
  assert.equal(unaccounted(result.counts), 0);
  // Told on the way, with the bytes of what was sent.
  assert.deepEqual(scene.accounted, { delivered: 2, filtered: 2, rejected: 2, quarantined: 2, messageBytes: 45 - 22 });
  assert.deepEqual(stored(), ['delivered', 'too old for CloudWatch', 'without a time']);

  const common = { object: OBJECT, delivery: 'acme/cloudwatch' };
  assert.deepEqual(quarantined(), [
    {
      ...common,
      record: 3,
      reason: 'foreign_tenant',
      detail: 'customer_tenant names another tenant than the object key',
      timestamp: NOON_MS + 5,
      message: 'foreign',
    },
    // A record without a time of its own gets none in quarantine.
    { ...common, record: 4, reason: 'unparsable', detail: 'not JSON', message: '{"broken' },
    {
      ...common,
      record: 5,
      reason: 'too_old',
      detail: 'CloudWatch Logs takes no event that is more than 14 days old',
      timestamp: -5,
      message: 'before the epoch',
    },
    {
      ...common,
      record: 6,
      reason: 'too_old',
      detail: 'CloudWatch Logs takes no event that is more than 14 days old',
      timestamp: NOON_MS - 1,
      message: 'too old for CloudWatch',
    },
  ]);
  const outcomes = (await metrics.events.get()).values.map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(Object.fromEntries(outcomes), { delivered: 2, rejected: 2, filtered: 2, quarantined: 2 });
  const substituted = (await metrics.timestampsSubstituted.get()).values.map(({ labels, value }) => [
    labels.cause,
    value,
  ]);
  assert.deepEqual(Object.fromEntries(substituted), { missing: 1, unreadable: 0 });
});

test('the position is saved after every chunk but the last, whose end is saved by finishing', async (t) => {
  const { deps, metrics } = await setUp(t, { records: numbered(35) });
  await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER);
  const writes = (await metrics.ledgerWrites.get()).values.map(({ labels, value }) => [labels.operation, value]);
  assert.deepEqual(Object.fromEntries(writes), { acquire: 1, checkpoint: 3, finish: 1 });
});

test('records beyond the names that a chunk may have are told of once for an object, and counted by tenant', async (t) => {
  const names = Array.from({ length: 2 * 2_005 }, (_, at) => ({
    message: `m${at}`,
    timeMs: NOON_MS,
    fields: { application: `a${at % 2_005}` },
  }));
  const { deps, scene, metrics } = await setUp(t, { records: names, decoder: { recordsPerChunk: 2_005 } });
  const send = async () => ({ tooOldBefore: 0, expiredBefore: 0, tooNewFrom: 1e9 });
  const result = await runDelivery({ ...deps, openDestination: () => ({ send }) }, TASK, SPREAD, UNWATCHED, NEVER);
  assert.equal(result.kind, 'done');
  assert.deepEqual(scene.overflowed, ['acme/cloudwatch 5']);
  assert.deepEqual(
    (await metrics.routesOverflowed.get()).values.map(({ labels, value }) => [labels.tenant, value]),
    [['acme', 10]],
  );
});
