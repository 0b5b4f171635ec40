import { setTimeout as delay } from 'node:timers/promises';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { ProvisionDeps } from '../../local/provision/deps.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import type { LedgerItem } from './judge/evidence.ts';
import { objectIdOf } from './objects.ts';
import type { Scene } from './trial.ts';

/** The comparison of the bucket with the ledger in a trial, which finds what nobody announces. */

const LOOK_EVERY_MS = 200;
const LOOK_AT_OWED_EVERY_MS = 500;

/** What the services need for it. */
export function reconcileSettings({ bucket }: Pick<Pipeline, 'bucket'>): Record<string, string> {
  return { RECONCILE_INTERVAL_SECONDS: '5', RECONCILE_BUCKET: bucket, RECONCILE_GRACE_SECONDS: '2' };
}

export async function readLedger({ dynamo }: ProvisionDeps, { ledgerTable }: Pipeline): Promise<LedgerItem[]> {
  const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: ledgerTable }));
  return Items.map((item) => unmarshall(item) as LedgerItem);
}

/** Waits until a process has noted where it begins: what was written before is not looked at. */
export async function untilCompared({ deps, pipeline, plan }: Scene): Promise<void> {
  if (plan.features.unannounced.length === 0) return;
  const hasBegun = async () =>
    (await readLedger(deps, pipeline)).some((item) => item.delivery === 'reconciler' && item.cursor);
  while (!(await hasBegun())) await delay(LOOK_EVERY_MS);
}

/** Whether an object that nobody announced is not delivered yet. The table may not answer: it is struck too. */
export async function areOwed({ deps, pipeline, plan, objects }: Scene): Promise<boolean> {
  const { unannounced } = plan.features;
  if (unannounced.length === 0) return false;
  await delay(LOOK_AT_OWED_EVERY_MS);
  const ledger = await readLedger(deps, pipeline).catch(() => []);
  const done = new Set(ledger.filter(({ state }) => state === 'done').map(({ object }) => object));
  return unannounced.some((at) => {
    const object = objects[at];
    return object && !done.has(objectIdOf(pipeline, object));
  });
}
