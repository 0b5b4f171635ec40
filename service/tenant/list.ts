import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Call, DynamoApi } from '../aws/api.ts';
import { type Delivery, DeliveryError } from '../core/delivery.ts';
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
export async function listTenants(deps: TenantListDeps, signal: AbortSignal): Promise<readonly string[]> {
  const enabled = new Set<string>();
  const invalid = new Set<string>();
  for await (const item of itemsOf(deps, signal)) {
    const delivery = readItem(deps, item);
    if (delivery === 'invalid') invalid.add(String(item.tenant_id));
    else if (delivery?.enabled) enabled.add(delivery.tenantId);
  }
  return [...enabled.difference(invalid)].sort().slice(0, TENANTS_MAX);
}

/**
 * The enabled deliveries that are of a certain kind, at most 5,000; of invalid items none. Reads the whole table.
 * @throws DistributorError `tenant-lookup-failed`, also when the signal aborts
 */
export async function listDeliveries<D extends Delivery>(
  deps: TenantListDeps,
  isWanted: (delivery: Delivery) => delivery is D,
  signal: AbortSignal,
): Promise<readonly D[]> {
  const wanted: D[] = [];
  for await (const item of itemsOf(deps, signal)) {
    const delivery = readItem(deps, item);
    if (delivery === undefined || delivery === 'invalid' || !delivery.enabled || !isWanted(delivery)) continue;
    wanted.push(delivery);
    if (wanted.length >= TENANTS_MAX) break;
  }
  return wanted;
}

async function* itemsOf(
  { dynamo, table }: TenantListDeps,
  signal: AbortSignal,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  let from: Record<string, AttributeValue> | undefined;
  do {
    let items: readonly Record<string, AttributeValue>[];
    try {
      const page = await dynamo(
        'Scan',
        { TableName: table, ...(from ? { ExclusiveStartKey: from } : {}) },
        { abortSignal: signal },
      );
      items = page.Items ?? [];
      from = page.LastEvaluatedKey;
    } catch (cause) {
      throw tenantTableFailure(table, `${table} could not be read`, cause);
    }
    for (const item of items) yield unmarshall(item, { wrapNumbers: Number });
  } while (from);
}

function readItem({ rules }: TenantListDeps, item: Record<string, unknown>): Delivery | 'invalid' | undefined {
  try {
    return rules.read(item);
  } catch (error) {
    if (error instanceof DeliveryError) return 'invalid';
    throw error;
  }
}
