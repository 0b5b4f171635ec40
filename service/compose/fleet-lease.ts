import { randomUUID } from 'node:crypto';
import type { Call, DynamoApi } from '../aws/api.ts';
import { createTableCalls } from '../aws/calls.ts';
import { monotonicMs, steadyMs } from '../base/clock.ts';
import type { DistributorError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import { createFleetLease, type FleetLease } from '../ledger/fleet-lease.ts';
import { createLedger } from '../ledger/ledger.ts';
import { createTableClock } from '../ledger/table-clock.ts';

/** A lease for work that one process of the fleet does at a time, put together from the settings. */
export interface ComposedLease {
  readonly lease: FleetLease;
  /** The calls to the tables, for the work. */
  readonly dynamo: Call<DynamoApi>;
  /** The table's clock, epoch milliseconds. */
  readonly nowMs: () => number;
}

export function composeFleetLease(
  { settings, metrics }: { readonly settings: Settings; readonly metrics: Metrics },
  { name, role }: { readonly name: string; readonly role: string },
  onTrouble: (error: DistributorError) => void,
): ComposedLease {
  const { ledgerTable: table, leaseMs } = settings;
  const clock = createTableClock({ monotonicMs, steadyMs });
  const dynamo = createTableCalls(settings, clock.observe);
  const lease = createFleetLease({
    name,
    role,
    ledger: createLedger({
      dynamo,
      table,
      leaseMs,
      nowMs: clock.nowMs,
      newOwner: randomUUID,
      onWrite: (operation) => metrics.ledgerWrites.inc({ operation }),
    }),
    learnTime: () => dynamo('GetItem', { TableName: table, Key: { object: { S: name }, delivery: { S: role } } }),
    leaseMs,
    onTrouble,
    random: Math.random,
    monotonicMs,
  });
  return { lease, dynamo, nowMs: clock.nowMs };
}
