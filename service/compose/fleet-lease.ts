import { randomUUID } from 'node:crypto';
import type { DistributorError } from '../base/errors.ts';
import { createFleetLease, type FleetLease } from '../ledger/fleet-lease.ts';
import { createLedger } from '../ledger/ledger.ts';
import type { Ground } from './parts.ts';

/** A lease for work that one process of the fleet does at a time, put together from the settings. */
export function composeFleetLease(
  { settings, metrics, dynamo, nowMs, monotonicMs }: Ground,
  { name, role }: { readonly name: string; readonly role: string },
  onTrouble: (error: DistributorError) => void,
): FleetLease {
  const { ledgerTable: table, leaseMs } = settings;
  return createFleetLease({
    name,
    role,
    ledger: createLedger({
      dynamo,
      table,
      leaseMs,
      nowMs,
      newOwner: randomUUID,
      onWrite: (operation) => metrics.ledgerWrites.inc({ operation }),
    }),
    learnTime: () => dynamo('GetItem', { TableName: table, Key: { object: { S: name }, delivery: { S: role } } }),
    leaseMs,
    onTrouble,
    random: Math.random,
    monotonicMs,
  });
}
