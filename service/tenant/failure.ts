import { awsFailure } from '../aws/words.ts';
import type { DistributorError } from '../base/errors.ts';
import { TENANT_TABLE_KEYS } from '../core/tables.ts';

/** @param what could not be done, a sentence without its full stop */
export function tenantTableFailure(table: string, what: string, cause: unknown): DistributorError {
  const purpose = { kind: 'use-table', setting: 'TENANT_CONFIG_TABLE', table, keys: TENANT_TABLE_KEYS } as const;
  return awsFailure('tenant-lookup-failed', what, cause, purpose);
}
