import timers from 'node:timers/promises';
import { asDistributorError, DistributorError } from '../base/errors.ts';
import { type BackoffLimits, nextBackoffMs } from '../core/backoff.ts';
import type { Lease, Outcome, Progress } from '../ledger/ledger.ts';
import { parseLayout } from './layout.ts';

/**
 * Holds a lease while a delivery runs: saves the position when it has moved, and renews in time when it has not. Writes
 * never overlap.
 *
 *     ours ── four fifths of its time without a renewal ──▶ in doubt ── renewed ──▶ in doubt: it stays so
 *       └────────────────── another owner has it ──────────────┴──────────────────▶ lost
 *
 * In doubt, it starts nothing, and keeps trying to save what was accepted until another owner has the lease: records after an
 * unsaved position are delivered twice. It waits for a ledger that is away far beyond the lease if need be.
 */
export interface LeaseKeeper extends AsyncDisposable {
  /** Aborts, with a DistributorError, when the lease may be over: what was sent may finish, nothing new may begin. */
  readonly doubt: AbortSignal;
  /** Aborts, with a DistributorError, when the delivery is another owner's. */
  readonly lost: AbortSignal;
  /** Looks at the clock at once. A process that was halted for a while must not begin anything before its timers ran. */
  look(): void;
  /** Saves now. What was accepted before it returns is never delivered again. */
  checkpoint(): Promise<void>;
  /** Saves, and gives the lease back. */
  release(): Promise<void>;
  finish(outcome: Outcome): Promise<void>;
  bury(reason: string): Promise<void>;
}

export interface LeaseKeeperDeps {
  readonly lease: Lease;
  readonly leaseMs: number;
  /** When the lease was asked for, on `nowMs`: its time has run since then. */
  readonly acquiredMs: number;
  readonly progress: () => Progress;
  /** Whether calls may have been executed that the position does not know of. */
  readonly inDoubt: () => boolean;
  /** Aborts when the delivery shall end; only `release` still waits for a ledger then. */
  readonly stop: AbortSignal;
  /** For how long a write that fails is repeated. */
  readonly patienceMs: number;
  readonly random: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** How often the position is saved in the middle of a chunk that takes long. Bounds what a crash can repeat, in time. */
const SAVE_EVERY_MS = 2_000;
/** A lease is renewed after a third of its time, and given up after four fifths: before another may take it. */
const RENEW_AFTER = 1 / 3;
const GIVE_UP_AFTER = 0.8;
/** On top of the SDK's own attempts. */
const BACKOFF: BackoffLimits = { firstMs: 250, capMs: 5_000 };

export function createLeaseKeeper(deps: LeaseKeeperDeps): LeaseKeeper {
  const { lease, leaseMs, progress, inDoubt, nowMs } = deps;
  const doubt = new AbortController();
  const lost = new AbortController();
  let heldMs = deps.acquiredMs;
  let saved = placeOf(progress());
  let trouble: DistributorError | undefined;
  let writing: Promise<void> = Promise.resolve();
  /** The last write is done: what is due afterwards would renew a lease that was given back. */
  let ended = false;

  const inTurn = (write: () => Promise<void>): Promise<void> => {
    const turn = writing.then(write);
    writing = turn.catch(() => {});
    return turn;
  };

  const save = () =>
    inTurn(async () => {
      if (ended) return;
      const current = progress();
      const place = placeOf(current);
      const startedMs = nowMs();
      await (place === saved ? lease.renew() : lease.checkpoint(current));
      heldMs = startedMs;
      saved = place;
    });

  const end = (write: () => Promise<void>) =>
    inTurn(async () => {
      await write();
      ended = true;
    });

  /** Repeats a write until it succeeds, fails for good, or the signal aborts. */
  const persist = async (write: () => Promise<void>, until: AbortSignal): Promise<void> => {
    const startedMs = nowMs();
    for (let waitMs = BACKOFF.firstMs; ; ) {
      try {
        return await write();
      } catch (cause) {
        const error = asDistributorError(cause);
        if (error.code === 'lease-lost') lost.abort(error);
        if (error.code !== 'ledger-unavailable' || until.aborted || nowMs() - startedMs >= deps.patienceMs) throw error;
      }
      waitMs = nextBackoffMs(waitMs, BACKOFF, deps.random);
      await timers.setTimeout(waitMs, undefined, { signal: until }).catch(() => {});
    }
  };
  const whileOurs = AbortSignal.any([deps.stop, doubt.signal, lost.signal]);

  const look = () => {
    if (nowMs() - heldMs > leaseMs * GIVE_UP_AFTER) doubt.abort(trouble ?? silence());
  };

  const keep = async () => {
    const ageMs = nowMs() - heldMs;
    const moved = placeOf(progress()) !== saved;
    if (!(moved && ageMs >= SAVE_EVERY_MS) && ageMs < leaseMs * RENEW_AFTER) return;
    try {
      await save();
    } catch (error) {
      // A ledger that does not answer is sat out as long as the lease is ours beyond doubt.
      trouble = asDistributorError(error);
      if (trouble.code === 'lease-lost') lost.abort(trouble);
    }
  };

  let keeping = false;
  const timer = setInterval(
    () => {
      // Looked at beside the write, which may hang for longer than the lease lasts.
      look();
      if (keeping) return;
      keeping = true;
      keep().finally(() => {
        keeping = false;
      });
    },
    Math.min(SAVE_EVERY_MS, leaseMs / 6),
  );

  return {
    doubt: doubt.signal,
    lost: lost.signal,
    look,
    checkpoint: () => persist(save, whileOurs),
    release: () => persist(() => end(() => lease.release(progress(), inDoubt())), lost.signal),
    finish: (outcome) => persist(() => end(() => lease.finish(outcome)), whileOurs),
    bury: (reason) => persist(() => end(() => lease.bury(progress(), reason, inDoubt())), whileOurs),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
    },
  };
}

/** What a delivery has achieved: two positions are the same place when nothing was accepted or fixed between them. */
function placeOf({ record, cursor, batch, ahead, answers, layout }: Progress): string {
  return JSON.stringify([record, cursor, batch, ahead, answers, parseLayout(layout).judgedMs]);
}

function silence(): DistributorError {
  return new DistributorError(
    'ledger-unavailable',
    'the ledger did not renew the lease in time; another may take over',
  );
}
