import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Counts } from '../../service/core/counts.ts';
import { createLedger, type Progress } from '../../service/ledger/ledger.ts';
import { LEDGER_TABLE, startDynamo } from './dynamo.ts';

export const DOUBTS = { settleMs: 10_000, setup: 'A' };
export const KEY = { object: 's3://central/logs/a#e1', delivery: 'acme/cloudwatch' };
export const LEASE_MS = 60_000;
export const COUNTS: Counts = { read: 10, delivered: 6, filtered: 2, rejected: 1, quarantined: 1 };
export const PROGRESS: Progress = {
  chunk: 3,
  record: 4_000,
  cursor: 'page:7',
  batch: 2,
  ahead: [
    [4, 5],
    [6, 9],
  ],
  answers: [{ batch: 3, tooOldBefore: 1, expiredBefore: 0, tooNewFrom: 9_999 }],
  layout: 'abc',
  counts: COUNTS,
  partial: { read: 0, delivered: 5, filtered: 0, rejected: 1, quarantined: 0 },
  begunMs: 1_700_000_000_000,
  bytes: 700,
  partialBytes: 90,
  calls: 5,
};

/** A ledger on a table of its own, with a clock that the test sets. */
export async function setUpLedger(t: TestContext) {
  const dynamo = await startDynamo(t);
  const now = { ms: Date.UTC(2026, 0, 31) };
  const writes: string[] = [];
  let owners = 0;
  /** What a test may replace. */
  const table = { call: dynamo.calls };
  const ledger = createLedger({
    dynamo: (...args) => table.call(...args),
    table: LEDGER_TABLE,
    leaseMs: LEASE_MS,
    nowMs: () => now.ms,
    newOwner: () => `owner-${++owners}`,
    onWrite: (operation) => writes.push(operation),
  });
  const acquire = async () => {
    const acquisition = await ledger.acquire(KEY);
    assert.ok(acquisition.kind === 'acquired', acquisition.kind);
    return acquisition;
  };
  return { ...dynamo, table, ledger, acquire, now, writes, item: () => dynamo.ledgerItem(KEY.object, KEY.delivery) };
}
