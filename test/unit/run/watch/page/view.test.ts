import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TenantStatus } from '../../../../../service/run/stats/tenant-stats.ts';
import type { Status } from '../../../../../service/run/watch/status.ts';
import { importScript, tenantStatus } from './script.ts';

interface View {
  readonly text: string;
  readonly order: string;
  readonly page: number;
}
interface AddressScript {
  viewOf(query: string): View;
  queryOf(view: View): string;
}
interface TotalsScript {
  totalsOf(tenants: readonly TenantStatus[]): Readonly<Record<string, unknown>>;
}
interface HeadScript {
  headOf(status: Pick<Status, 'problems' | 'tenants' | 'now'>): { readonly title: string; readonly alarm: string };
}
const { viewOf, queryOf } = await importScript<AddressScript>('address.js');
const { totalsOf } = await importScript<TotalsScript>('totals.js');
const { headOf } = await importScript<HeadScript>('head.js');

const NOW = '2026-01-31T12:00:00.000Z';

for (const [view, query] of [
  [{ text: '', order: 'trouble', page: 1 }, ''],
  [{ text: 'a&b =é', order: 'rate', page: 3 }, '?find=a%26b+%3D%C3%A9&order=rate&page=3'],
] as const) {
  test(`the view ${JSON.stringify(view)} has the query "${query}", and is read from it`, () => {
    assert.equal(queryOf(view), query);
    assert.deepEqual(viewOf(query), view);
  });
}

for (const page of ['0', '-1', '1.5', 'x', '']) {
  test(`the page number "${page}" of an address opens the first page`, () => {
    assert.equal(viewOf(`?page=${page}`).page, 1);
  });
}

test('totals add up all tenants and name the first dead letter', () => {
  const tenants = [
    tenantStatus({ events: 5, filtered: 2, parked: { messages: 3, first_dead_letter_at: '2026-02-02T12:00:00.000Z' } }),
    tenantStatus({ events: 7, rejected: 1, parked: { messages: 1, first_dead_letter_at: '2026-02-01T12:00:00.000Z' } }),
    tenantStatus({ filtered: 4, quarantined: 6, dead_letters: 8 }),
  ];
  assert.deepEqual(totalsOf(tenants), {
    events: 12,
    filtered: 6,
    rejected: 1,
    quarantined: 6,
    dead_letters: 8,
    parked: 4,
    parkedTenants: 2,
    firstDeadLetterAt: '2026-02-01T12:00:00.000Z',
  });
});

const behind = tenantStatus({ delivered_up_to: '2026-01-31T11:00:00.000Z' });
const failing = tenantStatus({ trouble: { code: 'ledger-unavailable', message: 'why', at: NOW } });
const problem = { about: 'LEDGER_TABLE', message: 'why', since: NOW };
const HEADS: readonly (readonly [Pick<Status, 'problems' | 'tenants'>, title: string, alarm: string])[] = [
  [{ problems: [], tenants: [tenantStatus({ quarantined: 1 })] }, 'Log distributor', 'good'],
  [{ problems: [], tenants: [behind] }, '1 tenant in trouble – Log distributor', 'warn'],
  [{ problems: [], tenants: [behind, failing] }, '2 tenants in trouble – Log distributor', 'bad'],
  [{ problems: [problem], tenants: [behind] }, '1 problem, 1 tenant in trouble – Log distributor', 'bad'],
  [{ problems: [problem, problem], tenants: [] }, '2 problems – Log distributor', 'bad'],
];
for (const [status, title, alarm] of HEADS) {
  test(`the title "${title}" comes with the icon for ${alarm}`, () => {
    assert.deepEqual(headOf({ ...status, now: NOW }), { title, alarm });
  });
}
