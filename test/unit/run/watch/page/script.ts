import type { TenantStatus } from '../../../../../service/run/stats/tenant-stats.ts';

/** A script of the page. The page's scripts have their own type check (tsconfig.json beside them), so tests state the types. */
export async function importScript<T>(name: string): Promise<T> {
  return import(new URL(`../../../../../service/run/watch/page/${name}`, import.meta.url).href);
}

/** A tenant in good health with nothing to do, except for `more`. */
export function tenantStatus(more: Partial<TenantStatus> = {}): TenantStatus {
  return {
    tenant: 'acme',
    waiting: 0,
    in_flight: 0,
    objects: 0,
    events: 0,
    filtered: 0,
    rejected: 0,
    quarantined: 0,
    dead_letters: 0,
    lag_seconds: null,
    last_delivered_at: null,
    delivered_up_to: null,
    oldest_undelivered_at: null,
    last_canary_at: null,
    bytes_per_second: [],
    trouble: null,
    parked: { messages: 0, first_dead_letter_at: null },
    circuits: [],
    notices: [],
    ...more,
  };
}
