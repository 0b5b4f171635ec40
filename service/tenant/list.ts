import type { AttributeValue, ScanInput } from '@aws-sdk/client-dynamodb';
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

/** What only some deliveries have. */
export interface Feature {
  /** Of the items that may have it: DynamoDB keeps the others back, so that they need not be parsed. */
  readonly attribute: string;
  readonly isWanted: (delivery: Delivery) => boolean;
}

/**
 * The valid deliveries that have a feature, at most `TENANTS_MAX`. Reads the whole table.
 * @throws as `listTenants`
 */
export async function listDeliveries(
  deps: TenantListDeps,
  { attribute, isWanted }: Feature,
  signal: AbortSignal,
): Promise<readonly Delivery[]> {
  const wanted: Delivery[] = [];
  const filter = {
    FilterExpression: 'attribute_exists(#feature)',
    ExpressionAttributeNames: { '#feature': attribute },
  };
  for await (const item of itemsOf(deps, signal, filter)) {
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
  filter: Pick<ScanInput, 'FilterExpression' | 'ExpressionAttributeNames'> = {},
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  let from: Record<string, AttributeValue> | undefined;
  do {
    const input = { TableName: table, ...filter, ...(from ? { ExclusiveStartKey: from } : {}) };
    const page = await dynamo('Scan', input, { abortSignal: signal }).catch((cause: unknown) => {
      throw tenantTableFailure(table, `${table} could not be read`, cause);
    });
    for (const item of page.Items ?? []) yield unmarshall(item, { wrapNumbers: Number });
    from = page.LastEvaluatedKey;
  } while (from);
}
