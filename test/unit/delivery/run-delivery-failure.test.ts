import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import { countsOf } from '../../support/counts.ts';
import { LEDGER_TABLE } from '../../support/dynamo.ts';
import { progressOf } from '../../support/progress.ts';
import { DELIVERY, failure, KEY, LEASE_MS, messages, numbered, setUp, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';

test('an object that is corrupt further on is buried at its position, and a redriven message goes on there', async (t) => {
  const { deps, scene, item, stored } = await setUp(t, { records: numbered(30) });
  scene.decoder = {
    recordsPerChunk: 10,
    onChunk: (record) => {
      if (record === 20) throw new DistributorError('object-corrupt', 'a page is broken');
    },
  };
  const { error, counts } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.deepEqual([error.code, counts.delivered], ['object-corrupt', 20]);
  const { state, reason, record } = { ...(await item()) };
  assert.deepEqual([state, reason, record], ['dead', 'object-corrupt', 20]);

  scene.decoder = { recordsPerChunk: 10 };
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(30));
});

test('an object that is gone is buried before anything was sent', async (t) => {
  const { deps, scene, item, logs } = await setUp(t);
  scene.openObject = () => Promise.reject(new DistributorError('object-gone', 'gone'));
  const { error, counts } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.deepEqual([error.code, counts], ['object-gone', countsOf({})]);
  assert.deepEqual([(await item())?.state, logs.calls], ['dead', []]);
});

test('whatever is thrown is a result, and the lease is given back', async (t) => {
  const { deps, scene, item } = await setUp(t);
  scene.openObject = () => Promise.reject(new TypeError('x is undefined'));
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
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
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'object-poisonous');
  assert.match(error.message, /^5 processes or threads ended while they worked on s3:/);
  assert.equal(opened.mock.callCount(), 0);
  assert.equal((await item())?.state, 'dead');
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
});

test('four owners that died are no proof yet', async (t) => {
  const { deps, scene } = await setUp(t, { records: numbered(3) });
  for (let n = 0; n < 4; n++) {
    await deps.ledger.acquire(KEY);
    scene.nowMs += LEASE_MS + 1;
  }
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
});

test('books that do not balance crash the process, and count as a crash: after five the object is poisonous', async (t) => {
  const { deps, dynamo, scene, item } = await setUp(t, { records: numbered(3) });
  await dynamo.put(LEDGER_TABLE, { ...KEY, ...progressOf({ counts: { read: 7 } }), state: 'delivering' });
  const codes: string[] = [];
  for (let n = 0; n < 6; n++) {
    codes.push(failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).error.code);
    scene.nowMs += LEASE_MS + 1;
  }
  assert.deepEqual(codes, [...Array(5).fill('invariant-broken'), 'object-poisonous']);
  assert.equal((await item())?.state, 'dead');
});
