import type { TableKeys } from '../aws/purpose.ts';
import { awsFailure } from '../aws/words.ts';
import type { DistributorError } from '../base/errors.ts';

/** The table's partition key and sort key. */
export const TENANT_KEYS: TableKeys = ['tenant_id', 'type'];

/** @param what could not be done, a sentence without its full stop */
export function tenantTableFailure(table: string, what: string, cause: unknown): DistributorError {
  const purpose = { kind: 'use-table', setting: 'TENANT_CONFIG_TABLE', table, keys: TENANT_KEYS } as const;
  return awsFailure('tenant-lookup-failed', what, cause, purpose);
}
