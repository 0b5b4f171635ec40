import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { DistributorError } from '../../../service/base/errors.ts';
import { readEntries } from '../../../service/ledger/entries.ts';
import { createFleetLease, type HeldLease } from '../../../service/ledger/fleet-lease.ts';
import { createLedger } from '../../../service/ledger/ledger.ts';
import { createTableClock } from '../../../service/ledger/table-clock.ts';
import { awsError } from '../../support/aws-error.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';
import { until } from '../../support/until.ts';

/** Short enough to see it run out, long enough for a busy machine to renew it in time. */
const LEASE_MS = 3_000;

/** Processes that want the same work, at one real table. */
async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const working: string[] = [];
  const log: string[] = [];
  const troubles: DistributorError[] = [];
  let atOnce = 0;
  let owners = 0;

  /** @param aheadMs how far the clock of this host is ahead */
  const start = (name: string, { aheadMs = 0 } = {}) => {
    const stop = new AbortController();
    const skew = { silent: false, haltedMs: 0 };
    const monotonicMs = () => performance.now() + skew.haltedMs;
    const clock = createTableClock({ monotonicMs, steadyMs: () => Date.now() + aheadMs });
    const calls: typeof dynamo.calls = async (...args) => {
      if (skew.silent) throw awsError('InternalServerError', 500);
      // The table's own clock, as its answers tell it.
      const answered = clock.observe();
      const answer = await dynamo.calls(...args);
      answered(new Date().toUTCString());
      return answer;
    };
    const ledger = createLedger({
      dynamo: calls,
      table: LEDGER_TABLE,
      leaseMs: LEASE_MS,
      nowMs: clock.nowMs,
      newOwner: () => `owner-${++owners}`,
      onWrite: () => {},
    });
    const lease = createFleetLease({
      name: 'log-distributor-work',
      role: 'worker',
      ledger,
      learnTime: () => readEntries(calls, LEDGER_TABLE, 'log-distributor-work'),
      leaseMs: LEASE_MS,
      onTrouble: (error) => troubles.push(error),
      random: () => 0,
      monotonicMs,
    });
    const now: { held: HeldLease | undefined } = { held: undefined };
    const running = lease.run(async (held) => {
      now.held = held;
      working.push(name);
      log.push(`${name} from ${held.saved}`);
      atOnce = Math.max(atOnce, working.length);
      if (!held.signal.aborted) await once(held.signal, 'abort');
      working.splice(working.indexOf(name), 1);
    }, stop.signal);
    const end = async () => {
      stop.abort();
      await running;
    };
    t.after(end);
    return { end, skew, now };
  };
  const untilWorks = (name: string) => until(() => working.includes(name), `${name} works`);
  return { dynamo, start, working, log, troubles, untilWorks, atOnce: () => atOnce };
}

test('one process of several works, and the next goes on where the last one saved', async (t) => {
  const { start, working, log, untilWorks, atOnce } = await setUp(t);
  const first = start('first');
  await untilWorks('first');
  const second = start('second');
  await first.now.held?.save('page 7');
  // Longer than the lease: without renewals the second would have it.
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 1.5));
  assert.deepEqual(working, ['first']);
  await first.end();
  await untilWorks('second');
  assert.deepEqual(log, ['first from ', 'second from page 7']);
  assert.equal(atOnce(), 1);
  await second.end();
});

test('after a process that died without a word, another one works once the lease has run out', async (t) => {
  const { dynamo, start, log, untilWorks } = await setUp(t);
  const dead = createLedger({
    dynamo: dynamo.calls,
    table: LEDGER_TABLE,
    leaseMs: LEASE_MS,
    nowMs: Date.now,
    newOwner: () => 'dead',
    onWrite: () => {},
  });
  const acquisition = await dead.acquire({ object: 'log-distributor-work', delivery: 'worker' });
  assert.ok(acquisition.kind === 'acquired');
  await acquisition.lease.checkpoint({ ...acquisition.progress, cursor: 'page 3' });
  start('heir');
  await untilWorks('heir');
  assert.deepEqual(log, ['heir from page 3']);
});

test('a host whose clock is hours ahead takes no lease from a process that renews it', async (t) => {
  const { start, working, untilWorks, atOnce } = await setUp(t);
  start('right');
  await untilWorks('right');
  start('ahead', { aheadMs: 3 * 3_600_000 });
  start('behind', { aheadMs: -3 * 3_600_000 });
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 1.5));
  assert.deepEqual(working, ['right']);
  assert.equal(atOnce(), 1);
});

test('work ends before the lease does when the table no longer answers', async (t) => {
  const { start, working, troubles, untilWorks, atOnce } = await setUp(t);
  const first = start('first');
  await untilWorks('first');
  first.skew.silent = true;
  start('second');
  await untilWorks('second');
  assert.deepEqual([working, atOnce()], [['second'], 1]);
  assert.equal(troubles[0]?.code, 'lease-lost');
});

test('a process that was halted begins nothing when it wakes', async (t) => {
  const { start, untilWorks } = await setUp(t);
  const { skew, now } = start('halted');
  await untilWorks('halted');
  now.held?.check();
  skew.haltedMs += LEASE_MS;
  assert.throws(() => now.held?.check(), { code: 'lease-lost' });
  await assert.rejects(async () => now.held?.save('late'), { code: 'lease-lost' });
});

test('a worker whose lease another one has taken saves nothing', async (t) => {
  const { dynamo, start, troubles, untilWorks } = await setUp(t);
  const { now } = start('robbed');
  await untilWorks('robbed');
  await dynamo.put(LEDGER_TABLE, {
    object: 'log-distributor-work',
    delivery: 'worker',
    state: 'delivering',
    owner: 'another',
    lease_expires_at: Date.now() + 3_600_000,
  });
  await assert.rejects(async () => now.held?.save('mine'), { code: 'lease-lost' });
  await until(() => troubles.length > 0, 'the trouble is told');
  assert.equal((await dynamo.ledgerItem('log-distributor-work', 'worker'))?.owner, 'another');
});

test('work that fails is tried again later, and tells why', async (t) => {
  const dynamo = await startDynamo(t);
  const stop = new AbortController();
  const troubles: string[] = [];
  let tries = 0;
  const ledger = createLedger({
    dynamo: dynamo.calls,
    table: LEDGER_TABLE,
    leaseMs: 100,
    nowMs: Date.now,
    newOwner: () => `owner-${tries}`,
    onWrite: () => {},
  });
  const lease = createFleetLease({
    name: 'log-distributor-work',
    role: 'worker',
    ledger,
    learnTime: async () => {},
    leaseMs: 100,
    onTrouble: ({ message }) => troubles.push(message),
    random: () => 0,
    monotonicMs: () => performance.now(),
  });
  await lease.run(async () => {
    if (++tries === 2) stop.abort();
    throw new Error(`try ${tries}`);
  }, stop.signal);
  assert.deepEqual(troubles, ['Error: try 1']);
});
