import { stringify } from 'yaml';
import type { Names } from '../values/names.ts';
import type { Held } from './plan.ts';

type Keepable = 'tenantTable' | 'ledgerTable' | 'taskRole' | 'executionRole' | 'firehoseRole' | 'writerRole';

/** Where resources stand whose name can be kept: their addresses begin so, whatever the settings. */
export const ADDRESSES: Readonly<Record<Keepable, string>> = {
  tenantTable: 'aws_dynamodb_table.tables_tenants_',
  ledgerTable: 'aws_dynamodb_table.tables_ledger_',
  taskRole: 'aws_iam_role.distributor_task-role_',
  executionRole: 'aws_iam_role.distributor_execution-role_',
  firehoseRole: 'aws_iam_role.ingestion_role_',
  writerRole: 'aws_iam_role.writer-role_',
};

/**
 * Names in the state that differ from those that the settings make: Terraform would delete these tables and roles and
 * make others.
 * @returns the group of settings that keeps them, as YAML; undefined when all are the same
 */
export function namesToKeep(state: readonly Held[], names: Names): string | undefined {
  const kept: Partial<Record<Keepable, string>> = {};
  for (const [setting, prefix] of Object.entries(ADDRESSES) as [Keepable, string][]) {
    const held = state.find(({ address }) => address.startsWith(prefix));
    if (typeof held?.values.name === 'string' && held.values.name !== names[setting]) kept[setting] = held.values.name;
  }
  return Object.keys(kept).length === 0 ? undefined : stringify({ names: kept });
}
