import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { unaccounted } from '../../../service/core/counts.ts';
import { type DeliveryResult, runDelivery } from '../../../service/delivery/run-delivery.ts';
import { awsError } from '../../support/aws-error.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { LEDGER_TABLE } from '../../support/dynamo.ts';
import { progressOf } from '../../support/progress.ts';
import { LEASE_MS, NEVER, NOON_MS, numbered, OBJECT, setUp, TASK } from '../../support/scene.ts';
import { until } from '../../support/until.ts';

const DELIVERY = buildDelivery({ log_stream_name: 's' });
const KEY = { object: OBJECT, delivery: 'acme/cloudwatch' };
const messages = (count: number) => numbered(count).map(({ message }) => message);
const countsOf = (counts: Partial<Record<'read' | 'delivered' | 'filtered' | 'rejected' | 'quarantined', number>>) => ({
  read: 0,
  delivered: 0,
  filtered: 0,
  rejected: 0,
  quarantined: 0,
  ...counts,
});

function failure(result: DeliveryResult) {
  assert.ok(result.kind === 'failed', result.kind);
  return result;
}

test('an object is delivered chunk by chunk, finished in the ledger, and counted', async (t) => {
  const { deps, stored, item, metrics, scene } = await setUp(t, { records: numbered(25) });
  scene.nowMs = NOON_MS + 30_000;
  const result = await runDelivery(deps, TASK, DELIVERY, NEVER);
  const counts = countsOf({ read: 25, delivered: 25 });
  assert.deepEqual(result, { type: 'cloudwatch', kind: 'done', counts, format: 'ndjson', accepted: true });
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
  const result = await runDelivery(deps, TASK, DELIVERY, NEVER);
  assert.deepEqual(result, {
    type: 'cloudwatch',
    kind: 'done',
    counts: countsOf({}),
    format: 'ndjson',
    accepted: false,
  });
  assert.equal((await item())?.state, 'done');
});

test('what was done before is a duplicate, and nothing is opened or sent for it', async (t) => {
  const { deps, scene, logs } = await setUp(t, { records: numbered(3) });
  await runDelivery(deps, TASK, DELIVERY, NEVER);
  const calls = logs.calls.length;
  scene.openObject = () => Promise.reject(new Error('not needed'));
  assert.deepEqual(await runDelivery(deps, TASK, DELIVERY, NEVER), {
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
  const { error, counts } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
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
  const result = await runDelivery(deps, TASK, buildDelivery({ log_stream_name: 's', desired_logs: ['api'] }), NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 8, delivered: 2, filtered: 2, rejected: 1, quarantined: 3 }));
  assert.equal(unaccounted(result.counts), 0);
  // Told on the way, with the bytes of what was sent.
  assert.deepEqual(scene.accounted, { delivered: 2, filtered: 2, rejected: 1, quarantined: 3, messageBytes: 45 });
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
      detail: 'the timestamp lies before 1970',
      timestamp: -5,
      message: 'before the epoch',
    },
    {
      ...common,
      record: 6,
      reason: 'too_old',
      detail: 'CloudWatch Logs refused the event: its timestamp is more than 14 days old',
      timestamp: NOON_MS - 1,
      message: 'too old for CloudWatch',
    },
  ]);
  const outcomes = (await metrics.events.get()).values.map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(Object.fromEntries(outcomes), { delivered: 2, rejected: 1, filtered: 2, quarantined: 3 });
  const substituted = (await metrics.timestampsSubstituted.get()).values.map(({ labels, value }) => [
    labels.cause,
    value,
  ]);
  assert.deepEqual(Object.fromEntries(substituted), { missing: 1, unreadable: 0 });
});

test('quarantine names records by their place in the object, in any chunk', async (t) => {
  const { deps, quarantined } = await setUp(t, {
    records: [...numbered(13), { message: 'x', unparsable: 'broken' }, ...numbered(10)],
  });
  await runDelivery(deps, TASK, DELIVERY, NEVER);
  assert.deepEqual(
    quarantined().map(({ record, message }) => [record, message]),
    [[13, 'x']],
  );
});

/** One stream for each record of a chunk of ten, so that a chunk has ten batches. */
const spread = (count: number) =>
  numbered(count).map((record, at) => ({ ...record, fields: { application: `a${at % 10}` } }));
const SPREAD = buildDelivery({ log_stream_name: '{application}' });

test('after a failure in the middle of a chunk, only the batches that were not accepted are sent again', async (t) => {
  const { deps, logs, stored, item } = await setUp(t, { records: spread(30) });
  const streams = new Map(Array.from({ length: 10 }, (_, n) => [`a${n}`, []]));
  logs.account('acme').set('/tenant-logs/acme', { retentionDays: undefined, streams });
  // The first chunk has ten puts; the fault meets one of the second.
  const faultAt = 14;
  const put = logs.faults.PutLogEvents;
  put.push(...Array.from({ length: faultAt - 1 }, () => ({ wait: Promise.resolve() })), {
    error: 'AccessDeniedException',
  });

  const first = failure(await runDelivery(deps, TASK, SPREAD, NEVER));
  assert.equal(first.error.code, 'destination-refused');
  const { delivered } = first.counts;
  assert.equal(delivered, stored().length);
  assert.ok(delivered >= 13 && delivered < 20, `${delivered} were accepted`);
  const { owner, state, record, batch, ahead } = { ...(await item()) };
  assert.deepEqual([owner, state, record], [undefined, 'delivering', 10], 'released, at the second chunk');
  const overtaken = (ahead as [number, number][]).reduce((sum, [from, to]) => sum + to - from, 0);
  assert.equal(Number(batch) + overtaken, delivered - 10);

  const second = await runDelivery(deps, TASK, SPREAD, NEVER);
  assert.ok(second.kind === 'done');
  assert.deepEqual(second.counts, countsOf({ read: 30, delivered: 30 }));
  assert.deepEqual(stored(), messages(30), 'each exactly once');
});

test('a drain ends at a batch boundary with the position saved; the next process delivers the rest', async (t) => {
  const { deps, scene, stored, item } = await setUp(t, { records: numbered(50) });
  const drain = new AbortController();
  scene.decoder = {
    recordsPerChunk: 10,
    onChunk: (record) => {
      if (record === 30) drain.abort();
    },
  };
  const { error, counts } = failure(
    await runDelivery(deps, TASK, DELIVERY, { drain: drain.signal, abort: NEVER.abort }),
  );
  assert.equal(error.code, 'stopping');
  assert.equal(counts.delivered, stored().length);
  assert.ok(counts.delivered < 50);
  assert.equal((await item())?.owner, undefined);

  scene.decoder = { recordsPerChunk: 10 };
  assert.deepEqual(await runDelivery(deps, TASK, DELIVERY, NEVER), {
    type: 'cloudwatch',
    kind: 'done',
    counts: countsOf({ read: 50, delivered: 50 }),
    format: 'ndjson',
    accepted: true,
  });
  assert.deepEqual(stored(), messages(50));
});

test('a service that is stopping takes no lease', async (t) => {
  const { deps, item } = await setUp(t, { records: numbered(3) });
  const { error } = failure(
    await runDelivery(deps, TASK, DELIVERY, { drain: AbortSignal.abort(), abort: NEVER.abort }),
  );
  assert.equal(error.code, 'stopping');
  assert.equal(await item(), undefined);
});

test('an abort ends what is under way with its reason, and gives the lease back', async (t) => {
  const { deps, logs, item } = await setUp(t, { records: numbered(3) });
  logs.faults.PutLogEvents.push({ silent: true });
  const abort = new AbortController();
  const running = runDelivery(deps, TASK, DELIVERY, { drain: NEVER.drain, abort: abort.signal });
  await until(() => logs.calls.length === 1);
  abort.abort(new DistributorError('stopping', 'in hand for almost 12 hours'));
  const { error } = failure(await running);
  assert.deepEqual([error.code, error.message], ['stopping', 'in hand for almost 12 hours']);
  assert.equal((await item())?.owner, undefined);
});

test('who loses the lease stops, says so, and leaves the item of the new owner alone', async (t) => {
  const { deps, dynamo, scene, item, stored } = await setUp(t, { records: numbered(30) });
  const theirs = {
    ...KEY,
    ...progressOf({ record: 20, cursor: '20', layout: 'x' }),
    state: 'delivering',
    owner: 'them',
    lease_expires_at: 9e15,
  };
  scene.decoder = {
    recordsPerChunk: 10,
    onChunk: async (record) => {
      if (record === 10) await dynamo.put(LEDGER_TABLE, theirs);
    },
  };
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'lease-lost');
  assert.deepEqual(await item(), theirs);
  assert.ok(stored().length < 30);
});

test('an object that is corrupt further on is buried at its position, and a redriven message goes on there', async (t) => {
  const { deps, scene, item, stored } = await setUp(t, { records: numbered(30) });
  scene.decoder = {
    recordsPerChunk: 10,
    onChunk: (record) => {
      if (record === 20) throw new DistributorError('object-corrupt', 'a page is broken');
    },
  };
  const { error, counts } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.deepEqual([error.code, counts.delivered], ['object-corrupt', 20]);
  const { state, reason, record } = { ...(await item()) };
  assert.deepEqual([state, reason, record], ['dead', 'object-corrupt', 20]);

  scene.decoder = { recordsPerChunk: 10 };
  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(30));
});

test('an object that is gone is buried before anything was sent', async (t) => {
  const { deps, scene, item, logs } = await setUp(t);
  scene.openObject = () => Promise.reject(new DistributorError('object-gone', 'gone'));
  const { error, counts } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.deepEqual([error.code, counts], ['object-gone', countsOf({})]);
  assert.deepEqual([(await item())?.state, logs.calls], ['dead', []]);
});

test('whatever is thrown is a result, and the lease is given back', async (t) => {
  const { deps, scene, item } = await setUp(t);
  scene.openObject = () => Promise.reject(new TypeError('x is undefined'));
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.deepEqual([error.code, error.message], ['unexpected', 'TypeError: x is undefined']);
  assert.equal((await item())?.owner, undefined);
});

test('an object at which five owners in a row died is dead-lettered before it kills a sixth; redriven, it gets its chance', async (t) => {
  const { deps, scene, item } = await setUp(t, { records: numbered(3) });
  for (let n = 0; n < 5; n++) {
    assert.equal((await deps.ledger.acquire(KEY)).kind, 'acquired');
    scene.nowMs += LEASE_MS + 1;
  }
  const opened = t.mock.fn(async () => {});
  scene.openObject = opened;
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'object-poisonous');
  assert.match(error.message, /^5 processes or threads ended while they were at s3:/);
  assert.equal(opened.mock.callCount(), 0);
  assert.equal((await item())?.state, 'dead');
  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
});

test('four owners that died are no proof yet', async (t) => {
  const { deps, scene } = await setUp(t, { records: numbered(3) });
  for (let n = 0; n < 4; n++) {
    await deps.ledger.acquire(KEY);
    scene.nowMs += LEASE_MS + 1;
  }
  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
});

test('a configuration that moves batch boundaries starts the chunk at hand anew, and no earlier one', async (t) => {
  const { deps, logs, stored } = await setUp(t, { records: spread(20) });
  const put = logs.faults.PutLogEvents;
  // Ten streams are found missing and created with the first chunk: twenty puts. Then the second fails.
  put.push(...Array.from({ length: 22 }, () => ({ wait: Promise.resolve() })), { error: 'AccessDeniedException' });
  failure(await runDelivery(deps, TASK, SPREAD, NEVER));
  const before = stored();
  assert.ok(before.length > 10 && before.length < 20);

  const moved = buildDelivery({ log_stream_name: 'other' });
  const result = await runDelivery(deps, TASK, moved, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 20, delivered: 20 }));
  const other = logs.events('acme', '/tenant-logs/acme', 'other').map(({ message }) => message);
  assert.deepEqual(other.sort(), messages(20).slice(10), 'the second chunk, all of it');
});

test('an end that could not be saved repeats nothing: the next process only writes it', async (t) => {
  const { deps, scene, stored, logs } = await setUp(t, { records: numbered(15) });
  scene.onDynamo = ({ input }) => {
    if (input.UpdateExpression?.includes('#counts') && !input.UpdateExpression.includes('#layout = ')) {
      throw awsError('InternalServerError', 500);
    }
  };
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'ledger-unavailable');
  assert.deepEqual(stored(), messages(15));
  const puts = logs.calls.length;

  scene.onDynamo = () => {};
  assert.deepEqual(await runDelivery(deps, TASK, DELIVERY, NEVER), {
    type: 'cloudwatch',
    kind: 'done',
    counts: countsOf({ read: 15, delivered: 15 }),
    format: 'ndjson',
    accepted: false,
  });
  assert.equal(logs.calls.length, puts);
});

test('a lease that cannot be given back hides no reason: it runs out by itself', async (t) => {
  const { deps, scene, logs, item } = await setUp(t, { records: numbered(3) });
  scene.onDynamo = ({ input }) => {
    const expression = input.UpdateExpression ?? '';
    if (expression.includes('REMOVE #owner')) throw awsError('InternalServerError', 500);
  };
  logs.faults.PutLogEvents.push({ error: 'AccessDeniedException' });
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'destination-refused');
  assert.equal((await item())?.owner, 'owner-1');
});

test('what cannot be buried is not a dead letter yet: the message comes again', async (t) => {
  const { deps, scene } = await setUp(t);
  scene.openObject = () => Promise.reject(new DistributorError('object-gone', 'gone'));
  scene.onDynamo = ({ input }) => {
    if (input.UpdateExpression?.includes('#reason')) throw awsError('InternalServerError', 500);
  };
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'ledger-unavailable');
});

test('books that do not balance crash the process, and count as a crash: after five the object is poisonous', async (t) => {
  const { deps, dynamo, scene, item } = await setUp(t, { records: numbered(3) });
  await dynamo.put(LEDGER_TABLE, { ...KEY, ...progressOf({ counts: { read: 7 } }), state: 'delivering' });
  const codes: string[] = [];
  for (let n = 0; n < 6; n++) {
    codes.push(failure(await runDelivery(deps, TASK, DELIVERY, NEVER)).error.code);
    scene.nowMs += LEASE_MS + 1;
  }
  assert.deepEqual(codes, [...Array(5).fill('invariant-broken'), 'object-poisonous']);
  assert.equal((await item())?.state, 'dead');
});

test('a ledger that is away when a chunk ends is waited for, and nothing is sent twice', async (t) => {
  const { deps, scene, stored } = await setUp(t, { records: numbered(25), savePatienceMs: 60_000 });
  let refusals = 0;
  scene.onDynamo = ({ input }) => {
    if (!input.UpdateExpression?.includes('#layout = ') || refusals === 3) return;
    refusals++;
    throw awsError('ProvisionedThroughputExceededException', 400);
  };
  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
  assert.equal(refusals, 3);
  assert.deepEqual(stored(), messages(25));
});

test('a drain while the ledger is away saves the position as soon as it is back', async (t) => {
  const { deps, scene, stored, item } = await setUp(t, { records: numbered(30), savePatienceMs: 60_000 });
  const drain = new AbortController();
  let refusals = 0;
  scene.onDynamo = ({ input }) => {
    if (!input.UpdateExpression?.includes('#layout = ') || refusals === 4) return;
    if (++refusals === 2) drain.abort();
    throw awsError('InternalServerError', 500);
  };
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, { drain: drain.signal, abort: NEVER.abort }));
  assert.equal(error.code, 'stopping');
  const { owner, record } = { ...(await item()) };
  assert.deepEqual([owner, record], [undefined, 10]);
  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(30));
});

test('a process that was halted beyond its lease begins no further batch', async (t) => {
  const { deps, scene, logs, stored } = await setUp(t, { records: spread(10) });
  let nowMs = 0;
  // A long chunk whose first calls are answered after the halt, in which another process takes over.
  const halted = Promise.withResolvers<void>();
  logs.faults.CreateLogStream.push({ wait: halted.promise });
  const running = runDelivery({ ...deps, monotonicMs: () => nowMs }, TASK, SPREAD, NEVER);
  await until(() => logs.calls.some((call) => call.startsWith('CreateLogStream')));
  nowMs = LEASE_MS;
  scene.nowMs += LEASE_MS + 1;
  const other = await deps.ledger.acquire(KEY);
  assert.equal(other.kind, 'acquired');
  const before = stored().length;
  halted.resolve();
  const { error } = failure(await running);
  assert.ok(['lease-lost', 'ledger-unavailable'].includes(error.code), error.code);
  assert.equal(stored().length, before);
});

test('records that cannot be kept are not passed over', async (t) => {
  const { deps, s3, item, stored, quarantined } = await setUp(t, {
    records: [...numbered(10), { message: 'x', unparsable: 'broken' }, ...numbered(5, 10)],
  });
  s3.faults.set(1, { kind: 'error', status: 403, code: 'AccessDenied' });
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'quarantine-unavailable');
  assert.equal((await item())?.record, 10);
  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(15));
  assert.deepEqual(
    quarantined().map(({ record }) => record),
    [10],
  );
});

test('a quarantine that is away after a batch was accepted repeats no event: only the refused ones are kept later', async (t) => {
  const { deps, logs, s3, stored, quarantined } = await setUp(t, { records: numbered(15) });
  // The stream is found missing first, then each chunk is one batch.
  logs.rejections.push({ tooOldLogEventEndIndex: 2 });
  s3.faults.set(1, { kind: 'error', status: 403, code: 'AccessDenied' });
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, NEVER));
  assert.equal(error.code, 'quarantine-unavailable');

  const result = await runDelivery(deps, TASK, DELIVERY, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 15, delivered: 13, rejected: 2 }));
  assert.deepEqual(stored(), messages(15), 'this destination keeps what it refuses; each is there once');
  assert.deepEqual(
    quarantined().map(({ record, reason }) => [record, reason]),
    [
      [0, 'too_old'],
      [1, 'too_old'],
    ],
  );
});

test('a drain does not wait for a quarantine that is silent, and repeats nothing for it', async (t) => {
  const { deps, logs, s3, stored, quarantined } = await setUp(t, { records: numbered(5) });
  logs.rejections.push({ tooOldLogEventEndIndex: 1 });
  s3.faults.set(1, { kind: 'silent' });
  const drain = new AbortController();
  const running = runDelivery(deps, TASK, DELIVERY, { drain: drain.signal, abort: NEVER.abort });
  await until(() => s3.received.length === 1);
  drain.abort();
  assert.equal(failure(await running).error.code, 'stopping');

  assert.equal((await runDelivery(deps, TASK, DELIVERY, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(5));
  assert.deepEqual(
    quarantined().map(({ record }) => record),
    [0],
  );
});

test('the position is saved after every chunk but the last, whose end is saved by finishing', async (t) => {
  const { deps, metrics } = await setUp(t, { records: numbered(35) });
  await runDelivery(deps, TASK, DELIVERY, NEVER);
  const writes = (await metrics.ledgerWrites.get()).values.map(({ labels, value }) => [labels.operation, value]);
  assert.deepEqual(Object.fromEntries(writes), { acquire: 1, checkpoint: 3, finish: 1 });
});
