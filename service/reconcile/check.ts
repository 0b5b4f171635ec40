import type { ListedObject } from '../aws/list-objects.ts';
import { isCanary } from '../core/canary.ts';
import { type ObjectRef, objectId } from '../core/notification.ts';
import type { KeyTemplate } from '../core/object-key.ts';
import { createWalk, type Walk } from '../core/walk.ts';
import { type EntryKey, type EntryStates, stateKey } from '../ledger/entries.ts';
import type { FleetView } from '../ledger/fleet-reports.ts';
import { ANNOUNCED_MARK, DEAD_LETTER_MARK } from '../ledger/marks.ts';
import type { Tenant, TenantStore } from '../tenant/store.ts';
import { addLost, type Outcome, type Pending, type Tally } from './tally.ts';

/**
 * Compares the bucket with the ledger: page by page, so that memory does not depend on the number of objects. An object is lost
 * when a delivery of it is not done, its message is no dead letter, and no process and no queue can have its message any more.
 */
export interface CheckDeps {
  /** @param onCall is told of each LIST request */
  readonly list: (walk: Walk, onCall: () => void) => AsyncIterable<readonly ListedObject[]>;
  readonly bucket: string;
  readonly template: string;
  readonly keyTemplate: KeyTemplate;
  readonly tenants: Pick<TenantStore, 'lookUp'>;
  readonly readStates: (keys: readonly EntryKey[], consistent: boolean) => Promise<EntryStates>;
  readonly fleet: FleetView;
}

export interface CheckRange {
  /** Objects last modified from here, and before `toMs`; epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only this tenant's. */
  readonly tenant?: string | undefined;
  /** What S3 may take to announce an object, milliseconds. */
  readonly graceMs: number;
  /** How long after a partition's hour an object may be written into it, milliseconds. */
  readonly lateMs: number;
}

export interface LostObject {
  readonly ref: ObjectRef;
  readonly tenant: string;
  readonly lastModifiedMs: number;
  /** A comparison before has claimed it to be announced. */
  readonly announced: boolean;
}

/** Clocks of writers, and of whoever names partitions, may be ahead. */
const EARLY_MS = 3_600_000;

interface Candidate extends Omit<LostObject, 'announced'> {
  readonly id: string;
  readonly deliveries: readonly string[];
}

/**
 * @param tally counts what is found
 * @param pending is told what must be looked at again
 * @returns the lost objects, some from each page of the listing
 * @throws what S3 answers, DistributorError of the tables
 */
export async function* checkBucket(
  deps: CheckDeps,
  range: CheckRange,
  tally: Tally,
  pending: Pick<Pending, 'add'>,
): AsyncGenerator<readonly LostObject[]> {
  const { template } = deps;
  const known = range.tenant === undefined ? {} : { tenant_id: range.tenant };
  const walk = createWalk({ ...range, template, known, earlyMs: EARLY_MS });
  const readUpToMs = deps.fleet.readUpToMs ?? Number.NEGATIVE_INFINITY;
  const limitOf = (tenant: string) =>
    Math.min(readUpToMs, deps.fleet.openMs(tenant) ?? Number.POSITIVE_INFINITY) - range.graceMs;
  const count = (outcome: Outcome) => {
    tally.counts[outcome]++;
  };
  const onCall = () => {
    tally.listCalls++;
  };
  for await (const page of deps.list(walk, onCall)) {
    const candidates: Candidate[] = [];
    for (const object of page) {
      const { lastModifiedMs } = object;
      if (lastModifiedMs < range.fromMs || lastModifiedMs >= range.toMs) continue;
      const tenant = tenantOf(deps.keyTemplate, object.key);
      if (range.tenant !== undefined && tenant !== range.tenant) continue;
      const found = tenant === undefined ? 'foreign' : await classify(deps, object, tenant);
      if (typeof found === 'string' || tenant === undefined) count(found as Outcome);
      else if (lastModifiedMs >= limitOf(tenant)) {
        count('pending');
        pending.add(tenant, lastModifiedMs);
      } else candidates.push({ ...toLost(deps.bucket, object, tenant), deliveries: found });
    }
    const lost: LostObject[] = [];
    for (const { candidate, outcome, announced } of await judge(deps, candidates)) {
      count(outcome);
      if (outcome !== 'missing' && outcome !== 'incomplete') continue;
      addLost(tally, candidate.tenant, outcome, announced);
      lost.push({ ...candidate, announced });
    }
    if (lost.length > 0) yield lost;
  }
}

function tenantOf(keyTemplate: KeyTemplate, key: string): string | undefined {
  // A key that ends with a slash is how consoles make a folder.
  if (key.endsWith('/')) return undefined;
  try {
    return keyTemplate.parse(key).tenant_id;
  } catch {
    return undefined;
  }
}

/** @returns the names in the ledger of the deliveries that the object must have; or why it needs none */
async function classify(
  { tenants }: CheckDeps,
  { key, isArchived }: ListedObject,
  tenant: string,
): Promise<readonly string[] | Outcome> {
  if (isCanary({ key })) return 'canary';
  if (isArchived) return 'archived';
  const { deliveries, error }: Tenant = await tenants.lookUp(tenant);
  if (error) return error.code === 'tenant-unknown' ? 'unknown_tenant' : 'invalid_tenant';
  const enabled = deliveries.filter((delivery) => delivery.enabled);
  return enabled.length === 0 ? 'disabled' : enabled.map(({ type }) => `${tenant}/${type}`);
}

function toLost(bucket: string, object: ListedObject, tenant: string): Omit<Candidate, 'deliveries'> {
  const { key, eTag, versionId, bytes: size, lastModifiedMs } = object;
  const ref = { bucket, key, version: versionId ?? eTag, versionId, size, createdMs: lastModifiedMs };
  return { ref, id: objectId(ref), tenant, lastModifiedMs };
}

interface Judged {
  readonly candidate: Candidate;
  readonly outcome: Outcome;
  readonly announced: boolean;
}

/** Most are done, which the cheap read tells; the others are read once more, consistently, with their marks. */
async function judge({ readStates }: CheckDeps, candidates: readonly Candidate[]): Promise<readonly Judged[]> {
  const keysOf = ({ id, deliveries }: Candidate) => deliveries.map((delivery) => ({ object: id, delivery }));
  const marksOf = ({ id }: Candidate) =>
    [DEAD_LETTER_MARK, ANNOUNCED_MARK].map((delivery) => ({ object: id, delivery }));
  const isDone = (states: EntryStates) => (key: EntryKey) => states.get(stateKey(key)) === 'done';
  const first = await readStates(candidates.flatMap(keysOf), false);
  const doubtful = new Set(candidates.filter((candidate) => !keysOf(candidate).every(isDone(first))));
  const keys = [...doubtful].flatMap((candidate) => [...keysOf(candidate), ...marksOf(candidate)]);
  const again = await readStates(keys, true);
  const stateOf = (candidate: Candidate, delivery: string) => again.get(stateKey({ object: candidate.id, delivery }));
  const outcomeOf = (candidate: Candidate): Outcome => {
    const all = keysOf(candidate);
    const left = all.filter((key) => !isDone(again)(key));
    if (left.length === 0) return 'delivered';
    const isDead = left.some((key) => again.get(stateKey(key)) === 'dead');
    if (isDead || stateOf(candidate, DEAD_LETTER_MARK) === 'dead') return 'dead_letter';
    return left.length < all.length ? 'incomplete' : 'missing';
  };
  return candidates.map((candidate) =>
    doubtful.has(candidate)
      ? {
          candidate,
          outcome: outcomeOf(candidate),
          announced: stateOf(candidate, ANNOUNCED_MARK) !== undefined,
        }
      : { candidate, outcome: 'delivered', announced: false },
  );
}
