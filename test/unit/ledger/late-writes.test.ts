import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLedger, type Lease, NO_PROGRESS } from '../../../service/ledger/ledger.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';

/** A request that was given up may still be under way, and be executed after what its sender did next. */
const KEY = { object: 's3://central/logs/a#e1', delivery: 'acme/cloudwatch' };
const LEASE_MS = 60_000;
const at = (chunk: number) => ({ ...NO_PROGRESS, chunk, record: chunk * 100, layout: 'abc' });

async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const now = { ms: Date.UTC(2026, 0, 31) };
  type Calls = typeof dynamo.calls;
  const sent: Parameters<Calls>[] = [];
  const ledger = createLedger({
    dynamo: ((...args: Parameters<Calls>) => {
      if (args[0] === 'UpdateItem') sent.push(args);
      return dynamo.calls(...args);
    }) as Calls,
    table: LEDGER_TABLE,
    leaseMs: LEASE_MS,
    nowMs: () => now.ms,
    newOwner: () => 'me',
    onWrite: () => {},
  });
  const acquired = await ledger.acquire(KEY);
  assert.ok(acquired.kind === 'acquired');
  const item = () => dynamo.ledgerItem(KEY.object, KEY.delivery);
  return {
    lease: acquired.lease as Lease,
    now,
    item,
    /** Executes the n-th write once more, as the SDK does when an answer was lost. */
    repeat: (n: number) => dynamo.calls(...(sent[n] ?? assert.fail('there is no such write'))),
    /** Executes the n-th write once more, as if it arrived now. */
    async arriveLate(n: number) {
      const before = await item();
      const [operation, input] = sent[n] ?? assert.fail('there is no such write');
      await assert.rejects(dynamo.calls(operation, input), { name: 'ConditionalCheckFailedException' });
      assert.deepEqual(await item(), before);
    },
  };
}

test('a position that arrives late moves none back, and shortens no lease', async (t) => {
  const { lease, now, item, arriveLate } = await setUp(t);
  await lease.checkpoint(at(1));
  now.ms += 10_000;
  await lease.checkpoint(at(2));
  await arriveLate(1);
  now.ms += 10_000;
  await lease.renew();
  await arriveLate(2);
  assert.equal((await item())?.lease_expires_at, now.ms + LEASE_MS);
});

test('an acquisition that arrives late shortens no lease that was renewed since', async (t) => {
  const { lease, now, arriveLate } = await setUp(t);
  now.ms += 10_000;
  await lease.renew();
  await arriveLate(0);
});

test('a write that is repeated because its answer was lost is taken', async (t) => {
  const { lease, item, repeat } = await setUp(t);
  await repeat(0);
  await lease.checkpoint(at(1));
  const before = await item();
  await repeat(1);
  assert.deepEqual(await item(), before);
});
