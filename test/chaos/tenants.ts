import type { TenantSpec } from '../../local/provision/tenant.ts';
import type { Wanted } from '../../local/workload/filter.ts';
import { buildTenant } from '../support/tenant.ts';

/** What a delivery must take, in the words of the workload. */
export interface Due {
  /** As the ledger names it, `<tenant_id>/<type>`. */
  readonly name: string;
  readonly wanted: Wanted;
  readonly format: 'message' | 'record';
  /** Whether it takes events of every time, and empty ones. */
  readonly takesAll: boolean;
  /** Whether the ledger has books of it, with what was delivered to which stream. */
  readonly booked: boolean;
  /** Where its rejected events go; undefined: to quarantine. */
  readonly rejectedTo: { readonly bucket: string; readonly folder: string } | undefined;
}

/** A delivery to CloudWatch Logs, and how its events are to be read. */
export interface DeliveryTruth extends Due {
  /** Its log groups are this one, or below it. */
  readonly groupPrefix: string;
  /** Its log groups are below it, by the record. */
  readonly hasOwnGroups: boolean;
  readonly region: string;
  /** Where a record belongs; written apart from the service's templates on purpose. */
  readonly placeOf: (record: Placed) => { readonly group: string; readonly stream: string };
  /** Nothing of it may be repeated, whatever happens. */
  readonly exactlyOnce: boolean;
  /** The log group in which the service says what it has to say of the delivery, and the streams of what it says. */
  readonly serviceGroup: string;
  readonly serviceStreams: readonly string[];
}

/** A delivery to a bucket of the tenant: objects as they are, or files of the records that it takes. */
export interface BucketTruth extends Due {
  readonly bucket: string;
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
  readonly copies: readonly BucketTruth[];
}

/** All deliveries of a tenant. */
export function duesOf({ truths, copies }: ChaosTenant): readonly Due[] {
  return [...truths, ...copies];
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
    copies: [],
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
      takesAll: false,
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
