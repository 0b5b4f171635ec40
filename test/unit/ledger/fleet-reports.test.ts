import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createFleetReporter, FLEET, type OwnView, readFleet } from '../../../service/ledger/fleet-reports.ts';
import { awsError } from '../../support/aws-error.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';
import { until } from '../../support/until.ts';

const EVERY_MS = 20;
const NOON_MS = Date.UTC(2026, 0, 31, 12);

async function setUp(t: TestContext) {
  const dynamo = await startDynamo(t);
  const now = { ms: NOON_MS };
  const stop = new AbortController();
  const calls = { write: dynamo.calls };
  const troubles: unknown[] = [];
  const ends: Promise<void>[] = [];
  const report = (id: string, view: Partial<OwnView>) => {
    const look = () => ({ readUpToMs: undefined, open: new Map(), backMs: 0, ...view });
    const reporter = createFleetReporter({
      dynamo: (...args) => calls.write(...args),
      table: LEDGER_TABLE,
      id,
      look,
      everyMs: EVERY_MS,
      nowMs: () => now.ms,
      onTrouble: (error) => troubles.push(error),
    });
    ends.push(reporter.run(stop.signal));
    return reporter;
  };
  const end = async () => {
    stop.abort();
    await Promise.all(ends);
  };
  t.after(end);
  const read = () => readFleet(dynamo.calls, LEDGER_TABLE, () => now.ms);
  return { dynamo, calls, now, report, end, read, troubles };
}

test('the queue is read as far as the process says that is least far, and a tenant is open since the oldest', async (t) => {
  const { report, read } = await setUp(t);
  report('a', { readUpToMs: NOON_MS - 5_000, open: new Map([['acme', NOON_MS - 60_000]]) });
  report('b', {
    readUpToMs: NOON_MS - 9_000,
    open: new Map([
      ['acme', NOON_MS - 30_000],
      ['globex', NOON_MS - 1_000],
    ]),
  });
  report('c', {});
  const fleet = await until(async () => {
    const now = await read();
    return now.processes === 3 && now.readUpToMs === NOON_MS - 9_000 && now;
  }, 'all have reported');
  assert.ok(fleet);
  assert.deepEqual(
    ['acme', 'globex', 'idle'].map((tenant) => fleet.openMs(tenant)),
    [NOON_MS - 60_000, NOON_MS - 1_000, undefined],
  );
});

test('what a process says of the queue counts when all had the time to report what they took from it', async (t) => {
  const { dynamo, calls, report, read } = await setUp(t);
  const written: unknown[] = [];
  calls.write = (async (...args: Parameters<typeof dynamo.calls>) => {
    const answer = await dynamo.calls(...args);
    written.push((await read()).readUpToMs);
    return answer;
  }) as typeof dynamo.calls;
  report('a', { readUpToMs: NOON_MS - 5_000 });
  await until(() => written.length >= 4, 'four reports');
  assert.deepEqual(written.slice(0, 4), [undefined, undefined, NOON_MS - 5_000, NOON_MS - 5_000]);
});

test('a host whose clock is ahead has not read what will be sent', async (t) => {
  const { report, read } = await setUp(t);
  report('ahead', { readUpToMs: NOON_MS + 3 * 3_600_000 });
  await until(async () => (await read()).readUpToMs === NOON_MS, 'it is the time of the table');
});

test('what a process that died has left behind counts until it is back, and what it said of the queue does not', async (t) => {
  const { report, read, now, end } = await setUp(t);
  report('dead', {
    readUpToMs: NOON_MS - 5_000,
    open: new Map([['acme', NOON_MS - 60_000]]),
    backMs: NOON_MS + 600_000,
  });
  await until(async () => (await read()).readUpToMs !== undefined, 'it has reported');
  await end();
  now.ms = NOON_MS + 599_000;
  const left = await read();
  assert.deepEqual([left.processes, left.readUpToMs, left.openMs('acme')], [0, undefined, NOON_MS - 60_000]);
  now.ms = NOON_MS + 700_000;
  assert.equal((await read()).openMs('acme'), undefined);
});

test('a process that stops says at its end what it leaves behind, and no more of the queue than it could before', async (t) => {
  const { report, read, now, end, troubles } = await setUp(t);
  const open = new Map<string, number>();
  const view = { readUpToMs: NOON_MS - 5_000, open, backMs: NOON_MS + 600_000 };
  const reporter = report('draining', view);
  await until(async () => (await read()).readUpToMs === NOON_MS - 5_000, 'it has reported');
  await end();
  // Taken after the last report, and handed back by the drain.
  open.set('acme', NOON_MS - 60_000);
  view.readUpToMs = NOON_MS;
  await reporter.last(new AbortController().signal);
  const left = await read();
  assert.deepEqual([left.openMs('acme'), left.readUpToMs], [NOON_MS - 60_000, NOON_MS - 5_000]);
  now.ms = NOON_MS + 599_000;
  assert.equal((await read()).openMs('acme'), NOON_MS - 60_000);
  await reporter.last(AbortSignal.abort());
  assert.equal(troubles.length, 1, 'it is told of, and nothing is thrown');
});

test('a process with more open tenants than a report names has not read further than the oldest of the others', async (t) => {
  const { report, read } = await setUp(t);
  const open = new Map(Array.from({ length: 1_500 }, (_, n) => [`t-${n}`, NOON_MS - 2_000_000 + n] as const));
  report('a', { readUpToMs: NOON_MS, open });
  const fleet = await until(async () => {
    const now = await read();
    return now.readUpToMs !== undefined && now;
  }, 'it has reported');
  assert.ok(fleet);
  assert.deepEqual([fleet.openMs('t-999'), fleet.openMs('t-1000')], [NOON_MS - 2_000_000 + 999, undefined]);
  assert.equal(fleet.readUpToMs, NOON_MS - 2_000_000 + 1_000);
});

test('a table that is away is told of, and reports go on; items of others are left out', async (t) => {
  const { dynamo, calls, report, read, troubles } = await setUp(t);
  calls.write = (async () => {
    throw awsError('InternalServerError', 500);
  }) as unknown as typeof dynamo.calls;
  report('a', { readUpToMs: NOON_MS });
  await until(() => troubles.length >= 2, 'two reports fail');
  calls.write = dynamo.calls;
  await dynamo.put(LEDGER_TABLE, { object: FLEET, delivery: 'of a later version', report: '{"at":1}' });
  await dynamo.put(LEDGER_TABLE, { object: FLEET, delivery: 'of nobody' });
  await until(async () => (await read()).processes === 1, 'it has reported');
});
