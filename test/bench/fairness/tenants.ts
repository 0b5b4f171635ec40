import type { TenantSpec } from '../../../local/provision/tenant.ts';
import { buildTenant } from '../../support/tenant.ts';

/** Who takes part: many quiet tenants, and three that are trouble. */
export interface Cast {
  readonly quiet: readonly TenantSpec[];
  /** Floods the queue. */
  readonly noisy: TenantSpec;
  /** Its account throttles every PutLogEvents call. */
  readonly throttled: TenantSpec;
  /** Its role's trust policy knows another external id than the tenant table. */
  readonly broken: TenantSpec;
  /** Their accounts, or their region, will stop answering. */
  readonly silent?: readonly TenantSpec[];
}

const QUIET_ACCOUNT_MIN = 600_000_000_000;
const SILENT_ACCOUNT_MIN = 710_000_000_000;

export function castOf(quietTenants: number): Cast {
  const quiet = Array.from({ length: quietTenants }, (_, n) =>
    buildTenant(`quiet-${String(n).padStart(2, '0')}`, String(QUIET_ACCOUNT_MIN + n)),
  );
  return {
    quiet,
    noisy: buildTenant('noisy', '700000000001'),
    throttled: buildTenant('throttled', '700000000002'),
    broken: buildTenant('broken', '700000000003', { external_id: 'not-what-the-role-asks-for' }),
  };
}

/** @param region of their log groups; undefined: the service's */
export function silentCast(tenants: number, region: string | undefined): TenantSpec[] {
  return Array.from({ length: tenants }, (_, n) =>
    buildTenant(
      `silent-${String(n).padStart(2, '0')}`,
      String(SILENT_ACCOUNT_MIN + n),
      region === undefined ? {} : { target_region: region },
    ),
  );
}
