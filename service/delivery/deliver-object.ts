import { asDistributorError, DistributorError } from '../base/errors.ts';
import { isCanary, withoutFilters } from '../core/canary.ts';
import { NO_COUNTS } from '../core/counts.ts';
import { chooseDeliveries } from '../core/replay.ts';
import type { Tenant, TenantStore } from '../tenant/store.ts';
import { type DeliveryOrder, type ObjectTask, type StopSignals, throwIfStopped } from './destination.ts';
import { type DeliveryResult, type RunDeliveryDeps, runDelivery } from './run-delivery.ts';

export interface DeliverObjectDeps extends RunDeliveryDeps {
  readonly tenants: TenantStore;
}

/**
 * Delivers an object to every destination of its tenant, one after another: their memory does not add up, and each has
 * a ledger entry of its own, so that the trouble of one costs the others nothing. Never throws.
 */
export async function deliverObject(
  deps: DeliverObjectDeps,
  task: ObjectTask,
  order: DeliveryOrder,
  signals: StopSignals,
): Promise<DeliveryResult[]> {
  let tenant: Awaited<ReturnType<TenantStore['lookUp']>>;
  try {
    throwIfStopped(signals);
    tenant = await deps.tenants.lookUp(task.keyFields.tenant_id);
  } catch (error) {
    return [failed(asDistributorError(error))];
  }
  const results: DeliveryResult[] = [];
  const { deliveries, error } = deliveriesFor(tenant, task);
  for (const delivery of deliveries) {
    const { type } = delivery;
    if (!delivery.enabled) results.push({ type, kind: 'skipped' });
    else if (order.held.includes(type)) results.push({ type, kind: 'held' });
    else results.push(await runDelivery(deps, task, delivery, order.watch, signals, tenant.deliveries));
  }
  if (error) results.push(failed(error));
  return results;
}

/** The deliveries of a tenant that an object is for, each as it wants this object, and what is wrong with the others. */
export function deliveriesFor(tenant: Tenant, { ref, keyFields }: Pick<ObjectTask, 'ref' | 'keyFields'>): Tenant {
  const chosen = chooseDeliveries(tenant.deliveries, ref.replay);
  const deliveries = isCanary(ref) ? chosen.map((delivery) => withoutFilters(delivery)) : chosen;
  if (chosen.length > 0 || tenant.error) return { deliveries, error: tenant.error };
  const message = `the replay ${ref.replay?.id} is for the delivery ${ref.replay?.delivery}, which tenant ${keyFields.tenant_id} does not have`;
  return { deliveries, error: new DistributorError('delivery-unknown', message) };
}

function failed(error: DistributorError): DeliveryResult {
  return {
    type: '',
    kind: 'failed',
    error,
    counts: NO_COUNTS,
    accepted: false,
  };
}
