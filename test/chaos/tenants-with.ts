import type { Wanted } from '../../local/workload/filter.ts';
import { PROGRESS_STREAM } from '../../service/core/progress-event.ts';
import { REJECTED_FOLDER, REJECTED_STREAM } from '../../service/core/rejected-place.ts';
import type { Features } from './features.ts';
import { type BucketTruth, type ChaosTenant, type DeliveryTruth, TENANTS } from './tenants.ts';

/** The tenants of a trial, with what only this trial has. */
export function tenantsWith({ exactlyOnce, progress, rejected, copied }: TenantFeatures): ChaosTenant[] {
  return TENANTS.map((tenant) => {
    const { tenantId } = tenant;
    let made = tenant;
    if (exactlyOnce.includes(tenantId)) made = withExactlyOnce(made);
    if (progress.includes(tenantId)) made = change(made, withProgress);
    if (rejected.includes(tenantId)) made = withRejected(made);
    if (copied.includes(tenantId)) made = withCopies(made);
    return made;
  });
}

export type TenantFeatures = Pick<Features, 'exactlyOnce' | 'progress' | 'rejected' | 'copied'>;
type Change = readonly [attributes: Readonly<Record<string, unknown>>, truth: Partial<DeliveryTruth>];

/** The tenant with other deliveries, and what is due from them. */
function change(tenant: ChaosTenant, changeOf: (truth: DeliveryTruth) => Change): ChaosTenant {
  const changes = tenant.truths.map(changeOf);
  return {
    ...tenant,
    deliveries: tenant.deliveries.map((delivery, at) => ({ ...delivery, ...changes[at]?.[0] })),
    truths: tenant.truths.map((truth, at) => ({ ...truth, ...changes[at]?.[1] })),
  };
}

/** The tenant, that wants every event exactly once. */
export function withExactlyOnce(tenant: ChaosTenant): ChaosTenant {
  return change(tenant, () => [{ exactly_once: true }, { exactlyOnce: true }]);
}

function withProgress(truth: DeliveryTruth): Change {
  return [{ progress_events: true, ...serviceGroup(truth) }, saying(truth, PROGRESS_STREAM)];
}

/** To a bucket that takes nothing else. */
function withRejected(tenant: ChaosTenant): ChaosTenant {
  const bucket = bucketOf(tenant);
  const rejectedTo = { bucket: bucket.name, folder: `rejects/${REJECTED_FOLDER}` };
  const changed = change(tenant, (truth) => [
    { rejected_events: 's3#rejected', ...serviceGroup(truth) },
    { rejectedTo, ...saying(truth, REJECTED_STREAM) },
  ]);
  const taker = { type: 's3#rejected', enabled: false, bucket_name: bucket.name, bucket_prefix: 'rejects/' };
  return { ...changed, bucket, deliveries: [...changed.deliveries, taker] };
}

/** All of each object, and the records of a level that it wants. */
function withCopies(tenant: ChaosTenant): ChaosTenant {
  return withCopy(withCopy(tenant, 's3', 'whole/', {}), 's3#warnings', 'warnings/', { minLevel: 'warn' });
}

/** The tenant, that keeps in its bucket what it wants, beside its log groups. */
export function withCopy(tenant: ChaosTenant, type: string, prefix: string, wanted: Wanted): ChaosTenant {
  const bucket = bucketOf(tenant);
  const { minLevel, applications } = wanted;
  const delivery = {
    type,
    bucket_name: bucket.name,
    bucket_prefix: prefix,
    ...(minLevel && { min_log_level: minLevel }),
    ...(applications && { desired_logs: applications }),
  };
  const truth: BucketTruth = {
    name: `${tenant.tenantId}/${type}`,
    bucket: bucket.name,
    prefix,
    wanted,
    format: 'record',
    takesAll: true,
    booked: false,
    rejectedTo: undefined,
  };
  const { deliveries, copies } = tenant;
  return { ...tenant, bucket, copies: [...copies, truth], deliveries: [...deliveries, delivery] };
}

function bucketOf({ tenantId }: ChaosTenant) {
  return { name: `${tenantId}-bucket`, prefix: '' };
}

/** Where groups differ by record, the service's own events need a group for themselves. */
function serviceGroup({ hasOwnGroups, serviceGroup: group }: DeliveryTruth) {
  return hasOwnGroups ? { service_log_group_name: group } : {};
}

function saying({ serviceStreams }: DeliveryTruth, stream: string) {
  return { serviceStreams: [...serviceStreams, stream] };
}
