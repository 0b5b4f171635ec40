import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { dayOf, startOfDay } from '../../../../service/core/usage.ts';
import { createFleetLease } from '../../../../service/ledger/fleet-lease.ts';
import { createLedger } from '../../../../service/ledger/ledger.ts';
import { createUsageDays, type UsageDays } from '../../../../service/ledger/usage-days.ts';
import { createUsageRollUp, GRACE_MS, USAGE_LEASE } from '../../../../service/run/watch/usage-roll-up.ts';
import { LEDGER_TABLE, startDynamo } from '../../../support/dynamo.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { until } from '../../../support/until.ts';
import { finishObject } from '../../../support/usage.ts';

const NEVER = new AbortController().signal;
const TODAY_MS = startOfDay('2026-11-30');
const DAY_MS = 24 * 3_600_000;

async function setUp(t: TestContext, nowMs = TODAY_MS + GRACE_MS) {
  const dynamo = await startDynamo(t);
  const days = createUsageDays({ dynamo: dynamo.calls, table: LEDGER_TABLE });
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  let owners = 0;
  const start = (used: UsageDays = days) => {
    const stop = new AbortController();
    const rollUp = createUsageRollUp({
      lease: createFleetLease({
        ...USAGE_LEASE,
        ledger: createLedger({
          dynamo: dynamo.calls,
          table: LEDGER_TABLE,
          leaseMs: 3_000,
          // Of the real time: who waits for the lease does so too.
          nowMs: Date.now,
          newOwner: () => `owner-${++owners}`,
          onWrite: () => {},
        }),
        learnTime: async () => {},
        leaseMs: 3_000,
        onTrouble: ({ message }) => logger.warn(message),
        random: () => 0,
        monotonicMs: () => performance.now(),
      }),
      days: used,
      metrics,
      logger,
      nowMs: () => nowMs,
    });
    const running = rollUp.run(stop.signal);
    const end = async () => {
      stop.abort();
      await running;
    };
    t.after(end);
    return end;
  };
  const isKept = (day: string) => until(async () => (await days.read(day, NEVER)) !== undefined, `${day} is kept`);
  return { dynamo, days, lines, metrics, start, isKept };
}

test('days that are over are summed up once, those before the ledger begins and the one at hand are not', async (t) => {
  const { dynamo, days, start, isKept } = await setUp(t);
  const sums: (readonly string[])[] = [];
  await finishObject(dynamo, 's3://b/1#v', 'acme/cloudwatch', TODAY_MS - 1);
  await finishObject(dynamo, 's3://b/2#v', 'acme/cloudwatch', TODAY_MS);
  await finishObject(dynamo, 's3://b/3#v', 'acme/cloudwatch', TODAY_MS - 12 * DAY_MS);
  const counted: UsageDays = {
    ...days,
    sum: (asked, ...rest) => {
      sums.push(asked);
      return days.sum(asked, ...rest);
    },
  };
  const end = start(counted);
  await isKept('2026-11-29');
  await end();
  const expected = Array.from({ length: 12 }, (_, at) => dayOf(TODAY_MS - (12 - at) * DAY_MS));
  assert.deepEqual(sums, [expected], 'all of them in one pass');
  assert.equal((await days.read('2026-11-29', NEVER))?.get('acme/cloudwatch')?.objects, 1);
  assert.equal((await days.read('2026-11-18', NEVER))?.get('acme/cloudwatch')?.objects, 1);
  assert.equal(await days.read('2026-11-30', NEVER), undefined);
  assert.equal(await days.read('2026-11-17', NEVER), undefined);
});

test('a day is not over before its last writes are', async (t) => {
  const { days, start, isKept } = await setUp(t, TODAY_MS + GRACE_MS - 1);
  const end = start();
  await isKept('2026-11-28');
  await end();
  assert.equal(await days.read('2026-11-29', NEVER), undefined);
});

test('of a table that cannot be read all days count as missing, until it can', async (t) => {
  const { days, start, lines, metrics } = await setUp(t);
  const missing = async () => (await metrics.usageDaysMissing.get()).values[0]?.value;
  const end = start({ ...days, read: async () => Promise.reject(new Error('not permitted')) });
  await until(() => lines.some(({ msg }) => /could not be summed up/.test(msg)), 'it says so');
  assert.equal(await missing(), 12);
  await end();
  assert.equal(await missing(), 0, 'that is for another process to say');
});

test('what a process did not get to is done by the next one, with the same sums', async (t) => {
  const { dynamo, days, start, isKept, lines } = await setUp(t);
  for (let at = 0; at < 5; at++) await finishObject(dynamo, `s3://b/${at}#v`, `t${at}/cloudwatch`, TODAY_MS - 1);
  const failing: UsageDays = { ...days, write: async () => Promise.reject(new Error('the table is away')) };
  const end = start(failing);
  await until(() => lines.some(({ msg }) => /could not be summed up/.test(msg)), 'it says so');
  await end();
  assert.equal(await days.read('2026-11-29', NEVER), undefined);
  start();
  await isKept('2026-11-29');
  const usage = await days.read('2026-11-29', NEVER);
  assert.deepEqual([...(usage ?? [])].map(([delivery, { objects }]) => [delivery, objects]).sort(), [
    ['t0/cloudwatch', 1],
    ['t1/cloudwatch', 1],
    ['t2/cloudwatch', 1],
    ['t3/cloudwatch', 1],
    ['t4/cloudwatch', 1],
  ]);
});
