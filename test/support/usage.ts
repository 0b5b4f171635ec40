import { createLedger } from '../../service/ledger/ledger.ts';
import type { Dynamo } from './dynamo.ts';
import { LEDGER_TABLE } from './dynamo.ts';
import { outcomeOf } from './progress.ts';

/** An object that a ledger says is done at this time, with 10 events of 100 bytes. */
export async function finishObject(
  { calls: dynamo }: Pick<Dynamo, 'calls'>,
  object: string,
  delivery: string,
  doneMs: number,
  table = LEDGER_TABLE,
): Promise<void> {
  const ledger = createLedger({
    dynamo,
    table,
    leaseMs: 60_000,
    nowMs: () => doneMs,
    newOwner: () => `owner of ${object} for ${delivery}`,
    onWrite: () => {},
  });
  const taken = await ledger.acquire({ object, delivery });
  if (taken.kind !== 'acquired') throw new Error(`${object} is ${taken.kind}`);
  await taken.lease.finish(outcomeOf({ read: 10, delivered: 10 }, { bytes: 1_000, calls: 1, size: 400 }));
}
