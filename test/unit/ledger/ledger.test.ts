import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { type Books, decodeBooks } from '../../../service/core/books.ts';
import { type Acquisition, type Lease, NO_PROGRESS } from '../../../service/ledger/ledger.ts';
import { awsError } from '../../support/aws-error.ts';
import { LEDGER_TABLE } from '../../support/dynamo.ts';
import { COUNTS, KEY, LEASE_MS, PROGRESS, setUpLedger } from '../../support/ledger-scene.ts';
import { outcomeOf } from '../../support/progress.ts';

const TTL_SECONDS = 14 * 24 * 3_600;

test('the first to come gets the lease of a delivery, at its beginning', async (t) => {
  const { acquire, now, item, writes } = await setUpLedger(t);
  const { progress, crashes, inDoubt } = await acquire();
  assert.deepEqual([progress, crashes, inDoubt], [{ ...NO_PROGRESS, begunMs: now.ms }, 0, false]);
  assert.deepEqual(await item(), {
    ...KEY,
    state: 'delivering',
    owner: 'owner-1',
    lease_expires_at: now.ms + LEASE_MS,
    recent_owners: new Set(['owner-1']),
    begunMs: now.ms,
    expires_at: now.ms / 1_000 + TTL_SECONDS,
  });
  assert.deepEqual(writes, ['acquire']);
});

test('nobody else gets it while the lease lasts, to its last millisecond', async (t) => {
  const { acquire, ledger, now } = await setUpLedger(t);
  await acquire();
  now.ms += 1_000;
  assert.deepEqual(await ledger.acquire(KEY), { kind: 'held', remainingMs: LEASE_MS - 1_000 });
  now.ms += LEASE_MS - 1_000;
  assert.deepEqual(await ledger.acquire(KEY), { kind: 'held', remainingMs: 0 });
  now.ms += 1;
  assert.equal((await ledger.acquire(KEY)).kind, 'acquired');
});

test('deliveries of one object, and objects of one delivery, are apart', async (t) => {
  const { acquire, ledger } = await setUpLedger(t);
  await acquire();
  assert.equal((await ledger.acquire({ ...KEY, delivery: 'acme/cloudwatch#audit' })).kind, 'acquired');
  assert.equal((await ledger.acquire({ ...KEY, object: `${KEY.object}2` })).kind, 'acquired');
});

test('a checkpoint saves the position and renews the lease', async (t) => {
  const { acquire, ledger, now, item } = await setUpLedger(t);
  const { lease } = await acquire();
  now.ms += 50_000;
  await lease.checkpoint(PROGRESS);
  const { recent_owners, ...saved } = { recent_owners: undefined, ...(await item()) };
  assert.deepEqual(saved, {
    ...KEY,
    ...PROGRESS,
    state: 'delivering',
    owner: 'owner-1',
    lease_expires_at: now.ms + LEASE_MS,
    lease_writes: 1,
    expires_at: Math.floor(now.ms / 1_000) + TTL_SECONDS,
  });
  assert.equal(recent_owners, undefined, 'it has come further, so its owner has not crashed');
  now.ms += LEASE_MS;
  assert.deepEqual(await ledger.acquire(KEY), { kind: 'held', remainingMs: 0 });
});

test('when a lease has run out, the next one takes over where the last one saved', async (t) => {
  const { acquire, now } = await setUpLedger(t);
  const { lease } = await acquire();
  await lease.checkpoint(PROGRESS);
  now.ms += LEASE_MS + 1;
  const next = await acquire();
  assert.deepEqual([next.progress, next.crashes], [PROGRESS, 0]);
});

test('who lost the lease cannot write any more, not even the end', async (t) => {
  const { acquire, now, item } = await setUpLedger(t);
  const { lease } = await acquire();
  now.ms += LEASE_MS + 1;
  const { lease: mine } = await acquire();
  await mine.checkpoint({ ...PROGRESS, record: 9_000 });
  const before = await item();
  const writes = [
    lease.checkpoint(PROGRESS),
    lease.release(PROGRESS),
    lease.finish(outcomeOf(COUNTS)),
    lease.bury(PROGRESS, 'x'),
  ];
  for (const result of await Promise.allSettled(writes)) {
    assert.ok(result.status === 'rejected');
    assert.equal(result.reason.code, 'lease-lost');
    assert.match(result.reason.message, /acme\/cloudwatch of s3:\/\/central\/logs\/a#e1/);
  }
  assert.deepEqual(await item(), before);
});

test('a lease that has run out and that nobody took still writes', async (t) => {
  const { acquire, now } = await setUpLedger(t);
  const { lease } = await acquire();
  now.ms += 10 * LEASE_MS;
  await lease.checkpoint(PROGRESS);
});

test('a release gives the lease back at once, at the position', async (t) => {
  const { acquire, item } = await setUpLedger(t);
  const { lease } = await acquire();
  await lease.release(PROGRESS);
  const { owner, lease_expires_at, recent_owners } = { ...(await item()) };
  assert.deepEqual([owner, lease_expires_at, recent_owners], [undefined, undefined, undefined]);
  const next = await acquire();
  assert.deepEqual([next.progress, next.crashes], [PROGRESS, 0]);
  await assert.rejects(lease.checkpoint(PROGRESS), { code: 'lease-lost' });
});

test('a delivery remembers when it was begun first', async (t) => {
  const { acquire, now } = await setUpLedger(t);
  const begunMs = now.ms;
  await acquire();
  now.ms += LEASE_MS + 1;
  assert.equal((await acquire()).progress.begunMs, begunMs);
});

test('what is done answers duplicates with its counts until its TTL, and belongs to nobody', async (t) => {
  const { acquire, ledger, now, item } = await setUpLedger(t);
  const { lease } = await acquire();
  await lease.checkpoint(PROGRESS);
  now.ms += 5_000;
  await lease.finish(outcomeOf(COUNTS));
  assert.deepEqual(await ledger.acquire(KEY), { kind: 'done', counts: COUNTS });
  now.ms += 1_000 * LEASE_MS;
  assert.deepEqual(await ledger.acquire(KEY), { kind: 'done', counts: COUNTS });
  const { state, owner, cursor, ahead, answers, partial, layout, expires_at } = { ...(await item()) };
  assert.equal(state, 'done');
  assert.deepEqual([owner, cursor, ahead, answers, partial, layout], Array(6).fill(undefined));
  assert.equal(expires_at, Math.floor((now.ms - 1_000 * LEASE_MS) / 1_000) + TTL_SECONDS);
  await assert.rejects(lease.renew(), { code: 'lease-lost' });
});

const BOOKS: Books = {
  cells: [{ group: '/g', stream: 's', hour: 7, events: 2, bytes: 10, digest: { lo: 5n, hi: 2n ** 64n - 1n } }],
  covered: true,
};

test('books come back with the position; where none are kept any more, those of before are gone', async (t) => {
  const { acquire, item } = await setUpLedger(t);
  const booked = { ...PROGRESS, books: BOOKS, partialBooks: { cells: [], covered: false } };
  for (const save of [
    (lease: Lease) => lease.release(booked),
    async (lease: Lease) => {
      await lease.checkpoint(booked);
      await lease.release(booked);
    },
    (lease: Lease) => lease.bury(booked, 'object-corrupt'),
  ]) {
    await save((await acquire()).lease);
    const next = await acquire();
    assert.deepEqual(next.progress, booked);
    await next.lease.release(PROGRESS);
    assert.deepEqual([(await item())?.books, (await item())?.partialBooks], [undefined, undefined]);
  }
});

test('what is done with books is due for a receipt; without, it is not', async (t) => {
  const { acquire, now, item } = await setUpLedger(t);
  const { lease } = await acquire();
  await lease.checkpoint({ ...PROGRESS, books: BOOKS, partialBooks: BOOKS });
  await lease.finish(outcomeOf(COUNTS, { bytes: 60, calls: 3, size: 40, books: BOOKS }));
  const { books, partialBooks, partialBytes, receipt_due, ...rest } = { ...(await item()) };
  assert.deepEqual(decodeBooks(books as Uint8Array), BOOKS);
  assert.deepEqual([partialBooks, partialBytes, receipt_due], [undefined, undefined, KEY.delivery]);
  const { bytes, calls, size, done_ms } = rest;
  assert.deepEqual([bytes, calls, size, done_ms], [60, 3, 40, now.ms]);
});

test('books of an owner before are gone once an owner without books is done', async (t) => {
  const { acquire, item } = await setUpLedger(t);
  await (await acquire()).lease.release({ ...PROGRESS, books: BOOKS, partialBooks: BOOKS });
  await (await acquire()).lease.finish(outcomeOf(COUNTS));
  const { books, partialBooks, receipt_due } = { ...(await item()) };
  assert.deepEqual([books, partialBooks, receipt_due], [undefined, undefined, undefined]);
});

test('what was buried keeps its position and reason, and a redriven message goes on there', async (t) => {
  const { acquire, item } = await setUpLedger(t);
  const { lease } = await acquire();
  await lease.bury(PROGRESS, 'object-corrupt');
  const { state, reason, owner } = { ...(await item()) };
  assert.deepEqual([state, reason, owner], ['dead', 'object-corrupt', undefined]);
  const next = await acquire();
  assert.deepEqual([next.progress, next.crashes], [PROGRESS, 0]);
  assert.equal((await item())?.state, 'delivering');
});

test('owners in a row that got no further and never let go are counted as crashes', async (t) => {
  const { acquire, now } = await setUpLedger(t);
  const crashes: number[] = [];
  for (let n = 0; n < 4; n++) {
    crashes.push((await acquire()).crashes);
    now.ms += LEASE_MS + 1;
  }
  assert.deepEqual(crashes, [0, 1, 2, 3]);
});

for (const [what, end] of [
  ['saved', (lease) => lease.checkpoint(PROGRESS)],
  ['released', (lease) => lease.release(PROGRESS)],
  ['were buried', (lease) => lease.bury(PROGRESS, 'object-corrupt')],
] as readonly (readonly [string, (lease: Extract<Acquisition, { kind: 'acquired' }>['lease']) => Promise<void>])[]) {
  test(`crashes before one that ${what} do not count any more`, async (t) => {
    const { acquire, now } = await setUpLedger(t);
    await acquire();
    now.ms += LEASE_MS + 1;
    const { lease, crashes } = await acquire();
    assert.equal(crashes, 1);
    await end(lease);
    now.ms += LEASE_MS + 1;
    assert.equal((await acquire()).crashes, 0);
  });
}

test('two that ask at the same time do not both get it', async (t) => {
  const { ledger } = await setUpLedger(t);
  const kinds = (await Promise.all([1, 2, 3, 4].map(() => ledger.acquire(KEY)))).map(({ kind }) => kind);
  assert.deepEqual(kinds.sort(), ['acquired', 'held', 'held', 'held']);
});

test('an item of somebody else, without what the ledger writes, starts the object from its beginning', async (t) => {
  const { acquire, put, now } = await setUpLedger(t);
  await put(LEDGER_TABLE, { ...KEY, state: 'processing', note: 'ours', offset: 7 });
  assert.deepEqual((await acquire()).progress, { ...NO_PROGRESS, begunMs: now.ms });
});

test('a table that does not answer is ledger-unavailable, whatever was asked', async (t) => {
  const { acquire, table, ledger } = await setUpLedger(t);
  const { lease } = await acquire();
  const call = t.mock.method(table, 'call', async () => {
    throw awsError('InternalServerError', 500);
  });
  for (const ask of [
    () => ledger.acquire(KEY),
    () => lease.checkpoint(PROGRESS),
    () => lease.release(PROGRESS),
    () => lease.finish(outcomeOf(COUNTS)),
    () => lease.bury(PROGRESS, 'x'),
  ]) {
    await assert.rejects(ask(), {
      code: 'ledger-unavailable',
      message: /for acme\/cloudwatch of s3:\/\/central\/logs\/a#e1\. AWS: InternalServerError$/,
    });
  }
  assert.equal(call.mock.callCount(), 5);
});

test('a table that fails between the write and the read that explains it is ledger-unavailable', async (t) => {
  const { acquire, table, ledger } = await setUpLedger(t);
  await acquire();
  const { call } = table;
  let calls = 0;
  table.call = async (...args) => {
    if (++calls === 2) throw awsError('ProvisionedThroughputExceededException', 400);
    return call(...args);
  };
  await assert.rejects(ledger.acquire(KEY), {
    code: 'ledger-unavailable',
    message: /AWS: ProvisionedThroughputExceededException$/,
  });
});

for (const [what, broken] of [
  ['cursor', { cursor: 7 }],
  ['counts', { counts: { read: 'many' } }],
  ['counts of its chunk', { partial: null }],
  ['record', { record: -1 }],
  ['batches ahead', { ahead: [4] }],
  ['answers', { answers: [{ batch: 3 }] }],
] as const) {
  test(`a position whose ${what} cannot be read means nothing: the object starts anew, all of it`, async (t) => {
    const { acquire, put } = await setUpLedger(t);
    await put(LEDGER_TABLE, { ...KEY, state: 'delivering', ...PROGRESS, ...broken });
    assert.deepEqual((await acquire()).progress, { ...NO_PROGRESS, begunMs: PROGRESS.begunMs });
  });
}

test('numbers that a double cannot hold, in attributes of somebody else, are no trouble', async (t) => {
  const { acquire, client, item, now } = await setUpLedger(t);
  const Item = { object: { S: KEY.object }, delivery: { S: KEY.delivery }, theirs: { N: '12345678901234567890.5' } };
  await client.send(new PutItemCommand({ TableName: LEDGER_TABLE, Item }));
  assert.deepEqual((await acquire()).progress, { ...NO_PROGRESS, begunMs: now.ms });
  assert.equal((await item())?.owner, 'owner-1');
});

test('a renewal holds the lease, saves nothing and proves nothing: crashes go on counting', async (t) => {
  const { acquire, ledger, now, item, writes } = await setUpLedger(t);
  await acquire();
  now.ms += LEASE_MS + 1;
  const { lease } = await acquire();
  now.ms += 50_000;
  await lease.renew();
  const { lease_expires_at, recent_owners, record } = { ...(await item()) };
  const owners = new Set(['owner-1', 'owner-2']);
  assert.deepEqual([lease_expires_at, recent_owners, record], [now.ms + LEASE_MS, owners, undefined]);
  now.ms += LEASE_MS;
  assert.equal((await ledger.acquire(KEY)).kind, 'held');
  now.ms += 1;
  assert.equal((await acquire()).crashes, 2);
  await assert.rejects(lease.renew(), { code: 'lease-lost' });
  assert.deepEqual(writes, ['acquire', 'acquire', 'renew', 'acquire']);
});

test('what holds a delivery is read consistently, so that an old answer hides no end', async (t) => {
  const { acquire, table, ledger } = await setUpLedger(t);
  await acquire();
  const reads: object[] = [];
  const { call } = table;
  table.call = (operation, input, options) => {
    if (operation === 'GetItem') reads.push(input as object);
    return call(operation, input, options);
  };
  await ledger.acquire(KEY);
  assert.deepEqual(
    reads.map((input) => Reflect.get(input, 'ConsistentRead')),
    [true],
  );
});

test('every write that succeeded is told of', async (t) => {
  const { acquire, now, writes, ledger } = await setUpLedger(t);
  const { lease } = await acquire();
  await ledger.acquire(KEY);
  await lease.checkpoint(PROGRESS);
  await lease.bury(PROGRESS, 'x');
  const second = await acquire();
  await second.lease.release(PROGRESS);
  now.ms += 1;
  const third = await acquire();
  await third.lease.finish(outcomeOf(COUNTS));
  assert.deepEqual(writes, ['acquire', 'checkpoint', 'bury', 'acquire', 'release', 'acquire', 'finish']);
});
