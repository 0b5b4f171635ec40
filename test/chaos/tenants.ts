import type { TenantSpec } from '../../local/provision/tenant.ts';
import type { Wanted } from '../../local/workload/filter.ts';
import { PROGRESS_STREAM } from '../../service/core/progress-event.ts';
import { REJECTED_FOLDER, REJECTED_STREAM } from '../../service/delivery/rejected-events.ts';
import { buildTenant } from '../support/tenant.ts';
import type { Features } from './features.ts';

/** What a delivery must take, in the words of the workload, and how its events are to be read. */
export interface DeliveryTruth {
  /** As the ledger names it, `<tenant_id>/<type>`. */
  readonly name: string;
  /** Its log groups are this one, or below it. */
  readonly groupPrefix: string;
  /** Its log groups are below it, by the record. */
  readonly hasOwnGroups: boolean;
  readonly region: string;
  /** Where a record belongs; written apart from the service's templates on purpose. */
  readonly placeOf: (record: Placed) => { readonly group: string; readonly stream: string };
  readonly wanted: Wanted;
  readonly format: 'message' | 'record';
  /** Nothing of it may be repeated, whatever happens. */
  readonly exactlyOnce: boolean;
  /** The log group in which the service says what it has to say of the delivery, and the streams of what it says. */
  readonly serviceGroup: string;
  readonly serviceStreams: readonly string[];
  /** Where its rejected events go; undefined: to quarantine. */
  readonly rejectedTo: { readonly bucket: string; readonly folder: string } | undefined;
  /** Whether the ledger has books of it, with what was delivered to which stream. */
  readonly booked: boolean;
}

/** What of a record says where it belongs. */
export interface Placed {
  readonly timestamp: number;
  readonly application: string;
  readonly podName: string;
}

/** Where all objects of a trial come from, as their keys say. */
export const ORIGIN = { clusterId: 'eu-1', environment: 'prod' };

export interface ChaosTenant extends TenantSpec {
  readonly truths: readonly DeliveryTruth[];
}

/** Where the pipeline is, and a tenant that names no other region. */
export const HOME = 'us-east-1';
/** Where three of the four have their log groups, so that a region can go away as a whole. */
export const EUROPE = 'eu-west-1';

/** Four tenants that between them use every feature that moves a batch or a destination. */
export const TENANTS: readonly ChaosTenant[] = [
  tenant('acme-corp', '111111111111', [
    { type: 'cloudwatch', group: '', attributes: { receipts: 's3://acme-corp-receipts' } },
  ]),
  tenant('globex', '222222222222', [
    {
      type: 'cloudwatch',
      group: '',
      wanted: { minLevel: 'warn' },
      stream: ({ podName }) => `${ORIGIN.clusterId}/${podName}`,
      attributes: {
        min_log_level: 'warn',
        log_stream_name: '{cluster_id}/{pod_name}',
        receipts: 'log-group:/tenant-logs/globex/receipts',
        target_region: EUROPE,
      },
    },
  ]),
  tenant('initech', '333333333333', [
    {
      type: 'cloudwatch',
      group: '/apps',
      groupOf: ({ application }) => `/apps/${application}`,
      wanted: { applications: ['gateway', 'payments', 'audit', 'bench'] },
      attributes: {
        log_group_name: '/tenant-logs/initech/apps/{application}',
        desired_logs: ['gateway', 'payments', 'audit', 'bench'],
        retention_days: 14,
        receipts: 's3://initech-receipts',
        target_region: EUROPE,
      },
    },
  ]),
  tenant('hooli', '444444444444', [
    { type: 'cloudwatch', group: '/all', attributes: { target_region: EUROPE } },
    {
      type: 'cloudwatch#audit',
      group: '/audit',
      wanted: { applications: ['audit', 'checkout'] },
      attributes: { desired_logs: ['audit', 'checkout'], message_format: 'record', target_region: EUROPE },
    },
  ]),
];

/** Those of whom one has the object that is several chunks long. */
export const LONG_TENANTS = ['acme-corp', 'initech'] as const;

/** The tenants of a trial, with what only this trial has. */
export function tenantsWith({ exactlyOnce, progress, rejected }: TenantFeatures): ChaosTenant[] {
  return TENANTS.map((tenant) => {
    const { tenantId } = tenant;
    let made = tenant;
    if (exactlyOnce.includes(tenantId)) made = change(made, () => [{ exactly_once: true }, { exactlyOnce: true }]);
    if (progress.includes(tenantId)) made = change(made, withProgress);
    if (rejected.includes(tenantId)) made = withRejected(made);
    return made;
  });
}

export type TenantFeatures = Pick<Features, 'exactlyOnce' | 'progress' | 'rejected'>;
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
  const bucket = { name: `${tenant.tenantId}-bucket`, prefix: '' };
  const rejectedTo = { bucket: bucket.name, folder: `rejects/${REJECTED_FOLDER}` };
  const changed = change(tenant, (truth) => [
    { rejected_events: 's3#rejected', ...serviceGroup(truth) },
    { rejectedTo, ...saying(truth, REJECTED_STREAM) },
  ]);
  const taker = { type: 's3#rejected', enabled: false, bucket_name: bucket.name, bucket_prefix: 'rejects/' };
  return { ...changed, bucket, deliveries: [...changed.deliveries, taker] };
}

/** Where groups differ by record, the service's own events need a group for themselves. */
function serviceGroup({ hasOwnGroups, serviceGroup: group }: DeliveryTruth) {
  return hasOwnGroups ? { service_log_group_name: group } : {};
}

function saying({ serviceStreams }: DeliveryTruth, stream: string) {
  return { serviceStreams: [...serviceStreams, stream] };
}

/** So many tenants: these four, fewer of them, or further ones that are as plain as the first. */
export function tenantsOf(count: number): readonly ChaosTenant[] {
  const further = Array.from({ length: Math.max(0, count - TENANTS.length) }, (_, at) =>
    tenant(`tenant-${at + 1}`, String(600_000_000_000 + at), [{ type: 'cloudwatch', group: '' }]),
  );
  return [...TENANTS.slice(0, count), ...further];
}

interface DeliveryPart {
  readonly type: string;
  /** Below the tenant's own prefix. */
  readonly group: string;
  /** The same for a record, where groups differ. */
  readonly groupOf?: (record: Placed) => string;
  /** Default: the cluster, the environment and the event's day. */
  readonly stream?: (record: Placed) => string;
  readonly wanted?: Wanted;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

function tenant(tenantId: string, accountId: string, parts: readonly DeliveryPart[]): ChaosTenant {
  const spec = buildTenant(tenantId, accountId);
  const { logGroupPrefix } = spec;
  return {
    ...spec,
    deliveries: parts.map(({ type, group, attributes }) => ({
      type,
      log_group_name: `${logGroupPrefix}${group}`,
      ...attributes,
    })),
    truths: parts.map(({ type, group, groupOf, stream = streamOfDay, wanted = {}, attributes = {} }) => ({
      name: `${tenantId}/${type}`,
      groupPrefix: `${logGroupPrefix}${group}`,
      hasOwnGroups: groupOf !== undefined,
      region: String(attributes.target_region ?? HOME),
      placeOf: (record: Placed) => ({
        group: `${logGroupPrefix}${groupOf?.(record) ?? group}`,
        stream: stream(record),
      }),
      wanted,
      format: attributes.message_format === 'record' ? 'record' : 'message',
      exactlyOnce: false,
      serviceGroup: `${logGroupPrefix}${group}${groupOf ? '/log-distributor' : ''}`,
      serviceStreams: [],
      rejectedTo: undefined,
      booked: attributes.receipts !== undefined,
    })),
  };
}

function streamOfDay({ timestamp }: Placed): string {
  return `${ORIGIN.clusterId}-${ORIGIN.environment}-${new Date(timestamp).toISOString().slice(0, 10)}`;
}
