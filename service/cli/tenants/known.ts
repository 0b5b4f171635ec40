import { nearest } from '../../base/nearest.ts';
import { usageError } from '../errors.ts';
import type { Context } from '../session.ts';
import { createTenantTable } from './table.ts';

const NAMED_MAX = 10;

/**
 * For a filter by tenant that matches nothing: a tenant without anything to show is an answer, a tenant that is not there a
 * slip of the keyboard.
 * @throws CommandError, a usage error that names the tenants that there are, unless the table has the tenant
 */
export async function requireKnownTenant(context: Context, tenantId: string): Promise<void> {
  const { tenantTable } = context.settings;
  const table = createTenantTable(context.dynamo, tenantTable, context.signal);
  if ((await table.of(tenantId)).length > 0) return;
  const ids = new Set<string>();
  for await (const item of table.all()) ids.add(String(item.tenant_id));
  const meant = nearest(tenantId, [...ids]);
  const first = [...ids].sort().slice(0, NAMED_MAX).join(', ');
  const all = ids.size === 0 ? 'it has none' : `it has ${first}${ids.size > NAMED_MAX ? ' and others' : ''}`;
  throw usageError(
    `tenant ${tenantId} is unknown in ${tenantTable}: ${meant === undefined ? all : `did you mean ${meant}?`}; \`log-distributor tenants list\` shows all, \`tenants put -f FILE\` adds one`,
  );
}
