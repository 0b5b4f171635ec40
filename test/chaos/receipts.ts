import { setTimeout as delay } from 'node:timers/promises';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { ReceiptKeys } from '../../local/receipt-keys.ts';
import { verifyAsCustomer } from '../../local/verify-as-customer.ts';
import { RECEIPT_INDEX } from '../../service/core/tables.ts';
import { type ChaosObject, fateOf } from './objects.ts';
import { type ChaosTenant, TENANTS } from './tenants.ts';
import type { Scene } from './trial.ts';

/** Receipts of a trial, verified as the customers do. */
export interface ReceiptVerdict {
  readonly receipts: number;
  /** Events that the customers found as their receipts say. */
  readonly verified: number;
  /** Copies that verification told apart from what was delivered. */
  readonly repeated: number;
}

/** How often receipts are issued in a trial. */
export const RECEIPT_INTERVAL_SECONDS = 5;
const CALM_MAX_MS = 120_000;
const LOOK_EVERY_MS = 200;
const DAY_MS = 24 * 3_600_000;
/** Events may be 14 days old and 2 hours ahead; beyond that CloudWatch Logs has none. */
const RANGE = { beforeMs: 15 * DAY_MS, afterMs: DAY_MS };

/** Waits until receipts hold every object, and none is pending, or patience ends. */
export async function untilReceipted({ deps, pipeline }: Pick<Scene, 'deps' | 'pipeline'>): Promise<void> {
  const giveUpMs = performance.now() + CALM_MAX_MS;
  while (performance.now() < giveUpMs) {
    const { Items = [] } = await deps.dynamo.send(new ScanCommand({ TableName: pipeline.ledgerTable }));
    if (Items.every((item) => !(RECEIPT_INDEX.partition in item) && !('pending' in item))) return;
    await delay(LOOK_EVERY_MS);
  }
}

/** What the receipts of a tenant must have, written apart from the service on purpose. */
function dueEvents({ tenantId, truths }: ChaosTenant, objects: readonly ChaosObject[]): number {
  const records = objects.filter((object) => object.tenantId === tenantId).flatMap((object) => object.records);
  const booked = truths.filter((truth) => truth.booked);
  return booked.reduce(
    (sum, truth) => sum + records.filter((record) => fateOf(record, truth).kind === 'delivered').length,
    0,
  );
}

/** @param note takes what is wrong: after a trial, receipts and streams differ in nothing but copies that a crash made */
export async function verifyReceipts(
  { cloud, deps, objects }: Pick<Scene, 'cloud' | 'deps' | 'objects'>,
  { publicKeyFile }: ReceiptKeys,
  note: (sentence: string) => void,
): Promise<ReceiptVerdict> {
  let sum = { receipts: 0, verified: 0, repeated: 0 };
  for (const tenant of TENANTS) {
    const results = await verifyAsCustomer(tenant, {
      endpointUrl: cloud.url,
      region: deps.region,
      publicKeyFile,
      fromMs: Date.now() - RANGE.beforeMs,
      toMs: Date.now() + RANGE.afterMs,
    });
    const due = dueEvents(tenant, objects);
    const before = sum.verified;
    for (const { receipts, events, verified, problems, differences } of results) {
      const repeated = differences.filter(({ kind }) => kind === 'repeated');
      const copies = repeated.reduce((copied, difference) => copied + difference.events, 0);
      sum = {
        receipts: sum.receipts + receipts,
        verified: sum.verified + events - copies,
        repeated: sum.repeated + copies,
      };
      for (const { problem } of problems) note(`receipts of ${tenant.tenantId}: ${problem}`);
      for (const { kind, detail } of differences) {
        if (kind !== 'repeated') note(`receipts of ${tenant.tenantId}: ${kind}: ${detail}`);
      }
      if (!verified && problems.length + differences.length === 0) note(`receipts of ${tenant.tenantId}: not verified`);
    }
    const found = sum.verified - before;
    if (found !== due) note(`receipts of ${tenant.tenantId}: ${found} events are as they say, and ${due} are due`);
  }
  return sum;
}
