import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Call, DynamoApi } from '../aws/api.ts';
import { DeliveryError } from '../core/delivery.ts';
import { tenantTableFailure } from './failure.ts';
import type { ItemRules } from './store.ts';

export interface TenantListDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  readonly rules: ItemRules;
}

/** More tenants than any table here has; what is beyond is left out. */
const TENANTS_MAX = 5_000;

/**
 * The tenants to which something can be delivered: at least one delivery is enabled, and none is invalid, as an object of such
 * a tenant becomes a dead letter. Sorted, at most 5,000. Reads the whole table.
 * @throws DistributorError `tenant-lookup-failed`, also when the signal aborts
 */
export async function listTenants(
  { dynamo, table, rules }: TenantListDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const enabled = new Set<string>();
  const invalid = new Set<string>();
  let from: Record<string, AttributeValue> | undefined;
  try {
    do {
      const page = await dynamo(
        'Scan',
        { TableName: table, ...(from ? { ExclusiveStartKey: from } : {}) },
        { abortSignal: signal },
      );
      for (const item of page.Items ?? []) note(unmarshall(item, { wrapNumbers: Number }));
      from = page.LastEvaluatedKey;
    } while (from);
  } catch (cause) {
    throw tenantTableFailure(table, `${table} could not be read`, cause);
  }
  return [...enabled.difference(invalid)].sort().slice(0, TENANTS_MAX);

  function note(item: Record<string, unknown>): void {
    try {
      const delivery = rules.read(item);
      if (delivery?.enabled) enabled.add(delivery.tenantId);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      invalid.add(String(item.tenant_id));
    }
  }
}
