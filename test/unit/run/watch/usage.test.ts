import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE, startOfDay, type UsageByDelivery } from '../../../../service/core/usage.ts';
import { createMonthUsage } from '../../../../service/run/watch/usage.ts';

const NEVER = new AbortController().signal;
const HOUR_MS = 3_600_000;

test('the month of the last day that is over is read once for whoever asks within minutes', async () => {
  const asked: string[] = [];
  const day = (objects: number, bytes: number): UsageByDelivery =>
    new Map([
      ['acme/cloudwatch', { ...NO_USAGE, objects, bytes }],
      ['globex/cloudwatch', { ...NO_USAGE, objects: 1, bytes: 1_000 }],
    ]);
  const known = new Map([
    ['2026-11-01', day(2, 100)],
    ['2026-11-03', day(3, 50)],
  ]);
  let nowMs = startOfDay('2026-11-04') + HOUR_MS;
  const read = async (one: string) => {
    asked.push(one);
    return known.get(one);
  };
  const usage = createMonthUsage({ read }, () => nowMs, NEVER);
  const [first, second] = await Promise.all([usage(), usage()]);
  assert.deepEqual(asked, ['2026-11-01', '2026-11-02', '2026-11-03']);
  assert.equal(second, first);
  const { month, days, tenants } = first;
  assert.deepEqual([month, days], ['2026-11', ['2026-11-01', '2026-11-03']]);
  assert.deepEqual(
    tenants.map(({ tenant, objects, message_bytes }) => [tenant, objects, message_bytes]),
    [
      ['globex', 2, 2_000],
      ['acme', 5, 150],
    ],
  );
  nowMs = startOfDay('2026-12-01');
  assert.equal((await usage()).month, '2026-11', 'November is not over yet');
});

test('while no day of a month is summed up, the month before is shown', async () => {
  const days = new Map<string, UsageByDelivery>();
  const usageAt = (nowMs: number) => createMonthUsage({ read: async (day) => days.get(day) }, () => nowMs, NEVER)();
  // The first day of the year is over by an hour, and the year before had one day.
  const nowMs = startOfDay('2027-01-02') + HOUR_MS;
  assert.deepEqual(await usageAt(nowMs), { month: '2027-01', days: [], tenants: [] });
  days.set('2026-12-31', new Map([['acme/cloudwatch', { ...NO_USAGE, objects: 2 }]]));
  const { month, days: summed, tenants } = await usageAt(nowMs);
  assert.deepEqual([month, summed, tenants[0]?.objects], ['2026-12', ['2026-12-31'], 2]);
  days.set('2027-01-01', new Map());
  assert.deepEqual(await usageAt(nowMs), { month: '2027-01', days: ['2027-01-01'], tenants: [] });
});

test('a table that does not answer is asked again by the next', async () => {
  let down = true;
  const read = async () => {
    if (down) throw new Error('the table is away');
    return undefined;
  };
  const usage = createMonthUsage({ read }, () => startOfDay('2026-11-04'), NEVER);
  await assert.rejects(usage(), /is away/);
  down = false;
  assert.deepEqual((await usage()).tenants, []);
});
