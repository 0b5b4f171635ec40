import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createProbe } from '../../../service/run/probe.ts';
import { LEDGER_TABLE, startDynamo, TENANT_TABLE } from '../../support/dynamo.ts';

async function setUp(t: TestContext, tables: readonly string[]) {
  const { client: dynamo } = await startDynamo(t);
  const now = { ms: 60_000 };
  const queue = { away: false, asked: 0 };
  const probe = createProbe({
    dynamo,
    tables,
    queue: {
      probe: async () => {
        queue.asked++;
        if (queue.away) throw new Error('no answer');
      },
    },
    nowMs: () => now.ms,
  });
  return { probe, queue, now };
}

test('a queue and tables that answer are reached', async (t) => {
  const { probe } = await setUp(t, [TENANT_TABLE, LEDGER_TABLE]);
  assert.equal(await probe(), null);
});

test('all that does not answer is named', async (t) => {
  const { probe, queue } = await setUp(t, [TENANT_TABLE, 'no-such-table']);
  queue.away = true;
  assert.equal(await probe(), 'the queue and the table no-such-table cannot be reached');
});

test('however often somebody looks, at most every five seconds is asked', async (t) => {
  const { probe, queue, now } = await setUp(t, [TENANT_TABLE]);
  assert.deepEqual(await Promise.all([probe(), probe()]), [null, null]);
  queue.away = true;
  now.ms += 5_000;
  assert.equal(await probe(), null);
  assert.equal(queue.asked, 1);
  now.ms += 1;
  assert.equal(await probe(), 'the queue cannot be reached');
  assert.equal(queue.asked, 2);
});
