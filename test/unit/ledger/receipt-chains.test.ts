import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { encodeBooks, NO_BOOKS } from '../../../service/core/books.ts';
import { NO_DIGEST } from '../../../service/core/digest.ts';
import { createReceiptChains, type PendingReceipt } from '../../../service/ledger/receipt-chains.ts';
import { awsError } from '../../support/aws-error.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';

const DELIVERY = 'acme/cloudwatch';
const COUNTS = { read: 3, delivered: 2, filtered: 1, rejected: 0, quarantined: 0 };
const BOOKS = {
  cells: [{ group: '/acme', stream: 's', hour: 500_000, events: 2, bytes: 10, digest: NO_DIGEST }],
  covered: true,
};
const pendingOf = (number: number): PendingReceipt => ({
  number,
  hash: 'ab'.repeat(32),
  issuedMs: 1_000 * number,
  document: `document ${number}`,
});

async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const chains = createReceiptChains({ dynamo: dynamo.calls, table: LEDGER_TABLE });
  /** An object that a delivery is done with. */
  const finish = (object: string, more: Readonly<Record<string, unknown>> = {}, delivery = DELIVERY) =>
    dynamo.client.send(
      new PutItemCommand({
        TableName: LEDGER_TABLE,
        Item: marshall({
          object,
          delivery,
          state: 'done',
          counts: COUNTS,
          books: encodeBooks(BOOKS),
          receipt_due: delivery,
          ...more,
        }),
      }),
    );
  const due = async () => Array.fromAsync(chains.due(DELIVERY));
  return { ...dynamo, chains, finish, due };
}

test('a chain begins empty, and keeps what was begun until it is finished', async (t) => {
  const { chains } = await setUp(t);
  const first = await chains.read(DELIVERY);
  assert.deepEqual(first, { number: 0, hash: null, issuedMs: 0, pending: undefined });
  assert.equal(await chains.begin(DELIVERY, first, pendingOf(1)), true);
  assert.deepEqual(await chains.read(DELIVERY), { ...first, pending: pendingOf(1) });
  await chains.finish(DELIVERY, pendingOf(1));
  const second = { number: 1, hash: 'ab'.repeat(32), issuedMs: 1_000, pending: undefined };
  assert.deepEqual(await chains.read(DELIVERY), second);
  assert.equal(await chains.begin(DELIVERY, second, pendingOf(2)), true);
});

test('of two that drew up the same number one succeeds, also when the other comes after it was finished', async (t) => {
  const { chains } = await setUp(t);
  const state = await chains.read(DELIVERY);
  assert.equal(await chains.begin(DELIVERY, state, pendingOf(1)), true);
  assert.equal(await chains.begin(DELIVERY, state, { ...pendingOf(1), document: 'another' }), false);
  await chains.finish(DELIVERY, pendingOf(1));
  assert.equal(await chains.begin(DELIVERY, state, { ...pendingOf(1), document: 'another' }), false);
  // Both carried the same one out: the second finds it finished, and undoes nothing that began since.
  await chains.begin(DELIVERY, await chains.read(DELIVERY), pendingOf(2));
  await chains.finish(DELIVERY, pendingOf(1));
  assert.equal((await chains.read(DELIVERY)).pending?.number, 2);
});

test('what is due is what is done, has books, and is in no receipt: of this delivery, in the order of names', async (t) => {
  const { chains, finish, due, ledgerItem } = await setUp(t);
  await finish('s3://b/b#1');
  await finish('s3://b/a#1');
  await finish('s3://b/c#1', {}, 'globex/cloudwatch');
  await finish('s3://b/d#1', { books: 'none' });
  assert.deepEqual(await due(), [
    { id: 's3://b/a#1', counts: COUNTS, books: BOOKS },
    { id: 's3://b/b#1', counts: COUNTS, books: BOOKS },
    { id: 's3://b/d#1', counts: COUNTS, books: { ...NO_BOOKS, covered: false } },
  ]);
  await chains.mark(DELIVERY, 's3://b/a#1', 7);
  await chains.mark(DELIVERY, 's3://b/a#1', 8);
  await chains.mark(DELIVERY, 's3://b/gone#1', 8);
  const item = await ledgerItem('s3://b/a#1', DELIVERY);
  assert.deepEqual([item?.receipt, item?.receipt_due, item?.state], [7, undefined, 'done']);
  assert.equal(await ledgerItem('s3://b/gone#1', DELIVERY), undefined);
  assert.deepEqual(
    (await due()).map(({ id }) => id),
    ['s3://b/b#1', 's3://b/d#1'],
  );
});

test('an index that lags behind the table brings nothing into a second receipt', async (t) => {
  const { calls, finish, chains } = await setUp(t);
  await finish('s3://b/a#1');
  await finish('s3://b/b#1');
  await chains.mark(DELIVERY, 's3://b/a#1', 1);
  const lagging = createReceiptChains({
    table: LEDGER_TABLE,
    dynamo: async (operation, input, options) => {
      if (operation !== 'Query') return calls(operation, input, options);
      const Items = ['s3://b/a#1', 's3://b/b#1'].map((object) => ({ object: { S: object } }));
      return { Items } as never;
    },
  });
  assert.deepEqual(
    (await Array.fromAsync(lagging.due(DELIVERY))).map(({ id }) => id),
    ['s3://b/b#1'],
  );
});

test('more than a page and a read is due to the last', async (t) => {
  const { finish, due } = await setUp(t);
  const names = Array.from({ length: 60 }, (_, at) => `s3://b/${String(at).padStart(3, '0')}#1`);
  for (const name of names) await finish(name);
  assert.deepEqual(
    (await due()).map(({ id }) => id),
    names,
  );
});

test('a table that refuses is an error that says which', async () => {
  const chains = createReceiptChains({
    table: 'ledger',
    dynamo: () => Promise.reject(awsError('AccessDeniedException', 400)),
  });
  const calls = [
    () => chains.read(DELIVERY),
    () => Array.fromAsync(chains.due(DELIVERY)),
    () => chains.begin(DELIVERY, { number: 0, hash: null, issuedMs: 0, pending: undefined }, pendingOf(1)),
    () => chains.mark(DELIVERY, 's3://b/a#1', 1),
    () => chains.finish(DELIVERY, pendingOf(1)),
  ];
  for (const call of calls) await assert.rejects(call, { code: 'ledger-unavailable' });
});
