import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import { awsError } from '../../support/aws-error.ts';
import { countsOf } from '../../support/counts.ts';
import { LEDGER_TABLE } from '../../support/dynamo.ts';
import { LOGS_PLACE } from '../../support/places.ts';
import { progressOf } from '../../support/progress.ts';
import {
  DELIVERY,
  failure,
  KEY,
  LEASE_MS,
  messages,
  numbered,
  SPREAD,
  setUp,
  spread,
  TASK,
} from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';
import { until } from '../../support/until.ts';

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
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'lease-lost');
  assert.deepEqual(await item(), theirs);
  assert.ok(stored().length < 30);
});

test('a process that was halted beyond its lease begins no further batch', async (t) => {
  const { deps, scene, logs, stored } = await setUp(t, { records: spread(10) });
  let nowMs = 0;
  // A long chunk whose first calls are answered after the halt, in which another process takes over.
  const halted = Promise.withResolvers<void>();
  logs.faults.CreateLogStream.push({ wait: halted.promise });
  const running = runDelivery({ ...deps, monotonicMs: () => nowMs }, TASK, SPREAD, UNWATCHED, NEVER);
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

test('a lease whose answer took most of its time begins nothing, as another process may soon have it', async (t) => {
  const { deps, stored, item } = await setUp(t, { records: spread(10) });
  let nowMs = 0;
  const { ledger } = deps;
  const slow: typeof ledger = {
    async acquire(key) {
      const acquired = await ledger.acquire(key);
      nowMs = LEASE_MS * 0.9;
      return acquired;
    },
  };
  const late = { ...deps, ledger: slow, monotonicMs: () => nowMs };
  const { error } = failure(await runDelivery(late, TASK, SPREAD, UNWATCHED, NEVER));
  assert.equal(error.code, 'ledger-unavailable');
  assert.deepEqual(stored(), []);
  assert.equal((await item())?.owner, undefined, 'it is given back, so that nobody waits for its end');
});

test('an end that could not be saved repeats nothing: the next process only writes it', async (t) => {
  const { deps, scene, stored, logs } = await setUp(t, { records: numbered(15) });
  scene.onDynamo = ({ input }) => {
    if (input.UpdateExpression?.includes('#counts') && !input.UpdateExpression.includes('#layout = ')) {
      throw awsError('InternalServerError', 500);
    }
  };
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'ledger-unavailable');
  assert.deepEqual(stored(), messages(15));
  const puts = logs.calls.length;

  scene.onDynamo = () => {};
  assert.deepEqual(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER), {
    type: 'cloudwatch',
    place: { ...LOGS_PLACE, region: 'us-east-1' },
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
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'destination-refused');
  assert.equal((await item())?.owner, 'owner-1');
});

test('what cannot be buried is not a dead letter yet: the message comes again', async (t) => {
  const { deps, scene } = await setUp(t);
  scene.openObject = () => Promise.reject(new DistributorError('object-gone', 'gone'));
  scene.onDynamo = ({ input }) => {
    if (input.UpdateExpression?.includes('#reason')) throw awsError('InternalServerError', 500);
  };
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'ledger-unavailable');
});

test('a ledger that is away when a chunk ends is waited for, and nothing is sent twice', async (t) => {
  const { deps, scene, stored } = await setUp(t, { records: numbered(25), savePatienceMs: 60_000 });
  let refusals = 0;
  scene.onDynamo = ({ input }) => {
    if (!input.UpdateExpression?.includes('#layout = ') || refusals === 3) return;
    refusals++;
    throw awsError('ProvisionedThroughputExceededException', 400);
  };
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
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
  const { error } = failure(
    await runDelivery(deps, TASK, DELIVERY, UNWATCHED, { drain: drain.signal, abort: NEVER.abort }),
  );
  assert.equal(error.code, 'stopping');
  const { owner, record } = { ...(await item()) };
  assert.deepEqual([owner, record], [undefined, 10]);
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(30));
});
