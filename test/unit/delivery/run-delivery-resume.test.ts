import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import { countsOf } from '../../support/counts.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { LOGS_PLACE } from '../../support/places.ts';
import { DELIVERY, failure, messages, numbered, SPREAD, setUp, spread, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';
import { until } from '../../support/until.ts';

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

  const first = failure(await runDelivery(deps, TASK, SPREAD, UNWATCHED, NEVER));
  assert.equal(first.error.code, 'destination-refused');
  const { delivered } = first.counts;
  assert.equal(delivered, stored().length);
  assert.ok(delivered >= 13 && delivered < 20, `${delivered} were accepted`);
  const { owner, state, record, batch, ahead } = { ...(await item()) };
  assert.deepEqual([owner, state, record], [undefined, 'delivering', 10], 'released, at the second chunk');
  const overtaken = (ahead as [number, number][]).reduce((sum, [from, to]) => sum + to - from, 0);
  assert.equal(Number(batch) + overtaken, delivered - 10);

  const second = await runDelivery(deps, TASK, SPREAD, UNWATCHED, NEVER);
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
    await runDelivery(deps, TASK, DELIVERY, UNWATCHED, { drain: drain.signal, abort: NEVER.abort }),
  );
  assert.equal(error.code, 'stopping');
  assert.equal(counts.delivered, stored().length);
  assert.ok(counts.delivered < 50);
  assert.equal((await item())?.owner, undefined);

  scene.decoder = { recordsPerChunk: 10 };
  assert.deepEqual(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER), {
    type: 'cloudwatch',
    place: { ...LOGS_PLACE, region: 'us-east-1' },
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
    await runDelivery(deps, TASK, DELIVERY, UNWATCHED, { drain: AbortSignal.abort(), abort: NEVER.abort }),
  );
  assert.equal(error.code, 'stopping');
  assert.equal(await item(), undefined);
});

test('an abort ends what is under way with its reason, and gives the lease back', async (t) => {
  const { deps, logs, item } = await setUp(t, { records: numbered(3) });
  logs.faults.PutLogEvents.push({ silent: true });
  const abort = new AbortController();
  const running = runDelivery(deps, TASK, DELIVERY, UNWATCHED, { drain: NEVER.drain, abort: abort.signal });
  await until(() => logs.calls.length === 1);
  abort.abort(new DistributorError('stopping', 'in flight for almost 12 hours'));
  const { error } = failure(await running);
  assert.deepEqual([error.code, error.message], ['stopping', 'in flight for almost 12 hours']);
  assert.equal((await item())?.owner, undefined);
});

test('a configuration that moves batch boundaries starts the chunk at hand anew, and no earlier one', async (t) => {
  const { deps, logs, stored } = await setUp(t, { records: spread(20) });
  const put = logs.faults.PutLogEvents;
  // The first chunk has eleven puts: the first finds its stream missing, and the others are created before theirs.
  put.push(...Array.from({ length: 13 }, () => ({ wait: Promise.resolve() })), { error: 'AccessDeniedException' });
  failure(await runDelivery(deps, TASK, SPREAD, UNWATCHED, NEVER));
  const before = stored();
  assert.ok(before.length > 10 && before.length < 20);

  const moved = buildDelivery({ log_stream_name: 'other' });
  const result = await runDelivery(deps, TASK, moved, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 20, delivered: 20 }));
  const other = logs.events('acme', '/tenant-logs/acme', 'other').map(({ message }) => message);
  assert.deepEqual(other.sort(), messages(20).slice(10), 'the second chunk, all of it');
});
