import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Call, DynamoApi } from '../aws/api.ts';
import { type Delivery, DeliveryError } from '../core/delivery.ts';
import { TENANTS_MAX } from '../core/tenants-max.ts';
import { tenantTableFailure } from './failure.ts';
import type { ItemRules } from './store.ts';

export interface TenantListDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  readonly rules: ItemRules;
}

/**
 * The tenants to which something can be delivered: at least one delivery is enabled, and none is invalid, as an object of such
 * a tenant becomes a dead letter. Sorted, at most `TENANTS_MAX`. Reads the whole table.
 * @throws DistributorError `tenant-lookup-failed`, also when the signal aborts
 */
export async function listTenants(deps: TenantListDeps, signal: AbortSignal): Promise<readonly string[]> {
  const enabled = new Set<string>();
  const invalid = new Set<string>();
  for await (const item of itemsOf(deps, signal)) {
    try {
      const delivery = deps.rules.read(item);
      if (delivery?.enabled) enabled.add(delivery.tenantId);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      invalid.add(String(item.tenant_id));
    }
  }
  return [...enabled.difference(invalid)].sort().slice(0, TENANTS_MAX);
}

/**
 * The valid deliveries that are wanted, at most `TENANTS_MAX`. Reads the whole table.
 * @throws as `listTenants`
 */
export async function listDeliveries(
  deps: TenantListDeps,
  isWanted: (delivery: Delivery) => boolean,
  signal: AbortSignal,
): Promise<readonly Delivery[]> {
  const wanted: Delivery[] = [];
  for await (const item of itemsOf(deps, signal)) {
    try {
      const delivery = deps.rules.read(item);
      if (delivery && isWanted(delivery) && wanted.length < TENANTS_MAX) wanted.push(delivery);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
    }
  }
  return wanted;
}

async function* itemsOf(
  { dynamo, table }: TenantListDeps,
  signal: AbortSignal,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  let from: Record<string, AttributeValue> | undefined;
  do {
    const input = { TableName: table, ...(from ? { ExclusiveStartKey: from } : {}) };
    const page = await dynamo('Scan', input, { abortSignal: signal }).catch((cause: unknown) => {
      throw tenantTableFailure(table, `${table} could not be read`, cause);
    });
    for (const item of page.Items ?? []) yield unmarshall(item, { wrapNumbers: Number });
    from = page.LastEvaluatedKey;
  } while (from);
}
