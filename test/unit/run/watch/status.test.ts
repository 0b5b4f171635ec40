import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStatus, type StatusDeps } from '../../../../service/run/watch/status.ts';
import { importScript } from './page/script.ts';

const { problemSection } = await importScript<{ problemSection(about: string, state: string): string }>('problems.js');
const NOON_MS = Date.UTC(2026, 0, 31, 12);

function statusOf(reconciler: StatusDeps['reconciler']) {
  const deps: StatusDeps = {
    settings: { memoryBudgetBytes: 1, runbookUrl: undefined },
    version: '1.0.0',
    startedMs: NOON_MS,
    isDraining: () => false,
    reception: { look: () => ({ state: 'receiving', message: '', sinceMs: NOON_MS }) },
    probe: { look: () => ({ problems: [], askedMs: undefined }) },
    depth: { look: () => undefined },
    watermark: { ms: undefined },
    freshness: { snapshot: () => ({ upToMs: () => undefined, oldestMs: () => undefined, open: new Map(), backMs: 0 }) },
    inFlight: { size: 0 },
    handBacks: { away: 0 },
    scheduler: { running: 0, behindBulkhead: 0, waiting: 0, reservedBytes: 0 },
    workers: { work: () => [] },
    rateLimits: { list: () => [] },
    breakers: { list: () => [], listPlaces: () => [] },
    parked: { of: () => ({ messages: 0, firstDeadLetterMs: undefined }) },
    tenantStats: { list: () => [] },
    delivered: { rates: () => [] },
    reconciler,
    nowMs: () => NOON_MS,
  };
  return createStatus(deps)();
}

const VIEW = { endedMs: 0, upToMs: 0, overdueMs: 0, withheldObjects: 0, withheldMs: undefined };

test('lost objects that wait for a person are a problem of the process that compares', () => {
  const { state, problems } = statusOf({ look: () => ({ ...VIEW, withheldObjects: 1_234, withheldMs: NOON_MS }) });
  assert.equal(state, 'receiving');
  assert.deepEqual(
    problems.map(({ about, since }) => [about, since]),
    [['RECONCILE_INTERVAL_SECONDS', new Date(NOON_MS).toISOString()]],
  );
  assert.match(problems[0]?.message ?? '', /^1234 objects of the bucket are not in the ledger/);
  assert.equal(problemSection('RECONCILE_INTERVAL_SECONDS', state), 'LogReconcileWithheld');
});

test("a comparison that withholds nothing, is another process's, or is off, is no problem", () => {
  for (const reconciler of [{ look: () => VIEW }, { look: () => undefined }, undefined])
    assert.deepEqual(statusOf(reconciler).problems, []);
});
