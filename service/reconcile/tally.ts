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
  /** Of the lost objects, those that no comparison has announced before. */
  newlyLost: number;
  /** Of these, those of which the ledger knows nothing at all. */
  newlyMissing: number;
}

const TENANTS_MAX = 1_000;

export function createTally(): Tally {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  return { counts, listCalls: 0, lost: new Map(), newlyLost: 0, newlyMissing: 0 };
}

export function addLost(tally: Tally, tenant: string, outcome: Outcome, announced: boolean): void {
  const { lost } = tally;
  if (!announced) tally.newlyLost++;
  if (!announced && outcome === 'missing') tally.newlyMissing++;
  if (lost.has(tenant) || lost.size < TENANTS_MAX) lost.set(tenant, (lost.get(tenant) ?? 0) + 1);
}

/** So few are announced whatever their share: were they delivered before, this is all that a tenant gets twice. */
const FEW_OBJECTS = 100;
/** Of the objects that the ledger knows. A fault of S3 loses less; a lost subscription more, which somebody should know anyway. */
const LOST_SHARE_MAX = 0.1;
/** Whatever their share. They are kept in memory until all are counted. */
export const LOST_OBJECTS_MAX = 10_000;

/** Objects that were compared with the ledger: those that are delivered, dead letters or lost. */
export function comparedObjects({ counts }: Tally): number {
  return counts.delivered + counts.dead_letter + counts.missing + counts.incomplete;
}

/**
 * Whether so many objects are lost that a person must say what is wrong: the announcements, or the ledger. One that was restored from
 * a backup does not know what was delivered since, and to announce all of it would deliver all of it twice.
 */
export function needsPerson(tally: Tally): boolean {
  const { newlyLost, newlyMissing } = tally;
  if (newlyLost > LOST_OBJECTS_MAX) return true;
  // What is incomplete is known to the ledger, so it is no sign of one that was lost: its tenant got a delivery.
  return newlyMissing > FEW_OBJECTS && newlyMissing > comparedObjects(tally) * LOST_SHARE_MAX;
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
