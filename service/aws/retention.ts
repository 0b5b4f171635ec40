import { lruSet } from '../base/lru.ts';
import { type AwsFault, faultOf } from './fault.ts';
import type { GroupSettings } from './log-group.ts';
import type { LogsSession } from './logs-session.ts';
import { explainFailure } from './words.ts';
import { writeLogs } from './write-logs.ts';

/** A log group that the service may have to create, what it is created with, and how long it is to keep its events. */
export interface GroupPlace {
  readonly tenantId: string;
  readonly accountId: string;
  readonly region: string;
  readonly group: string;
  /** undefined: for ever. */
  readonly retentionDays: number | undefined;
  /** Default: what AWS gives every group. */
  readonly settings?: GroupSettings;
}

/**
 * The retention of log groups that the service creates. CloudWatch Logs sets it in a call of its own, after the group is there. A
 * group whose retention cannot be set takes events all the same: kept for too long they cost money, not delivered they are
 * lost. So the retention stays owed, is tried again until it is set, and `owed` says so meanwhile. What is owed outlives
 * this process and the session with which the group was created.
 *
 * The retention of a group that somebody else created is its owner's business.
 */
export interface Retention {
  /** Notes that the group is about to be created. @returns what takes the note back when somebody else has created it */
  begin(place: GroupPlace): Promise<() => Promise<void>>;
  /**
   * Sets what is owed.
   * @param when `created`: now; `looked at`: now, if the group was created by whatever process; `used`: if another try is due
   * @throws what ends the session of the call; anything else stays owed
   */
  settle(session: LogsSession, place: GroupPlace, when: 'created' | 'looked at' | 'used'): Promise<void>;
  /** Why the retention of a group is not set, as far as this process has tried; undefined when nothing is owed. */
  owed(place: GroupPlace): string | undefined;
}

/** The record of what is owed, which all processes share. */
export interface RetentionDebts {
  /** Notes that a group may be created, in the name of this process unless another one has noted it already. */
  note(place: GroupPlace): Promise<void>;
  /** This process has created the group: what others noted before they tried is not theirs to take back. */
  claim(place: GroupPlace): Promise<void>;
  /** Takes the note back, if it is in the name of this process. */
  withdraw(place: GroupPlace): Promise<void>;
  isOwed(place: GroupPlace): Promise<boolean>;
  settle(place: GroupPlace): Promise<void>;
}

export interface RetentionDeps {
  readonly debts: RetentionDebts;
  /** Told of a try that failed; of an account's next ones not before they are due again. */
  readonly onRefused: (place: GroupPlace, message: string, error: unknown) => void;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

interface Debt {
  /** When the next try is due while the group is used. */
  dueMs: number;
  /** When this process created the group; undefined: it found it noted, or has not created it yet. */
  createdMs: number | undefined;
  /** The wait before the next try, if it fails for a reason that passes. */
  passingMs: number;
  message: string | undefined;
}

/** A refusal ends when somebody changes a policy; five calls a second are allowed (CloudWatch Logs quotas). */
const REFUSED_AGAIN_MS = 15 * 60_000;
/** Throttling and trouble of the service pass: the wait doubles from the first to the second of these. */
const PASSING_AGAIN_MS: readonly [number, number] = [500, 30_000];
const PASSING: ReadonlySet<AwsFault> = new Set(['throttle', 'transient', 'missing']);
/** What a connection says that was closed while it was kept. */
const CLOSED: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);
/** A group that is not seen for so long after its creation was deleted. */
const SEEN_AFTER_MS = 60_000;
/** Groups of which a process remembers that something is owed; the record has all. */
const GROUPS_MAX = 10_000;

export function createRetention({ debts, onRefused, nowMs }: RetentionDeps): Retention {
  const known = new Map<string, Debt>();
  /** Until when used groups of an account are left alone: a policy that refuses one mostly refuses all. */
  const refusedUntilMs = new Map<string, number>();
  const isRefused = (place: GroupPlace) => nowMs() < (refusedUntilMs.get(accountOf(place)) ?? 0);

  const remember = (place: GroupPlace): Debt => {
    const fresh = { dueMs: 0, createdMs: undefined, passingMs: PASSING_AGAIN_MS[0], message: undefined };
    const debt = known.get(keyOf(place)) ?? fresh;
    lruSet(known, keyOf(place), debt, GROUPS_MAX);
    return debt;
  };

  const set = async (session: LogsSession, place: GroupPlace, debt: Debt) => {
    const { group: logGroupName, retentionDays: retentionInDays } = place;
    // Before the call: others that use the group meanwhile leave it to this one.
    debt.dueMs = nowMs() + REFUSED_AGAIN_MS;
    try {
      await repeatOnce(() => session.call('PutRetentionPolicy', { logGroupName, retentionInDays }));
    } catch (error) {
      const fault = faultOf(error);
      // Fresh credentials come with the next attempt, or the caller is leaving.
      if (fault === 'credentials' || fault === 'aborted') {
        debt.dueMs = 0;
        throw error;
      }
      // A group that was deleted owes nothing, as a put that finds it missing creates it anew. One that was just created is not seen yet.
      const isNew = debt.createdMs !== undefined && nowMs() - debt.createdMs < SEEN_AFTER_MS;
      if (fault !== 'missing' || isNew) {
        debt.message = sayOwed(place, error);
        if (!isRefused(place)) onRefused(place, debt.message, error);
        if (PASSING.has(fault)) waitForPassing(debt, nowMs());
        else lruSet(refusedUntilMs, accountOf(place), debt.dueMs, GROUPS_MAX);
        await quietly(() => (debt.createdMs === undefined ? debts.note(place) : debts.claim(place)));
        return;
      }
    }
    known.delete(keyOf(place));
    refusedUntilMs.delete(accountOf(place));
    await quietly(() => debts.settle(place));
  };

  return {
    async begin(place) {
      if (place.retentionDays === undefined) return async () => {};
      await quietly(() => debts.note(place));
      remember(place);
      return async () => {
        // Another session of this process has created it, and sets its retention.
        if (known.get(keyOf(place))?.createdMs !== undefined) return;
        known.delete(keyOf(place));
        await quietly(() => debts.withdraw(place));
      };
    },
    async settle(session, place, when) {
      if (place.retentionDays === undefined) return;
      let debt = known.get(keyOf(place));
      // Whoever created the group owes its retention, even if another session of this process has meanwhile found the group there.
      if (!debt && (when === 'created' || (when === 'looked at' && (await quietly(() => debts.isOwed(place))))))
        debt = remember(place);
      if (debt && when === 'created') debt.createdMs = nowMs();
      if (!debt || (when === 'used' && (nowMs() < debt.dueMs || isRefused(place)))) return;
      await set(session, place, debt);
    },
    owed: (place) => known.get(keyOf(place))?.message,
  };
}

function accountOf({ accountId, region }: GroupPlace): string {
  return `${accountId}/${region}`;
}

function keyOf(place: GroupPlace): string {
  return `${accountOf(place)}/${place.group}`;
}

function sayOwed({ tenantId, region, group, retentionDays }: GroupPlace, cause: unknown): string {
  const what = `tenant ${tenantId}, log group ${group} in ${region}: its retention of ${retentionDays} days is not set yet, so it keeps events for ever. Events are delivered, and the retention is tried again`;
  return explainFailure(what, cause, writeLogs(region));
}

function waitForPassing(debt: Debt, nowMs: number): void {
  debt.dueMs = nowMs + debt.passingMs;
  debt.passingMs = Math.min(2 * debt.passingMs, PASSING_AGAIN_MS[1]);
}

/** A kept connection may turn out to be closed; the next one is another. A call that got no answer is not repeated: it has waited. */
async function repeatOnce(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    // The SDK names it TimeoutError, as it does what got no answer; the code is the socket's.
    if (!CLOSED.has((error as NodeJS.ErrnoException).code)) throw error;
    await call();
  }
}

/** A record that cannot be read or written keeps nobody from delivering: what is owed is then known to this process only. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
