import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../../service/delivery/lease-keeper.ts';
import type { Lease, Progress } from '../../../service/ledger/ledger.ts';
import { outcomeOf, progressOf } from '../../support/progress.ts';

const LEASE_MS = 60_000;
const PATIENCE_MS = 300_000;

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const lostLease = () => new DistributorError('lease-lost', 'another process has taken over');
const noLedger = () => new DistributorError('ledger-unavailable', 'the ledger did not answer');

/** A keeper over a lease that records its writes, with a clock that moves only when the test says so. */
function setUp(
  t: TestContext,
  { leaseMs = LEASE_MS, start = progressOf({}) }: { leaseMs?: number; start?: Progress } = {},
) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const stop = new AbortController();
  const writes: string[] = [];
  const state = {
    progress: start,
    nowMs: 1_000_000,
    inDoubt: false,
    failure: undefined as Error | undefined,
    gate: undefined as Promise<void> | undefined,
  };
  const write = (what: string) => async () => {
    writes.push(what);
    await state.gate;
    if (state.failure) throw state.failure;
  };
  const lease: Lease = {
    renew: write('renew'),
    checkpoint: (progress) => write(`checkpoint ${progress.batch}`)(),
    release: (progress, inDoubt) => write(`release ${progress.batch}${inDoubt ? ' in doubt' : ''}`)(),
    finish: ({ counts }) => write(`finish ${counts.delivered}`)(),
    bury: (progress, reason, inDoubt) => write(`bury ${progress.batch} ${reason}${inDoubt ? ' in doubt' : ''}`)(),
  };
  const keeper = createLeaseKeeper({
    lease,
    leaseMs,
    acquiredMs: state.nowMs,
    progress: () => state.progress,
    inDoubt: () => state.inDoubt,
    stop: stop.signal,
    patienceMs: PATIENCE_MS,
    random: () => 0.5,
    nowMs: () => state.nowMs,
  });
  /** Lets time pass in the steps of the keeper's own timer. */
  const pass = async (ms: number, stepMs = Math.min(2_000, leaseMs / 6)) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      state.nowMs += stepMs;
      t.mock.timers.tick(stepMs);
      await settle();
    }
  };
  const accept = (batch: number) => {
    state.progress = progressOf({ batch });
  };
  return { keeper, writes, state, pass, accept, stop };
}

test('a position that has moved is saved every two seconds', async (t) => {
  const { keeper, writes, pass, accept } = setUp(t);
  accept(1);
  await pass(2_000);
  assert.deepEqual(writes, ['checkpoint 1']);
  await pass(2_000);
  assert.deepEqual(writes, ['checkpoint 1'], 'it has not moved again');
  accept(2);
  accept(3);
  await pass(2_000);
  assert.deepEqual(writes, ['checkpoint 1', 'checkpoint 3']);
  await keeper[Symbol.asyncDispose]();
});

test('a position that stands is not saved; the lease is renewed once a third of it is over', async (t) => {
  const { keeper, writes, pass } = setUp(t, { start: progressOf({ batch: 7 }) });
  await pass(18_000);
  assert.deepEqual(writes, []);
  await pass(2_000);
  assert.deepEqual(writes, ['renew'], 'a renewal, which does not say that anything was achieved');
  await pass(18_000);
  assert.equal(writes.length, 1);
  await pass(2_000);
  assert.deepEqual(writes, ['renew', 'renew']);
  await keeper[Symbol.asyncDispose]();
});

test('a short lease is renewed in time too', async (t) => {
  const { keeper, writes, pass } = setUp(t, { leaseMs: 6_000 });
  await pass(6_000);
  assert.deepEqual(writes, ['renew', 'renew', 'renew']);
  assert.equal(keeper.doubt.aborted, false);
  await keeper[Symbol.asyncDispose]();
});

test('another layout of the same position is no progress', async (t) => {
  const { keeper, writes, state, pass } = setUp(t, { start: progressOf({ batch: 2, layout: 'old' }) });
  state.progress = progressOf({ batch: 2, layout: 'new' });
  await pass(18_000);
  assert.deepEqual(writes, []);
  await keeper[Symbol.asyncDispose]();
});

test('a checkpoint that is asked for is saved at once, and counts as the latest', async (t) => {
  const { keeper, writes, pass, accept } = setUp(t);
  accept(4);
  await keeper.checkpoint();
  assert.deepEqual(writes, ['checkpoint 4']);
  await pass(18_000);
  assert.equal(writes.length, 1);
  await keeper[Symbol.asyncDispose]();
});

test('release, finish and bury are passed on with the position of their moment', async (t) => {
  const { keeper, writes, accept } = setUp(t);
  accept(5);
  await keeper.release();
  await keeper.bury('object-corrupt');
  await keeper.finish(outcomeOf({ delivered: 9 }));
  assert.deepEqual(writes, ['release 5', 'bury 5 object-corrupt', 'finish 9']);
  await keeper[Symbol.asyncDispose]();
});

test('writes never overlap, and each saves what is true when its turn comes', async (t) => {
  const { keeper, writes, state, accept } = setUp(t);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  accept(1);
  const first = keeper.checkpoint();
  const last = keeper.release();
  await settle();
  assert.deepEqual(writes, ['checkpoint 1']);
  accept(2);
  gate.resolve();
  await Promise.all([first, last]);
  assert.deepEqual(writes, ['checkpoint 1', 'release 2']);
  await keeper[Symbol.asyncDispose]();
});

/** How a write stands: what it threw, once it has. */
function watch(write: Promise<void>) {
  const seen = { state: 'under way' };
  write.then(
    () => {
      seen.state = 'done';
    },
    (error) => {
      seen.state = error.code;
    },
  );
  return seen;
}

for (const [what, call, line] of [
  ['a checkpoint', (keeper) => keeper.checkpoint(), 'checkpoint 1'],
  ['the end', (keeper) => keeper.finish(outcomeOf({ delivered: 9 })), 'finish 9'],
  ['a burial', (keeper) => keeper.bury('object-corrupt'), 'bury 1 object-corrupt'],
] as readonly (readonly [string, (keeper: LeaseKeeper) => Promise<void>, string])[]) {
  test(`${what} that the ledger does not take is tried again until it does`, async (t) => {
    const { keeper, writes, state, pass, accept } = setUp(t);
    state.failure = noLedger();
    accept(1);
    const write = watch(call(keeper));
    await pass(20_000);
    assert.equal(write.state, 'under way');
    state.failure = undefined;
    await pass(6_000);
    assert.equal(write.state, 'done');
    assert.ok(writes.filter((text) => text === line).length > 2);
    await keeper[Symbol.asyncDispose]();
  });

  test(`${what} is tried for as long as the lease is ours beyond doubt, and not longer`, async (t) => {
    const { keeper, state, pass, accept } = setUp(t);
    state.failure = noLedger();
    accept(1);
    const write = watch(call(keeper));
    await pass(48_000);
    assert.equal(write.state, 'under way');
    await pass(6_000);
    assert.equal(write.state, 'ledger-unavailable');
    await keeper[Symbol.asyncDispose]();
  });

  test(`${what} is not tried again when the delivery shall end`, async (t) => {
    const { keeper, state, pass, accept, stop } = setUp(t);
    state.failure = noLedger();
    accept(1);
    const write = watch(call(keeper));
    await pass(4_000);
    stop.abort();
    await pass(2_000);
    assert.equal(write.state, 'ledger-unavailable');
    await keeper[Symbol.asyncDispose]();
  });
}

test('a position is given back however long the ledger is away, within patience: unsaved, it would be delivered twice', async (t) => {
  const { keeper, writes, state, pass, accept, stop } = setUp(t);
  state.failure = noLedger();
  accept(1);
  stop.abort();
  const write = watch(keeper.release());
  await pass(PATIENCE_MS - 20_000);
  assert.equal(keeper.doubt.aborted, true, 'the lease is long over');
  assert.equal(write.state, 'under way');
  state.failure = undefined;
  await pass(6_000);
  assert.equal(write.state, 'done');
  assert.ok(writes.includes('release 1'));
  await keeper[Symbol.asyncDispose]();
});

test('patience ends', async (t) => {
  const { keeper, state, pass, accept } = setUp(t);
  state.failure = noLedger();
  accept(1);
  const write = watch(keeper.release());
  await pass(PATIENCE_MS + 6_000);
  assert.equal(write.state, 'ledger-unavailable');
  await keeper[Symbol.asyncDispose]();
});

test('nothing is written again to a delivery that is another owner’s', async (t) => {
  const { keeper, writes, state, pass, accept } = setUp(t);
  state.failure = lostLease();
  accept(1);
  const write = watch(keeper.release());
  await settle();
  assert.equal(write.state, 'lease-lost');
  assert.equal(keeper.lost.aborted, true);
  assert.deepEqual(writes, ['release 1']);
  await pass(1_000, 1_000);
  await keeper[Symbol.asyncDispose]();
});

test('a lease that another owner took is told at once', async (t) => {
  const { keeper, state, pass } = setUp(t);
  state.failure = lostLease();
  await pass(18_000);
  assert.equal(keeper.lost.aborted, false);
  await pass(2_000);
  assert.equal(keeper.lost.reason?.code, 'lease-lost');
  await keeper[Symbol.asyncDispose]();
});

test('a ledger that fails is sat out as long as the lease is ours beyond doubt, and not longer', async (t) => {
  const { keeper, writes, state, pass } = setUp(t);
  state.failure = noLedger();
  await pass(48_000);
  assert.equal(keeper.doubt.aborted, false);
  assert.ok(writes.length > 10, 'it is asked again with every look');
  await pass(2_000);
  assert.equal(keeper.doubt.reason?.code, 'ledger-unavailable');
  assert.equal(keeper.lost.aborted, false, 'nobody else has it: what is under way may end');
  await keeper[Symbol.asyncDispose]();
});

test('a ledger that comes back in time is forgiven', async (t) => {
  const { keeper, state, pass } = setUp(t);
  state.failure = noLedger();
  await pass(46_000);
  state.failure = undefined;
  await pass(2_000);
  await pass(18_000);
  assert.equal(keeper.doubt.aborted, false);
  await keeper[Symbol.asyncDispose]();
});

test('a ledger that hangs does not keep us at work beyond our lease', async (t) => {
  const { keeper, state, pass, accept } = setUp(t);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  accept(1);
  await pass(48_000);
  assert.equal(keeper.doubt.aborted, false);
  await pass(2_000);
  assert.equal(keeper.doubt.reason?.code, 'ledger-unavailable');
  gate.resolve();
  await keeper[Symbol.asyncDispose]();
});

test('a process that was halted for too long learns it by a look, before any timer runs', async (t) => {
  const { keeper, state } = setUp(t);
  state.nowMs += LEASE_MS * 0.8;
  keeper.look();
  assert.equal(keeper.doubt.aborted, false);
  state.nowMs += 1;
  keeper.look();
  assert.equal(keeper.doubt.reason?.code, 'ledger-unavailable');
  await keeper[Symbol.asyncDispose]();
});

test('a renewal counts from when it was asked for, not from when the answer came', async (t) => {
  const { keeper, state, pass, accept } = setUp(t);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  accept(1);
  await pass(2_000);
  await pass(30_000);
  gate.resolve();
  await settle();
  state.gate = undefined;
  state.failure = noLedger();
  await pass(18_000);
  assert.equal(keeper.doubt.aborted, false);
  await pass(2_000);
  assert.equal(keeper.doubt.aborted, true);
  await keeper[Symbol.asyncDispose]();
});

test('the lease counts from before it was asked for, not from when the answer came', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 100_000;
  const fails = () => Promise.reject(noLedger());
  const keeper = createLeaseKeeper({
    lease: { renew: fails, checkpoint: fails, release: fails, finish: fails, bury: fails },
    leaseMs: LEASE_MS,
    acquiredMs: now - 40_000,
    progress: () => progressOf({}),
    inDoubt: () => false,
    stop: new AbortController().signal,
    patienceMs: 0,
    random: () => 0,
    nowMs: () => now,
  });
  now += 8_001;
  t.mock.timers.tick(2_000);
  assert.equal(keeper.doubt.aborted, true);
  await keeper[Symbol.asyncDispose]();
});

test('disposing ends the timer, and waits for the write under way', async (t) => {
  const { keeper, writes, state, pass, accept } = setUp(t);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  accept(1);
  await pass(2_000);
  let disposed = false;
  const disposing = keeper[Symbol.asyncDispose]().then(() => {
    disposed = true;
  });
  await settle();
  assert.equal(disposed, false);
  gate.resolve();
  await disposing;
  accept(2);
  await pass(30_000);
  assert.deepEqual(writes, ['checkpoint 1']);
});

test('an owner in doubt says so when it ends', async (t) => {
  const { keeper, state, writes } = setUp(t);
  state.inDoubt = true;
  await keeper.release();
  await keeper.bury('x');
  assert.deepEqual(writes, ['release 0 in doubt', 'bury 0 x in doubt']);
  await keeper[Symbol.asyncDispose]();
});

for (const [what, end, line] of [
  ['gives back', (keeper) => keeper.release(), 'release 0 in doubt'],
  ['buries', (keeper) => keeper.bury('x'), 'bury 0 x in doubt'],
] as readonly (readonly [string, (keeper: LeaseKeeper) => Promise<void>, string])[]) {
  test(`an owner in doubt that ${what} renews nothing afterwards: its lease is over, and its name still in the item`, async (t) => {
    const { keeper, state, writes, pass } = setUp(t);
    state.inDoubt = true;
    const gate = Promise.withResolvers<void>();
    state.gate = gate.promise;
    const ended = end(keeper);
    // A renewal falls due while the last write is under way, and waits for its turn.
    await pass(22_000);
    gate.resolve();
    await ended;
    await pass(30_000);
    assert.deepEqual(writes, [line]);
    assert.equal(keeper.lost.aborted, false);
    await keeper[Symbol.asyncDispose]();
  });
}
