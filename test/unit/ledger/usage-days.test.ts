import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startOfDay, type Usage } from '../../../service/core/usage.ts';
import { createUsageDays } from '../../../service/ledger/usage-days.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';
import { finishObject } from '../../support/usage.ts';

const NEVER = new AbortController().signal;
const [YESTERDAY, TODAY] = ['2026-11-29', '2026-11-30'];
const NOON = 12 * 3_600_000;
const object = (at: number) => `s3://central/logs/acme/${at}#v`;

async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const state = { writesLeft: Number.POSITIVE_INFINITY };
  const days = createUsageDays({
    dynamo: ((operation: 'UpdateItem', ...rest: [never]) => {
      if (operation === 'UpdateItem' && state.writesLeft-- <= 0) return Promise.reject(new Error('killed'));
      return dynamo.calls(operation, ...rest);
    }) as typeof dynamo.calls,
    table: LEDGER_TABLE,
  });
  return { dynamo, days, state };
}

const short = (usage: ReadonlyMap<string, Usage> | undefined) =>
  usage && [...usage].map(([delivery, { objects, delivered, bytes }]) => [delivery, objects, delivered, bytes]).sort();

test('what was done on a day is summed up by delivery; what was done on others, or is not done, is not', async (t) => {
  const { dynamo, days } = await setUp(t);
  const start = startOfDay(TODAY);
  await finishObject(dynamo, object(1), 'acme/cloudwatch', start);
  await finishObject(dynamo, object(2), 'acme/cloudwatch', start + NOON);
  await finishObject(dynamo, object(2), 'acme/s3', start + NOON);
  await finishObject(dynamo, object(3), 'globex/cloudwatch', start + 2 * NOON - 1);
  await finishObject(dynamo, object(4), 'globex/cloudwatch', start + 2 * NOON);
  await finishObject(dynamo, object(5), 'globex/cloudwatch', start - 1);
  await dynamo.put(LEDGER_TABLE, { object: object(6), delivery: 'acme/cloudwatch', state: 'delivering' });
  await dynamo.put(LEDGER_TABLE, { object: 'retention:1/r/g', delivery: 'retention', state: 'owed' });
  const sums = await days.sum([TODAY], NEVER);
  assert.deepEqual([...sums.keys()], [TODAY]);
  assert.deepEqual(short(sums.get(TODAY)), [
    ['acme/cloudwatch', 2, 20, 2_000],
    ['acme/s3', 1, 10, 1_000],
    ['globex/cloudwatch', 1, 10, 1_000],
  ]);
  const both = await days.sum([TODAY, YESTERDAY], NEVER);
  assert.deepEqual(short(both.get(YESTERDAY)), [['globex/cloudwatch', 1, 10, 1_000]]);
  assert.deepEqual(both.get(TODAY), sums.get(TODAY));
});

test('sums that are kept are read back; a day that nobody summed up is unknown, one without objects is empty', async (t) => {
  const { dynamo, days } = await setUp(t);
  for (let at = 0; at < 30; at++) {
    await finishObject(dynamo, object(at), `tenant-${at}/cloudwatch`, startOfDay(TODAY) + at);
  }
  assert.equal(await days.read(TODAY, NEVER), undefined);
  const sums = (await days.sum([TODAY], NEVER)).get(TODAY) ?? new Map();
  await days.write(TODAY, sums, NEVER);
  assert.deepEqual(new Map([...((await days.read(TODAY, NEVER)) ?? [])].sort()), new Map([...sums].sort()));
  await days.write(YESTERDAY, new Map(), NEVER);
  assert.deepEqual(await days.read(YESTERDAY, NEVER), new Map());
  const { expires_at } = { ...(await dynamo.ledgerItem(`usage:${TODAY}`, 'tenant-3/cloudwatch')) };
  assert.equal(expires_at, startOfDay('2028-01-04') / 1000, 'after 400 days');
  // The sums are no objects.
  assert.deepEqual((await days.sum([TODAY], NEVER)).get(TODAY), sums);
});

test('whoever is killed between two writes leaves a day that counts as unknown, and that the next one completes', async (t) => {
  const { dynamo, days, state } = await setUp(t);
  const all = ['a', 'b', 'c', 'd'].map((tenant) => `${tenant}/cloudwatch`);
  for (const [at, delivery] of all.entries()) await finishObject(dynamo, object(at), delivery, startOfDay(TODAY));
  const sums = (await days.sum([TODAY], NEVER)).get(TODAY) ?? new Map();
  for (let writes = 0; writes < all.length + 1; writes++) {
    state.writesLeft = writes;
    await assert.rejects(days.write(TODAY, sums, NEVER), { code: 'ledger-unavailable' });
    assert.equal(await days.read(TODAY, NEVER), undefined, `after ${writes} writes`);
  }
  state.writesLeft = Number.POSITIVE_INFINITY;
  await days.write(TODAY, sums, NEVER);
  await days.write(TODAY, sums, NEVER);
  assert.deepEqual(
    short(await days.read(TODAY, NEVER)),
    all.map((delivery) => [delivery, 1, 10, 1_000]),
  );
});
