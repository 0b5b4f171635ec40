import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { createDynamoClient } from '../../../service/aws/clients.ts';
import { createTableClock } from '../../../service/ledger/table-clock.ts';
import { placeOf } from '../../support/aws.ts';
import { startDynamo } from '../../support/dynamo.ts';
import { startServer } from '../../support/server.ts';

/** Whole seconds, as the header has no others. */
const LOCAL_MS = Date.UTC(2026, 0, 31, 12);

/** A table whose clock is ahead of the local one by `skewMs()`, or which has none. */
async function setUp(t: TestContext, skewMs: () => number | undefined, status = 200) {
  const { url } = await startServer(t, (_request, response) => {
    const skew = skewMs();
    response.sendDate = false;
    if (skew !== undefined) response.setHeader('date', new Date(LOCAL_MS + skew).toUTCString());
    const content = status === 200 ? {} : { __type: 'x#ConditionalCheckFailedException', message: 'no' };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(content));
  });
  const dynamo = createDynamoClient(placeOf(url));
  t.after(() => dynamo.destroy());
  const clock = createTableClock(dynamo, () => LOCAL_MS);
  const ask = () => dynamo.send(new GetItemCommand({ TableName: 'any', Key: { object: { S: 'x' } } }));
  return { clock, ask };
}

test('before the first answer, the local clock is all there is', async (t) => {
  const { clock } = await setUp(t, () => 60_000);
  assert.equal(clock.nowMs(), LOCAL_MS);
});

for (const skewMs of [3_600_000, -3_600_000, 3_000, -3_000]) {
  test(`a table that is ${skewMs / 1_000} s ahead is followed`, async (t) => {
    const { clock, ask } = await setUp(t, () => skewMs);
    await ask();
    assert.equal(clock.nowMs(), LOCAL_MS + skewMs);
  });
}

for (const skewMs of [2_000, -2_000, 1_000, 0]) {
  test(`${skewMs / 1_000} s are no skew: the header has whole seconds, and an answer takes its time`, async (t) => {
    const { clock, ask } = await setUp(t, () => skewMs);
    await ask();
    assert.equal(clock.nowMs(), LOCAL_MS);
  });
}

test('the latest answer counts, and one without a date changes nothing', async (t) => {
  const skews = [600_000, undefined, -600_000, 0];
  const { clock, ask } = await setUp(t, () => skews.shift());
  const seen: number[] = [];
  for (let n = 0; n < 4; n++) {
    await ask();
    seen.push(clock.nowMs() - LOCAL_MS);
  }
  assert.deepEqual(seen, [600_000, 600_000, -600_000, 0]);
});

test('a refusal tells the time as well as a success', async (t) => {
  const { clock, ask } = await setUp(t, () => 600_000, 400);
  await assert.rejects(ask(), { name: 'ConditionalCheckFailedException' });
  assert.equal(clock.nowMs(), LOCAL_MS + 600_000);
});

test('a table in this very process agrees with the local clock', async (t) => {
  const { client } = await startDynamo(t);
  const clock = createTableClock(client, Date.now);
  await client.send(
    new GetItemCommand({ TableName: 'delivery-ledger', Key: { object: { S: 'x' }, delivery: { S: 'y' } } }),
  );
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 1_000);
});
