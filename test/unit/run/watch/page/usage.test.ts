import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MonthUsage } from '../../../../../service/run/watch/usage.ts';
import { importScript } from './script.ts';

interface UsageScript {
  usageRows(usage: MonthUsage): string[][];
  usageNote(usage: MonthUsage): string;
}
const { usageRows, usageNote } = await importScript<UsageScript>('usage.js');

const tenants = (count: number): MonthUsage['tenants'] =>
  Array.from({ length: count }, (_, at) => ({
    tenant: `t${at}`,
    ...{ objects: 1_200, events: 2_000_000, message_bytes: 5e8, calls: 600, stored_bytes: 1e8 },
    ...{ platform_usd: 0.0088, logs_usd: 0.277 },
  }));

test('a tenant has a row with its figures and dollars', () => {
  assert.deepEqual(usageRows({ month: '2026-11', days: ['2026-11-01'], tenants: tenants(1) }), [
    ['t0', '1,200', '2 M', '500 MB', '600', '100 MB', '$0.01', '$0.28'],
  ]);
});

test('only the largest tenants are shown, and the note says so, and which days are counted', () => {
  const many = { month: '2026-11', days: ['2026-11-01', '2026-11-02'], tenants: tenants(150) };
  assert.equal(usageRows(many).length, 100);
  assert.equal(
    usageNote(many),
    '2 days from 2026-11-01 to 2026-11-02, at list prices of us-east-1. The 100 largest of 150 tenants. By day: log-distributor usage --month 2026-11',
  );
  assert.match(usageNote({ ...many, days: ['2026-11-01'], tenants: [] }), /^2026-11-01, at list prices/);
  assert.equal(usageNote({ ...many, days: [] }), 'No day of 2026-11 is summed up yet.');
});
