import { asDistributorError, DistributorError } from '../base/errors.ts';
import { isCanary, withoutFilters } from '../core/canary.ts';
import { NO_COUNTS } from '../core/counts.ts';
import { chooseDeliveries } from '../core/replay.ts';
import type { TenantStore } from '../tenant/store.ts';
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
  const unfiltered = isCanary(task.ref);
  const chosen = chooseDeliveries(tenant.deliveries, task.ref.replay);
  if (chosen.length === 0 && !tenant.error) results.push(failed(unknownDelivery(task)));
  for (const delivery of chosen) {
    const { type } = delivery;
    if (!delivery.enabled) results.push({ type, kind: 'skipped' });
    else if (order.held.includes(type)) results.push({ type, kind: 'held' });
    else
      results.push(
        await runDelivery(deps, task, unfiltered ? withoutFilters(delivery) : delivery, order.watch, signals),
      );
  }
  if (tenant.error) results.push(failed(tenant.error));
  return results;
}

function unknownDelivery({ ref, keyFields }: ObjectTask): DistributorError {
  return new DistributorError(
    'delivery-unknown',
    `the replay ${ref.replay?.id} is for the delivery ${ref.replay?.delivery}, which tenant ${keyFields.tenant_id} does not have`,
  );
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
