import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { CircuitStatus, TenantStatus } from '../../../../../service/run/stats/tenant-stats.ts';
import { importScript, tenantStatus } from './script.ts';

interface Condition {
  readonly rank: number;
  readonly word: string;
  readonly section?: string;
}
interface TroubleScript {
  conditionOf(tenant: TenantStatus, now: string): Condition;
  deliveredUpToText(tenant: TenantStatus, now: string): string;
}
interface RunbookScript {
  sectionUrl(section: string, base: string): string;
}
interface ProblemsScript {
  problemSection(about: string, state: string): string;
}
const { conditionOf, deliveredUpToText } = await importScript<TroubleScript>('trouble.js');
const { sectionUrl } = await importScript<RunbookScript>('runbook.js');
const { problemSection } = await importScript<ProblemsScript>('problems.js');

const NOW = '2026-01-31T12:00:00.000Z';
const ago = (seconds: number) => new Date(Date.parse(NOW) - seconds * 1000).toISOString();
const circuit = (state: CircuitStatus['state'], code: string): CircuitStatus => ({
  ...{ delivery: 'cloudwatch', state, code, message: 'why', since: NOW, next_try_at: NOW },
});
const trouble = (code: string) => ({ trouble: { code, message: 'why', at: NOW } });

const CONDITIONS: readonly (readonly [more: Partial<TenantStatus>, word: string, section: string | undefined])[] = [
  [{ parked: { messages: 1, first_dead_letter_at: ago(-3_600) } }, 'dead letters soon', 'LogParkedMessagesExpire'],
  [{ circuits: [circuit('open', 'role-refused')] }, 'refused', 'LogTenantRefusesUs'],
  [{ circuits: [circuit('probing', 'role-unavailable')] }, 'no answer', 'LogDestinationSilent'],
  [{ circuits: [circuit('unanswered', 'answer-awaited')] }, 'waiting for an answer', 'LogDestinationSilent'],
  [trouble('ledger-unavailable'), 'failing', 'LogObjectsRetried'],
  [trouble('nothing-delivered'), 'failing', 'LogQuarantineGrowing'],
  [{ delivered_up_to: ago(901) }, 'behind', 'LogTenantBehind'],
  [{ circuits: [circuit('throttled', 'destination-throttled')] }, 'throttled', 'LogTenantThrottled'],
  [{ dead_letters: 1, quarantined: 1 }, 'not all delivered', 'LogDeadLetters'],
  [{ quarantined: 1, rejected: 1 }, 'not all delivered', 'LogQuarantineGrowing'],
  [{ rejected: 1 }, 'not all delivered', 'LogEventsRejected'],
  [{ parked: { messages: 1, first_dead_letter_at: ago(-86_400) } }, 'parked', 'LogTenantBehind'],
  [{ in_flight: 1 }, 'delivering', undefined],
  [{ filtered: 7, delivered_up_to: ago(60) }, 'idle', undefined],
];

for (const [more, word, section] of CONDITIONS) {
  test(`a tenant with ${JSON.stringify(more)} is shown as "${word}", with ${section ?? 'no section of the runbook'}`, () => {
    const shown = conditionOf(tenantStatus(more), NOW);
    assert.deepEqual([shown.word, shown.section], [word, section]);
  });
}

test('the conditions of the list are in the order of their urgency', () => {
  const ranks = CONDITIONS.map(([more]) => conditionOf(tenantStatus(more), NOW).rank);
  assert.deepEqual(
    ranks,
    ranks.toSorted((a, b) => b - a),
  );
});

test('the runbook has every section that the page links to', async () => {
  const runbook = await readFile(new URL('../../../../../docs/guide/operations.md', import.meta.url), 'utf8');
  const headings = new Set([...runbook.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading));
  const sections = CONDITIONS.flatMap(([, , section]) => section ?? []);
  const problems = ['SQS_QUEUE_URL', 'LEDGER_TABLE'].map((about) => problemSection(about, 'failing'));
  for (const section of [...sections, ...problems, 'LogRegionSilent']) assert.ok(headings.has(section), section);
});

test('a section of the runbook has the address of its heading', () => {
  const base = 'https://wiki.invalid/operations.html?raw=1#top';
  assert.equal(sectionUrl('LogObjectsRetried', base), 'https://wiki.invalid/operations.html?raw=1#logobjectsretried');
});

const UP_TO: readonly (readonly [upTo: number | null, oldest: number | null, text: string])[] = [
  [null, null, 'not known'],
  [66, null, 'up to date'],
  [66, 0.2, '0.2 s ago'],
  [66, 50, '50 s ago'],
  [600, 600, '10 min ago'],
  [600, null, '10 min ago'],
];
for (const [upTo, oldest, text] of UP_TO) {
  test(`with a watermark of ${upTo} s and the oldest undelivered object of ${oldest} s ago, a tenant is delivered: ${text}`, () => {
    const timeOf = (age: number | null) => (age === null ? null : ago(age));
    const [delivered_up_to, oldest_undelivered_at] = [timeOf(upTo), timeOf(oldest)];
    assert.equal(deliveredUpToText(tenantStatus({ delivered_up_to, oldest_undelivered_at }), NOW), text);
  });
}
