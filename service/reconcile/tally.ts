/** What an object of the bucket was found to be. */
export const OUTCOMES = [
  /** Done in the ledger, for every enabled delivery of its tenant. */
  'delivered',
  /** Its message, or a delivery of it, is a dead letter. */
  'dead_letter',
  /** No delivery is done, and it is in no message: nobody has announced it, or the announcement was lost. */
  'missing',
  /** As `missing`, but another delivery of its tenant is done. */
  'incomplete',
  /** Its tenant is not delivered so far: it may be in a message. It is looked at again later. */
  'pending',
  /** Its tenant has no enabled delivery: the service acknowledges it. */
  'disabled',
  /** Its tenant has no item, or an invalid one: the service makes a dead letter of its message. */
  'unknown_tenant',
  'invalid_tenant',
  /** In an archive class: it can be read when it is restored. */
  'archived',
  /** A canary, which may be given up. */
  'canary',
  /** A key of another shape than the template's, or a folder of a console. */
  'foreign',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What was found in a bucket: counts, whatever the number of objects. */
export interface Tally {
  readonly counts: Record<Outcome, number>;
  /** ListObjectVersions calls that it took. */
  listCalls: number;
  /** Tenants of what is lost, with how many objects; the first thousand. */
  readonly lost: Map<string, number>;
}

const TENANTS_MAX = 1_000;

export function createTally(): Tally {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  return { counts, listCalls: 0, lost: new Map() };
}

export function addLost({ lost }: Tally, tenant: string): void {
  if (lost.has(tenant) || lost.size < TENANTS_MAX) lost.set(tenant, (lost.get(tenant) ?? 0) + 1);
}

/** Where objects of a tenant must be looked at again: since when they were written. */
export interface Pending {
  add(tenant: string, lastModifiedMs: number): void;
  /** The oldest of each tenant, epoch milliseconds. */
  readonly tenants: ReadonlyMap<string, number>;
  /** The oldest of all tenants beyond those, for which there is no room; undefined: none. */
  readonly othersMs: number | undefined;
}

export function createPending(): Pending {
  const tenants = new Map<string, number>();
  let othersMs: number | undefined;
  return {
    add(tenant, ms) {
      if (tenants.has(tenant) || tenants.size < TENANTS_MAX)
        tenants.set(tenant, Math.min(ms, tenants.get(tenant) ?? ms));
      else othersMs = Math.min(ms, othersMs ?? ms);
    },
    tenants,
    get othersMs() {
      return othersMs;
    },
  };
}
