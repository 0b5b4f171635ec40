import * as z from 'zod';
import { type CheckDeps, type CheckRange, checkBucket, type LostObject } from './check.ts';
import { nothingRepaired, type RepairDeps, type Repaired, repair } from './repair.ts';
import { comparedObjects, createPending, createTally, LOST_OBJECTS_MAX, needsPerson, type Tally } from './tally.ts';

/** How far the bucket has been compared with the ledger: saved beside the lease, for whoever goes on. */
export interface ReconcileState {
  /** Objects written before this moment have been looked at, epoch milliseconds. */
  readonly toMs: number;
  /** Except, by tenant, those written from here on: they were not delivered yet, or were announced. */
  readonly pending: Readonly<Record<string, number>>;
  /** When the last pass ended, epoch milliseconds. */
  readonly endedMs: number;
  /** The last pass has found so much that nothing is announced until a person decides (`needsPerson`). */
  readonly withheld?: Withheld | undefined;
}

export interface Withheld {
  /** That were lost, as far as they were counted, and that were compared. */
  readonly objects: number;
  readonly compared: number;
  /** How far it was to look, epoch milliseconds. It looks no further then: what is delivered later must not make the share smaller. */
  readonly toMs: number;
  /** When it stopped for the first time, and the last, epoch milliseconds. */
  readonly sinceMs: number;
  readonly atMs: number;
}

const STATE = z.object({
  toMs: z.number(),
  pending: z.record(z.string(), z.number()),
  endedMs: z.number(),
  withheld: z
    .object({ objects: z.number(), compared: z.number(), toMs: z.number(), sinceMs: z.number(), atMs: z.number() })
    .optional(),
});

/** @returns undefined for what no version of the service has saved */
export function parseState(text: string): ReconcileState | undefined {
  try {
    return STATE.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The ledger forgets a delivery 14 days after its last write, and a pass takes its time: what is older cannot be told from what
 * was never delivered.
 */
export const JUDGED_DAYS_MAX = 13;
const JUDGED_MS_MAX = JUDGED_DAYS_MAX * 86_400_000;

export type PassDeps = Omit<CheckDeps, 'fleet'> &
  Omit<RepairDeps, 'readUpToMs'> &
  Pick<CheckDeps, 'fleet'> & {
    /** Told after each page with lost objects, and at the end. */
    readonly onProgress: (tally: Tally, repaired: Repaired) => void;
    /** The table's clock, epoch milliseconds. */
    readonly nowMs: () => number;
  };

export interface Pass {
  readonly state: ReconcileState;
  readonly tally: Tally;
  readonly repaired: Repaired;
}

/**
 * Compares what was written since the last pass, and what was pending then, and announces what is lost: after all of it is counted, and
 * only where that is little enough. What was announced before is looked after at once, as somebody has decided on it.
 * @returns undefined when it was stopped, or when nobody knows how far the queue is read: then nothing has changed
 * @throws what S3, SQS or the tables answer
 */
export async function runPass(
  deps: PassDeps,
  before: ReconcileState,
  limits: Pick<CheckRange, 'graceMs' | 'lateMs'>,
): Promise<Pass | undefined> {
  const { readUpToMs } = deps.fleet;
  if (readUpToMs === undefined) return undefined;
  const oldestMs = deps.nowMs() - JUDGED_MS_MAX;
  const fromMs = Math.max(before.toMs, oldestMs);
  const nowToMs = Math.min(readUpToMs, deps.nowMs()) - limits.graceMs;
  const toMs = Math.max(fromMs, Math.min(nowToMs, before.withheld?.toMs ?? nowToMs));
  const tally = createTally();
  const pending = createPending();
  const repaired = nothingRepaired();
  const newlyLost: LostObject[] = [];
  const announce = async (lost: readonly LostObject[]) => {
    const givenUp = new Set<unknown>();
    const onGivenUp: RepairDeps['onGivenUp'] = (object) => {
      givenUp.add(object);
      deps.onGivenUp(object);
    };
    if (!(await repair({ ...deps, readUpToMs, onGivenUp }, lost, repaired))) return false;
    // It is looked at again: an announcement may be lost as well.
    for (const object of lost) if (!givenUp.has(object)) pending.add(object.tenant, object.lastModifiedMs);
    return true;
  };
  /** @returns false when it was stopped, or has counted too many already */
  const check = async (range: Pick<CheckRange, 'fromMs' | 'toMs' | 'tenant'>) => {
    for await (const lost of checkBucket(deps, { ...range, ...limits }, tally, pending)) {
      newlyLost.push(...lost.filter(({ announced }) => !announced));
      if (newlyLost.length > LOST_OBJECTS_MAX) return false;
      if (!(await announce(lost.filter(({ announced }) => announced)))) return false;
      deps.onProgress(tally, repaired);
    }
    return true;
  };
  const checkAll = async () => {
    for (const [tenant, sinceMs] of Object.entries(before.pending)) {
      const range = { fromMs: Math.max(sinceMs, oldestMs), toMs: fromMs, tenant };
      // No listing where all of it is still open.
      if ((deps.fleet.openMs(tenant) ?? readUpToMs) - limits.graceMs <= range.fromMs) pending.add(tenant, range.fromMs);
      else if (range.fromMs < range.toMs && !(await check(range))) return false;
    }
    return fromMs >= toMs || check({ fromMs, toMs });
  };
  const isWhole = await checkAll();
  deps.onProgress(tally, repaired);
  if (!isWhole && newlyLost.length <= LOST_OBJECTS_MAX) return undefined;
  if (needsPerson(tally)) {
    const atMs = deps.nowMs();
    const sinceMs = before.withheld?.sinceMs ?? atMs;
    const withheld = { objects: tally.newlyLost, compared: comparedObjects(tally), toMs, sinceMs, atMs };
    return { state: { ...before, withheld }, tally, repaired };
  }
  if (!(await announce(newlyLost))) return undefined;
  deps.onProgress(tally, repaired);
  const state: ReconcileState = {
    toMs: Math.min(toMs, pending.othersMs ?? toMs),
    pending: Object.fromEntries(pending.tenants),
    endedMs: deps.nowMs(),
  };
  return { state, tally, repaired };
}
