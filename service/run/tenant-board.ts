import type { DeliveryTrouble } from './gate.ts';
import type { ObjectReport } from './report.ts';

/** What `/status` says of a tenant. */
export interface TenantStatus {
  readonly tenant: string;
  /** Objects in hand that wait for their turn, and objects that are being delivered. */
  readonly waiting: number;
  readonly in_flight: number;
  /** Since the start of this process. */
  readonly objects: number;
  readonly events: number;
  /** Of the last object that was delivered: created to delivered. */
  readonly lag_seconds: number | null;
  readonly last_delivered_at: string | null;
  /** The last failure, while nothing has been delivered since. */
  readonly trouble: { readonly code: string; readonly message: string; readonly at: string } | null;
  /** Deliveries that are not tried, or only by a probe: those that are not here are closed circuits. */
  readonly circuits: readonly CircuitStatus[];
}

export interface CircuitStatus {
  readonly delivery: string;
  readonly state: DeliveryTrouble['state'];
  readonly code: string;
  readonly message: string;
  readonly since: string;
  readonly next_try_at: string;
}

/** Keeps what happened lately, tenant by tenant, for people who look. Bounded: tenants idle for longest leave first. */
export interface TenantBoard {
  waiting(tenant: string): void;
  started(tenant: string): void;
  ended(tenant: string, report: ObjectReport, createdMs: number | undefined): void;
  list(troubles: readonly DeliveryTrouble[]): TenantStatus[];
}

const TENANTS_MAX = 5_000;

type Entry = { -readonly [K in Exclude<keyof TenantStatus, 'circuits'>]: TenantStatus[K] };

export function createTenantBoard(nowMs: () => number): TenantBoard {
  const tenants = new Map<string, Entry>();

  const of = (tenant: string) => {
    const entry = tenants.get(tenant) ?? {
      tenant,
      waiting: 0,
      in_flight: 0,
      objects: 0,
      events: 0,
      lag_seconds: null,
      last_delivered_at: null,
      trouble: null,
    };
    tenants.delete(tenant);
    tenants.set(tenant, entry);
    if (tenants.size > TENANTS_MAX) forgetOldest();
    return entry;
  };

  const forgetOldest = () => {
    for (const [tenant, { waiting, in_flight }] of tenants) {
      if (waiting + in_flight > 0) continue;
      tenants.delete(tenant);
      return;
    }
  };

  return {
    waiting(tenant) {
      of(tenant).waiting++;
    },
    started(tenant) {
      const entry = of(tenant);
      entry.waiting--;
      entry.in_flight++;
    },
    ended(tenant, report, createdMs) {
      const entry = of(tenant);
      entry.in_flight--;
      const at = new Date(nowMs()).toISOString();
      for (const line of report.lines) {
        if (line.kind === 'done') {
          entry.objects++;
          entry.events += line.counts?.delivered ?? 0;
          entry.last_delivered_at = at;
          entry.lag_seconds = createdMs === undefined ? null : Math.max(0, nowMs() - createdMs) / 1000;
          entry.trouble = null;
        } else if (line.kind === 'failed' && line.code !== 'stopping' && line.code !== 'lease-held') {
          entry.trouble = { code: line.code ?? '', message: line.message ?? '', at };
        }
      }
    },
    list(troubles) {
      const byTenant = Map.groupBy(troubles, ({ tenant }) => tenant);
      return [...tenants.values()]
        .sort((a, b) => a.tenant.localeCompare(b.tenant))
        .map((entry) => ({ ...entry, circuits: (byTenant.get(entry.tenant) ?? []).map(toCircuitStatus) }));
    },
  };
}

function toCircuitStatus({ type, state, code, message, sinceMs, againAtMs }: DeliveryTrouble): CircuitStatus {
  const at = (ms: number) => new Date(ms).toISOString();
  return { delivery: type, state, code, message, since: at(sinceMs), next_try_at: at(againAtMs) };
}
