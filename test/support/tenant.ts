import type { TenantSpec } from '../../local/provision/tenant.ts';

/**
 * A tenant in an account of its own, with a delivery to CloudWatch Logs.
 * @param attributes of that delivery in the tenant table, beside or instead of its type and log group
 */
export function buildTenant(
  tenantId: string,
  accountId: string,
  attributes: Readonly<Record<string, unknown>> = {},
): TenantSpec {
  const logGroupPrefix = `/tenant-logs/${tenantId}`;
  return {
    tenantId,
    accountId,
    externalId: `external-${tenantId}`,
    logGroupPrefix,
    deliveries: [{ type: 'cloudwatch', log_group_name: logGroupPrefix, ...attributes }],
  };
}

/** The key of a tenant's object in the central bucket, by the default template. */
export function keyOf(tenantId: string, name: string): string {
  return `logs/tenant_id=${tenantId}/cluster_id=eu-1/environment=prod/${name}`;
}
