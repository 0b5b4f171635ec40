import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('a debt is owed from its note until it is settled, whoever asks', async (t) => {
  const { client: dynamo, ledgerItem } = await startDynamo(t);
  const newRecord = () => createRetentionDebts({ dynamo, table: LEDGER_TABLE, nowMs: () => NOON_MS });
  const item = () => ledgerItem('retention:111111111111/eu-west-1//acme/api', 'retention');
  const debts = newRecord();
  assert.equal(await debts.isOwed(PLACE), false);
  assert.equal(await debts.note(PLACE), true);
  assert.equal(await newRecord().note(PLACE), false, 'it was noted before');
  assert.equal(await newRecord().isOwed(PLACE), true);
  assert.equal(await newRecord().isOwed({ ...PLACE, region: 'us-east-1' }), false);
  const expires = NOON_MS / 1000;
  assert.deepEqual(await item(), {
    object: 'retention:111111111111/eu-west-1//acme/api',
    delivery: 'retention',
    state: 'owed',
    retention_days: 30,
    expires_at: expires + 90 * DAY_SECONDS,
  });
  await newRecord().settle(PLACE);
  assert.equal(await debts.isOwed(PLACE), false);
  assert.equal((await item())?.expires_at, expires + DAY_SECONDS);
  assert.equal(await debts.note(PLACE), true, 'the group was deleted, and is created anew');
});
