import { setTimeout as delay } from 'node:timers/promises';
import { asDistributorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { objectId } from '../../core/notification.ts';
import type { FleetLease, HeldLease } from '../../ledger/fleet-lease.ts';
import type { FleetView } from '../../ledger/fleet-reports.ts';
import type { CheckRange } from '../../reconcile/check.ts';
import { type PassDeps, parseState, type ReconcileState, runPass } from '../../reconcile/pass.ts';
import type { Repaired } from '../../reconcile/repair.ts';
import { OUTCOMES, type Tally } from '../../reconcile/tally.ts';

/** Compares the bucket with the ledger again and again, in one process of many, and announces what is lost. */
export interface Reconciler {
  /** Runs until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** How far it is; undefined in all processes but one. */
  look(): ReconcilerView | undefined;
}

export interface ReconcilerView {
  /** When the last comparison ended, epoch milliseconds; 0: none has. */
  readonly endedMs: number;
  /** Objects written before this moment are accounted for, epoch milliseconds; 0: not known. */
  readonly upToMs: number;
  /** How long ago a comparison should have ended, milliseconds. */
  readonly overdueMs: number;
  /** Lost objects that are not announced until a person decides; 0: there are none. */
  readonly withheldObjects: number;
  /** Since when, epoch milliseconds; undefined: there are none. */
  readonly withheldMs: number | undefined;
}

export interface ReconcilerDeps {
  readonly lease: FleetLease;
  readonly readFleet: () => Promise<FleetView>;
  /** What a pass works with while the lease is held. */
  readonly passDeps: (signal: AbortSignal) => Omit<PassDeps, 'fleet' | 'check' | 'onGivenUp' | 'onProgress'>;
  readonly limits: Pick<CheckRange, 'graceMs' | 'lateMs'>;
  readonly intervalMs: number;
  readonly metrics: Pick<Metrics, 'reconciled' | 'reconcileAnnounced' | 'reconcileListCalls'>;
  readonly logger: Logger;
  /** The table's clock, epoch milliseconds. */
  readonly nowMs: () => number;
}

/** The key of the lease in the ledger. */
export const RECONCILE_LEASE = { name: 'log-distributor-reconcile', role: 'reconciler' } as const;
/** How soon to try again after trouble, and while nobody knows how far the queue is read. */
const RETRY_MS = 60_000;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { intervalMs, metrics, logger, nowMs } = deps;

  /** While the lease is ours: how far it is, and since when it could have been. */
  let now: { state: ReconcileState; readonly sinceMs: number } | undefined;

  const pass = async (held: HeldLease, before: ReconcileState): Promise<ReconcileState | undefined> => {
    const progress = createProgress(metrics);
    const found = await runPass(
      {
        ...deps.passDeps(held.signal),
        fleet: await deps.readFleet(),
        check: held.check,
        onGivenUp: ({ ref, tenant }) =>
          logger.error(
            { object: objectId(ref), tenant },
            'an object was announced three times and is in neither the ledger nor the queue',
          ),
        onProgress: progress,
      },
      before,
      deps.limits,
    );
    if (!found) return undefined;
    const { state, tally, repaired } = found;
    held.check();
    await held.save(JSON.stringify(state));
    const lost = tally.counts.missing + tally.counts.incomplete;
    const fields = {
      ...tally.counts,
      announced: repaired.announced,
      announced_before: repaired.waiting,
      given_up: repaired.givenUp,
      list_calls: tally.listCalls,
      up_to: new Date(state.toMs).toISOString(),
    };
    if (state.withheld)
      logger.error(
        { ...fields, withheld: state.withheld.objects, compared: state.withheld.compared },
        'so many objects of the bucket are not in the ledger that none is announced until a person decides (runbook: LogReconcileWithheld)',
      );
    else if (lost > 0)
      logger.warn({ ...fields, tenants: [...tally.lost.keys()].slice(0, 20) }, 'objects of the bucket were lost');
    else logger.info(fields, 'the bucket was compared with the ledger');
    return state;
  };

  const work = async (held: HeldLease) => {
    logger.info(
      { interval_seconds: intervalMs / 1000 },
      'this process compares the bucket with the ledger from now on',
    );
    // Where nobody has compared before, what is there may be another system's to deliver, or the ledger may be a new one.
    const start: ReconcileState = { toMs: nowMs(), pending: {}, endedMs: 0 };
    const saved = parseState(held.saved);
    const ours = { state: saved ?? start, sinceMs: nowMs() };
    now = ours;
    // Whoever takes over before the first comparison has ended begins where this process began, and not where it takes over.
    if (!saved) await held.save(JSON.stringify(start));
    while (!held.signal.aborted) {
      const { endedMs, withheld } = ours.state;
      let waitMs = Math.max(endedMs, withheld?.atMs ?? 0) + intervalMs - nowMs();
      if (waitMs <= 0) {
        waitMs = Math.min(intervalMs, RETRY_MS);
        try {
          ours.state = (await pass(held, ours.state)) ?? ours.state;
        } catch (error) {
          held.signal.throwIfAborted();
          const { code, message } = asDistributorError(error);
          logger.warn({ code }, `the bucket could not be compared with the ledger: ${message}`);
        }
      }
      await delay(Math.min(waitMs, intervalMs), undefined, { signal: held.signal }).catch(() => {});
    }
  };

  return {
    run: (signal) =>
      deps.lease.run(async (held) => {
        try {
          await work(held);
        } finally {
          now = undefined;
        }
      }, signal),
    look() {
      if (!now) return undefined;
      const { toMs, pending, endedMs, withheld } = now.state;
      // One that is withheld has come to an end, and says so by itself.
      const dueMs = Math.max(endedMs > 0 ? endedMs : now.sinceMs, withheld?.atMs ?? 0) + intervalMs;
      const upToMs = endedMs === 0 ? 0 : Math.min(toMs, ...Object.values(pending));
      const overdueMs = Math.max(0, nowMs() - dueMs);
      return { endedMs, upToMs, overdueMs, withheldObjects: withheld?.objects ?? 0, withheldMs: withheld?.sinceMs };
    },
  };
}

/** Counts what a pass has found since it was last asked. */
function createProgress(metrics: ReconcilerDeps['metrics']): (tally: Tally, repaired: Repaired) => void {
  const before = new Map<string, number>();
  const since = (name: string, now: number) => {
    const more = now - (before.get(name) ?? 0);
    before.set(name, now);
    return more;
  };
  return ({ counts, listCalls }, { announced, givenUp }) => {
    for (const outcome of OUTCOMES) metrics.reconciled.inc({ outcome }, since(outcome, counts[outcome]));
    metrics.reconcileAnnounced.inc({ outcome: 'announced' }, since('announced', announced));
    metrics.reconcileAnnounced.inc({ outcome: 'given_up' }, since('given_up', givenUp));
    metrics.reconcileListCalls.inc(since('calls', listCalls));
  };
}
