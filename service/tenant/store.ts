import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Call, DynamoApi } from '../aws/api.ts';
import { DistributorError } from '../base/errors.ts';
import { lruSet } from '../base/lru.ts';
import { type Delivery, DeliveryError } from '../core/delivery.ts';
import { TENANTS_MAX } from '../core/tenants-max.ts';
import { tenantTableFailure } from './failure.ts';

/**
 * The tenants' configuration, cached. An entry serves for a minute; after that it is read again in the background while
 * the old one still serves, so that a slow or failing table delays nobody. Bounded; the tenant not asked for longest
 * goes first.
 */
export interface TenantStore {
  /**
   * All deliveries of a tenant, disabled ones too, in the order of their type.
   * @throws DistributorError `tenant-lookup-failed`
   */
  lookUp(tenantId: string): Promise<Tenant>;
}

export interface Tenant {
  readonly deliveries: readonly Delivery[];
  /** `tenant-unknown`, or `tenant-invalid` for the items that are; the valid ones are in `deliveries` all the same. */
  readonly error: DistributorError | undefined;
}

/** How items of the table are read (destination/parse-delivery.ts). */
export interface ItemRules {
  /** `cloudwatch or s3`. */
  readonly types: string;
  /**
   * @returns undefined for an item of another type: it is another system's, as the table is shared
   * @throws DeliveryError
   */
  read(item: Readonly<Record<string, unknown>>): Delivery | undefined;
}

export interface TenantStoreDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  readonly rules: ItemRules;
  readonly nowMs: () => number;
  readonly tenantsMax?: number;
}

const FRESH_MS = 60_000;
/** A table that is away for longer than this stops deliveries: an operator may have disabled the tenant meanwhile. */
const STALE_MAX_MS = 15 * 60_000;
/** Unknown and invalid tenants are looked up again soon: somebody may be onboarding them right now. */
const FRESH_FAILURE_MS = 10_000;

interface Entry {
  tenant: Tenant | undefined;
  readMs: number;
  pending: Promise<Tenant> | undefined;
}

export function createTenantStore(deps: TenantStoreDeps): TenantStore {
  const entries = new Map<string, Entry>();
  const tenantsMax = deps.tenantsMax ?? TENANTS_MAX;

  const entryOf = (tenantId: string): Entry => {
    const entry = entries.get(tenantId) ?? { tenant: undefined, readMs: 0, pending: undefined };
    lruSet(entries, tenantId, entry, tenantsMax);
    return entry;
  };

  const refresh = (tenantId: string, entry: Entry): Promise<Tenant> => {
    entry.pending ??= readTenant(deps, tenantId)
      .then((tenant) => {
        entry.tenant = tenant;
        entry.readMs = deps.nowMs();
        return tenant;
      })
      .finally(() => {
        entry.pending = undefined;
      });
    return entry.pending;
  };

  return {
    async lookUp(tenantId) {
      const entry = entryOf(tenantId);
      const { tenant } = entry;
      const ageMs = deps.nowMs() - entry.readMs;
      if (!tenant || ageMs > STALE_MAX_MS || (tenant.error && ageMs > FRESH_FAILURE_MS))
        return refresh(tenantId, entry);
      // Its failure is nobody's yet: the entry serves on, and the next one to ask tries again.
      if (ageMs > FRESH_MS) refresh(tenantId, entry).catch(() => {});
      return tenant;
    },
  };
}

/** @throws DistributorError `tenant-lookup-failed`; the other troubles are answers, and cached */
async function readTenant(deps: TenantStoreDeps, tenantId: string): Promise<Tenant> {
  const items: Record<string, unknown>[] = [];
  try {
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await deps.dynamo('Query', {
        TableName: deps.table,
        KeyConditionExpression: 'tenant_id = :tenant_id',
        ExpressionAttributeValues: { ':tenant_id': { S: tenantId } },
        ...(from ? { ExclusiveStartKey: from } : {}),
      });
      // As doubles, whatever their size: the SDK would throw at a number of others that is none.
      for (const item of page.Items ?? []) items.push(unmarshall(item, { wrapNumbers: Number }));
      from = page.LastEvaluatedKey;
    } while (from);
  } catch (cause) {
    throw tenantTableFailure(deps.table, `tenant ${tenantId} could not be looked up in ${deps.table}`, cause);
  }
  return toTenant(deps, tenantId, items);
}

function toTenant(
  { table, rules }: TenantStoreDeps,
  tenantId: string,
  items: readonly Record<string, unknown>[],
): Tenant {
  const deliveries: Delivery[] = [];
  const problems: string[] = [];
  for (const item of items) {
    try {
      const delivery = rules.read(item);
      if (delivery) deliveries.push(delivery);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      problems.push(`${item.type}: ${error.message}`);
    }
  }
  if (problems.length > 0) {
    const message = `the configuration of tenant ${tenantId} in ${table} is invalid: ${problems.join('; ')}`;
    return { deliveries, error: new DistributorError('tenant-invalid', message) };
  }
  if (deliveries.length > 0) return { deliveries, error: undefined };
  const message = `tenant ${tenantId} has no item of type ${rules.types} in ${table}: add one, then redrive the message`;
  return { deliveries, error: new DistributorError('tenant-unknown', message) };
}
