import { asDistributorError, DistributorError } from '../base/errors.ts';
import type { Counts } from '../core/counts.ts';
import type { Lease, Progress } from '../ledger/ledger.ts';

/**
 * Holds a lease while a delivery runs: saves the position when it has moved, renews in time when it has not, and says so
 * through `signal` when the lease is lost. Writes never overlap.
 */
export interface LeaseKeeper extends AsyncDisposable {
  /** Aborts, with a DistributorError, when the delivery is no longer ours. */
  readonly signal: AbortSignal;
  /** Saves now. What was accepted before it returns is never delivered again. */
  checkpoint(): Promise<void>;
  release(): Promise<void>;
  finish(counts: Counts): Promise<void>;
  bury(reason: string): Promise<void>;
}

export interface LeaseKeeperDeps {
  readonly lease: Lease;
  readonly leaseMs: number;
  /** When the lease was asked for, on `nowMs`: its time has run since then. */
  readonly acquiredMs: number;
  readonly progress: () => Progress;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** How often the position is saved in the middle of a chunk that takes long. Bounds what a crash can repeat, in time. */
const SAVE_EVERY_MS = 2_000;
/** A lease is renewed after a third of its time, and given up after four fifths: before another may take it. */
const RENEW_AFTER = 1 / 3;
const GIVE_UP_AFTER = 0.8;

export function createLeaseKeeper({ lease, leaseMs, acquiredMs, progress, nowMs }: LeaseKeeperDeps): LeaseKeeper {
  const lost = new AbortController();
  let heldMs = acquiredMs;
  let saved = placeOf(progress());
  let trouble: DistributorError | undefined;
  let writing: Promise<void> = Promise.resolve();

  const inTurn = (write: () => Promise<void>): Promise<void> => {
    const turn = writing.then(write);
    writing = turn.catch(() => {});
    return turn;
  };

  const checkpoint = () =>
    inTurn(async () => {
      const current = progress();
      const place = placeOf(current);
      const startedMs = nowMs();
      await (place === saved ? lease.renew() : lease.checkpoint(current));
      heldMs = startedMs;
      saved = place;
    });

  const keep = async () => {
    const ageMs = nowMs() - heldMs;
    const moved = placeOf(progress()) !== saved;
    if (!(moved && ageMs >= SAVE_EVERY_MS) && ageMs < leaseMs * RENEW_AFTER) return;
    try {
      await checkpoint();
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
      if (nowMs() - heldMs > leaseMs * GIVE_UP_AFTER) lost.abort(trouble ?? silence());
      if (keeping) return;
      keeping = true;
      keep().finally(() => {
        keeping = false;
      });
    },
    Math.min(SAVE_EVERY_MS, leaseMs / 6),
  );

  return {
    signal: lost.signal,
    checkpoint,
    release: () => inTurn(() => lease.release(progress())),
    finish: (counts) => inTurn(() => lease.finish(counts)),
    bury: (reason) => inTurn(() => lease.bury(progress(), reason)),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
    },
  };
}

/** What a delivery has achieved: two positions are the same place when nothing was accepted between them. */
function placeOf({ record, cursor, batch, ahead, answers }: Progress): string {
  return JSON.stringify([record, cursor, batch, ahead, answers]);
}

function silence(): DistributorError {
  return new DistributorError(
    'ledger-unavailable',
    'the ledger did not renew the lease in time; another may take over',
  );
}
