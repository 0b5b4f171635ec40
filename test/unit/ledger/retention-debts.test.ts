import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { GroupPlace } from '../../../service/aws/retention.ts';
import { createRetentionDebts } from '../../../service/ledger/retention-debts.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const DAY_SECONDS = 24 * 3600;
const PLACE: GroupPlace = {
  tenantId: 'acme',
  accountId: '111111111111',
  region: 'eu-west-1',
  group: '/acme/api',
  retentionDays: 30,
};

async function setUp(t: TestContext) {
  const { calls: dynamo, ledgerItem } = await startDynamo(t);
  return {
    as: (owner: string) => createRetentionDebts({ dynamo, table: LEDGER_TABLE, owner, nowMs: () => NOON_MS }),
    item: () => ledgerItem('retention:111111111111/eu-west-1//acme/api', 'retention'),
  };
}

test('a debt is owed from its note until it is settled, whoever asks', async (t) => {
  const { as, item } = await setUp(t);
  assert.equal(await as('a').isOwed(PLACE), false);
  await as('a').note(PLACE);
  await as('b').note(PLACE);
  assert.equal(await as('c').isOwed(PLACE), true);
  assert.equal(await as('c').isOwed({ ...PLACE, region: 'us-east-1' }), false);
  const expires = NOON_MS / 1000;
  assert.deepEqual(await item(), {
    object: 'retention:111111111111/eu-west-1//acme/api',
    delivery: 'retention',
    state: 'owed',
    retention_days: 30,
    expires_at: expires + 90 * DAY_SECONDS,
    noted_by: 'a',
  });
  await as('b').settle(PLACE);
  assert.equal(await as('a').isOwed(PLACE), false);
  assert.equal((await item())?.expires_at, expires + DAY_SECONDS);
  await as('b').note(PLACE);
  assert.equal((await item())?.noted_by, 'b', 'the group was deleted, and is created anew');
});

test('a note is taken back by the process that has made it, unless another one has created the group', async (t) => {
  const { as } = await setUp(t);
  await as('a').note(PLACE);
  await as('b').withdraw(PLACE);
  assert.equal(await as('a').isOwed(PLACE), true);
  await as('b').claim(PLACE);
  await as('a').withdraw(PLACE);
  assert.equal(await as('a').isOwed(PLACE), true);
  await as('b').withdraw(PLACE);
  assert.equal(await as('a').isOwed(PLACE), false);
});
