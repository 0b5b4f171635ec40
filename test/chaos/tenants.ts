import type { TenantSpec } from '../../local/provision/tenant.ts';
import type { Wanted } from '../../local/workload/filter.ts';
import { buildTenant } from '../support/tenant.ts';

/** What a delivery must take, in the words of the workload, and how its events are to be read. */
export interface DeliveryTruth {
  /** As the ledger names it, `<tenant_id>/<type>`. */
  readonly name: string;
  /** Its log groups are this one, or below it. */
  readonly groupPrefix: string;
  readonly region: string;
  /** Where a record belongs; written apart from the service's templates on purpose. */
  readonly placeOf: (record: Placed) => { readonly group: string; readonly stream: string };
  readonly wanted: Wanted;
  readonly format: 'message' | 'record';
  /** Nothing of it may be repeated, whatever happens. */
  readonly exactlyOnce: boolean;
  /** Whether the ledger has books of it, with what was delivered to which stream. */
  readonly booked: boolean;
  /** Where it keeps objects and files of records; no log group is its then. */
  readonly bucket?: BucketPlace;
}

export interface BucketPlace {
  readonly name: string;
  /** Put before the key of each object. */
  readonly prefix: string;
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

/** The tenants, of whom these want every event exactly once. */
export function withExactlyOnce(tenantIds: readonly string[]): ChaosTenant[] {
  return TENANTS.map((tenant) => (tenantIds.includes(tenant.tenantId) ? exactlyOnce(tenant) : tenant));
}

/** The tenant, that wants every event exactly once. */
export function exactlyOnce(tenant: ChaosTenant): ChaosTenant {
  return {
    ...tenant,
    deliveries: tenant.deliveries.map((delivery) => ({ ...delivery, exactly_once: true })),
    truths: tenant.truths.map((truth) => ({ ...truth, exactlyOnce: true })),
  };
}

/** The tenant, that keeps in a bucket of its own what it wants, beside its log groups. */
export function withBucket(tenant: ChaosTenant, wanted: Wanted): ChaosTenant {
  const { tenantId } = tenant;
  const bucket = { name: `${tenantId}-logs`, prefix: 'central/' };
  const { minLevel, applications } = wanted;
  const attributes = {
    type: 's3',
    bucket_name: bucket.name,
    bucket_prefix: bucket.prefix,
    ...(minLevel && { min_log_level: minLevel }),
    ...(applications && { desired_logs: applications }),
  };
  const truth: DeliveryTruth = {
    name: `${tenantId}/s3`,
    groupPrefix: `s3://${bucket.name}`,
    region: HOME,
    placeOf: () => ({ group: '', stream: '' }),
    wanted,
    format: 'record',
    exactlyOnce: false,
    booked: false,
    bucket,
  };
  const { deliveries, truths } = tenant;
  return { ...tenant, bucket, deliveries: [...deliveries, attributes], truths: [...truths, truth] };
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
    truths: parts.map(({ type, group, groupOf = () => group, stream = streamOfDay, wanted = {}, attributes = {} }) => ({
      name: `${tenantId}/${type}`,
      groupPrefix: `${logGroupPrefix}${group}`,
      region: String(attributes.target_region ?? HOME),
      placeOf: (record: Placed) => ({ group: `${logGroupPrefix}${groupOf(record)}`, stream: stream(record) }),
      wanted,
      format: attributes.message_format === 'record' ? 'record' : 'message',
      exactlyOnce: false,
      booked: attributes.receipts !== undefined,
    })),
  };
}

function streamOfDay({ timestamp }: Placed): string {
  return `${ORIGIN.clusterId}-${ORIGIN.environment}-${new Date(timestamp).toISOString().slice(0, 10)}`;
}
