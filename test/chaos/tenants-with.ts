import { PROGRESS_STREAM } from '../../service/core/progress-event.ts';
import { REJECTED_FOLDER, REJECTED_STREAM } from '../../service/delivery/rejected-events.ts';
import type { Features } from './features.ts';
import { type BucketTruth, type ChaosTenant, type DeliveryTruth, TENANTS } from './tenants.ts';

/** The tenants of a trial, with what only this trial has. */
export function tenantsWith({ exactlyOnce, progress, rejected, copied }: TenantFeatures): ChaosTenant[] {
  return TENANTS.map((tenant) => {
    const { tenantId } = tenant;
    let made = tenant;
    if (exactlyOnce.includes(tenantId)) made = change(made, () => [{ exactly_once: true }, { exactlyOnce: true }]);
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
  const bucket = bucketOf(tenant);
  const common = {
    bucket: bucket.name,
    format: 'record',
    takesAll: true,
    booked: false,
    rejectedTo: undefined,
  } as const;
  const copies: readonly BucketTruth[] = [
    { ...common, name: `${tenant.tenantId}/s3`, prefix: 'whole/', wanted: {} },
    { ...common, name: `${tenant.tenantId}/s3#warnings`, prefix: 'warnings/', wanted: { minLevel: 'warn' } },
  ];
  const place = { bucket_name: bucket.name };
  const deliveries = [
    { type: 's3', ...place, bucket_prefix: 'whole/' },
    { type: 's3#warnings', ...place, bucket_prefix: 'warnings/', min_log_level: 'warn' },
  ];
  return { ...tenant, bucket, copies, deliveries: [...tenant.deliveries, ...deliveries] };
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
