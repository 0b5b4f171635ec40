import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLedger, type Lease } from '../../../service/ledger/ledger.ts';
import { LEDGER_TABLE } from '../../support/dynamo.ts';
import { COUNTS, DOUBTS, KEY, LEASE_MS, PROGRESS, setUpLedger } from '../../support/ledger-scene.ts';
import { outcomeOf } from '../../support/progress.ts';

/** What the ledger says of an owner whose last calls nobody knows the end of, and of writes whose answers were lost. */

/** Owners one after another, each of which dies without a word. */
async function setUpOwners(t: TestContext) {
  const { ledger, now } = await setUpLedger(t);
  const take = async (setup: string) => {
    const taken = await ledger.acquire(KEY, { settleMs: 0, setup });
    assert.ok(taken.kind === 'acquired');
    now.ms += LEASE_MS + 1;
    return taken;
  };
  return { take, now };
}

test('who takes over from an owner that ended without a word knows that its calls are in doubt', async (t) => {
  const { acquire, ledger, now } = await setUpLedger(t);
  const { lease } = await acquire();
  await lease.checkpoint(PROGRESS);
  now.ms += LEASE_MS + 1;
  assert.deepEqual(await ledger.acquire(KEY, DOUBTS), { kind: 'held', remainingMs: 9_999 }, 'its calls settle first');
  now.ms += 10_000;
  const next = await ledger.acquire(KEY, DOUBTS);
  assert.ok(next.kind === 'acquired');
  assert.deepEqual([next.inDoubt, next.crashes, next.progress], [true, 0, PROGRESS]);
  await next.lease.release(PROGRESS);
  assert.equal((await acquire()).inDoubt, false);
});

for (const end of ['release', 'bury'] as const) {
  test(`a ${end} in doubt leaves the lease to run out at once, and is no crash`, async (t) => {
    const { acquire, ledger, now } = await setUpLedger(t);
    const { lease } = await acquire();
    if (end === 'release') await lease.release(PROGRESS, true);
    else await lease.bury(PROGRESS, 'x', true);
    assert.deepEqual(await ledger.acquire(KEY, DOUBTS), { kind: 'held', remainingMs: 10_000 });
    now.ms += 10_001;
    const next = await ledger.acquire(KEY, DOUBTS);
    assert.ok(next.kind === 'acquired');
    assert.deepEqual([next.inDoubt, next.crashes, next.progress], [true, 0, PROGRESS]);
  });
}

test('once an owner has saved a later chunk, only its own calls can be in doubt', async (t) => {
  const { take, now } = await setUpOwners(t);
  const { lease: first } = await take('A');
  await first.checkpoint(PROGRESS);
  now.ms += LEASE_MS + 1;
  const second = await take('B');
  assert.equal(second.otherSetup, true);
  await second.lease.checkpoint({ ...PROGRESS, batch: 5 });
  now.ms += LEASE_MS + 1;
  const third = await take('B');
  assert.equal(third.otherSetup, true, 'the chunk is the same');
  await third.lease.checkpoint({ ...PROGRESS, chunk: PROGRESS.chunk + 1, record: 8_000 });
  now.ms += LEASE_MS + 1;
  assert.equal((await take('B')).otherSetup, false);
  assert.equal((await take('C')).otherSetup, true);
});

test('of all owners whose calls are in doubt, the ledger knows whether one had another setup', async (t) => {
  const { take } = await setUpOwners(t);
  const taken = [await take('A'), await take('A'), await take('B'), await take('B')];
  assert.deepEqual(
    taken.map(({ otherSetup }) => otherSetup),
    [false, false, true, true],
  );
  await taken.at(-1)?.lease.release(PROGRESS);
  assert.equal((await take('C')).otherSetup, false);
});

test('an acquisition whose answer was lost is the same one when it is asked for again', async (t) => {
  const { calls, now, item } = await setUpLedger(t);
  const ledger = createLedger({
    dynamo: calls,
    table: LEDGER_TABLE,
    leaseMs: LEASE_MS,
    nowMs: () => now.ms,
    newOwner: () => 'the same',
    onWrite: () => {},
  });
  assert.equal((await ledger.acquire(KEY)).kind, 'acquired');
  const again = await ledger.acquire(KEY);
  assert.ok(again.kind === 'acquired');
  assert.equal(again.crashes, 0, 'nobody has crashed');
  assert.equal((await item())?.owner, 'the same');
});

for (const [what, last] of [
  ['finish', (lease: Lease) => lease.finish(outcomeOf(COUNTS))],
  ['release', (lease: Lease) => lease.release(PROGRESS)],
  ['bury', (lease: Lease) => lease.bury(PROGRESS, 'x')],
] as const) {
  test(`a ${what} whose answer was lost is no takeover when it is repeated`, async (t) => {
    const { acquire, item } = await setUpLedger(t);
    const { lease } = await acquire();
    await last(lease);
    const before = await item();
    await last(lease);
    assert.deepEqual(await item(), before);
  });

  test(`a ${what} after another owner has ended the delivery is one`, async (t) => {
    const { acquire, now } = await setUpLedger(t);
    const { lease } = await acquire();
    now.ms += LEASE_MS + 1;
    const other = await acquire();
    await assert.rejects(last(lease), { code: 'lease-lost' });
    await other.lease.finish(outcomeOf(COUNTS));
    await assert.rejects(last(lease), { code: 'lease-lost' });
  });
}
