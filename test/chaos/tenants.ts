import type { TenantSpec } from '../../local/provision/tenant.ts';
import type { Wanted } from '../../local/workload/filter.ts';
import { buildTenant } from '../support/tenant.ts';

/** What a delivery must take, in the words of the workload, and how its events are to be read. */
export interface DeliveryTruth {
  /** As the ledger names it, `<tenant_id>/<type>`. */
  readonly name: string;
  /** Its log groups are this one, or below it. */
  readonly groupPrefix: string;
  readonly wanted: Wanted;
  readonly format: 'message' | 'record';
  /** Whether the ledger has books of it, with what was delivered to which stream. */
  readonly booked: boolean;
}

export interface ChaosTenant extends TenantSpec {
  readonly truths: readonly DeliveryTruth[];
}

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
      attributes: { min_log_level: 'warn', log_stream_name: '{cluster_id}/{pod_name}', target_region: EUROPE },
    },
  ]),
  tenant('initech', '333333333333', [
    {
      type: 'cloudwatch',
      group: '/apps',
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

interface DeliveryPart {
  readonly type: string;
  /** Below the tenant's own prefix. */
  readonly group: string;
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
    truths: parts.map(({ type, group, wanted = {}, attributes = {} }) => ({
      name: `${tenantId}/${type}`,
      groupPrefix: `${logGroupPrefix}${group}`,
      wanted,
      format: attributes.message_format === 'record' ? 'record' : 'message',
      booked: attributes.receipts !== undefined,
    })),
  };
}
