import type { Status } from '../../run/watch/status.ts';

/** What several tasks say of one queue's tenants, put together. */
export interface FleetStatus {
  readonly tasks: readonly { readonly url: string; readonly state: string; readonly version: string }[];
  /** Regions in which a service answers no tenant, as any task knows it. */
  readonly places: Status['places'];
  /** Tenants in trouble, and tenants with parked messages. */
  readonly tenants: readonly TenantTrouble[];
}

export interface TenantTrouble {
  readonly tenant: string;
  /** Of all tasks together. */
  readonly parked: number;
  readonly first_dead_letter_at: string | null;
  /** Each delivery that is not well, with the longest trouble that a task has with it. */
  readonly deliveries: readonly {
    readonly delivery: string;
    readonly state: string;
    readonly code: string;
    readonly message: string;
    readonly since: string;
  }[];
}

export interface TaskStatus {
  readonly url: string;
  readonly status: Pick<Status, 'state' | 'version' | 'places' | 'tenants'>;
}

/** @param tenant only this one; undefined: all */
export function mergeStatus(tasks: readonly TaskStatus[], tenant?: string): FleetStatus {
  const seen = tasks.flatMap(({ status }) => status.tenants);
  const byTenant = Map.groupBy(seen, (one) => one.tenant);
  const troubles = [...byTenant].map(([name, statuses]): TenantTrouble => {
    const first = statuses.flatMap(({ parked }) => parked.first_dead_letter_at ?? []).sort();
    const circuits = statuses.flatMap((one) => one.circuits).sort((a, b) => a.since.localeCompare(b.since));
    const oldest = new Map(circuits.toReversed().map((circuit) => [circuit.delivery, circuit]));
    return {
      tenant: name,
      parked: statuses.reduce((sum, { parked }) => sum + parked.messages, 0),
      first_dead_letter_at: first[0] ?? null,
      deliveries: [...oldest.values()].map(({ delivery, state, code, message, since }) => ({
        delivery,
        state,
        code,
        message,
        since,
      })),
    };
  });
  const places = new Map(tasks.flatMap(({ status }) => status.places.map((place) => [place.place, place])));
  return {
    tasks: tasks.map(({ url, status }) => ({ url, state: status.state, version: status.version })),
    places: [...places.values()],
    tenants: troubles
      .filter((one) => tenant === undefined || one.tenant === tenant)
      .filter(({ parked, deliveries }) => parked > 0 || deliveries.length > 0)
      .sort((a, b) => a.tenant.localeCompare(b.tenant)),
  };
}
