import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Lease, NO_PROGRESS } from '../../../service/ledger/ledger.ts';
import { LEASE_MS, setUpLedger } from '../../support/ledger-scene.ts';

/** A request that was given up may still be under way, and be executed after what its sender did next. */
const at = (chunk: number) => ({ ...NO_PROGRESS, chunk, record: chunk * 100, layout: 'abc' });

async function setUp(t: TestContext) {
  const { calls, table, acquire, item, now } = await setUpLedger(t);
  const sent: Parameters<typeof calls>[] = [];
  table.call = ((...args: Parameters<typeof calls>) => {
    if (args[0] === 'UpdateItem') sent.push(args);
    return calls(...args);
  }) as typeof calls;
  const { lease } = await acquire();
  return {
    lease,
    now,
    item,
    /** Executes the n-th write once more, as the SDK does when an answer was lost. */
    repeat: (n: number) => calls(...(sent[n] ?? assert.fail('there is no such write'))),
    /** Executes the n-th write once more, as if it arrived now. */
    async arriveLate(n: number) {
      const before = await item();
      const [operation, input] = sent[n] ?? assert.fail('there is no such write');
      await assert.rejects(calls(operation, input), { name: 'ConditionalCheckFailedException' });
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

for (const [what, end] of [
  ['release', (lease: Lease) => lease.release(at(1))],
  ['bury', (lease: Lease) => lease.bury(at(1), 'x')],
] as const) {
  test(`an acquisition that arrives after the ${what} of its own owner takes nothing`, async (t) => {
    const { lease, arriveLate } = await setUp(t);
    await end(lease);
    await arriveLate(0);
  });
}

test('a write that is repeated because its answer was lost is taken', async (t) => {
  const { lease, item, repeat } = await setUp(t);
  await repeat(0);
  await lease.checkpoint(at(1));
  const before = await item();
  await repeat(1);
  assert.deepEqual(await item(), before);
});
