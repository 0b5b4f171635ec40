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
  readonly progress: () => Progress;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** How often the position is saved in the middle of a chunk that takes long. Bounds what a crash can repeat, in time. */
const SAVE_EVERY_MS = 2_000;

export function createLeaseKeeper({ lease, leaseMs, progress, nowMs }: LeaseKeeperDeps): LeaseKeeper {
  const lost = new AbortController();
  let savedMs = nowMs();
  let saved = '';
  let writing: Promise<void> = Promise.resolve();

  const inTurn = (write: () => Promise<void>): Promise<void> => {
    const turn = writing.then(write);
    writing = turn.catch(() => {});
    return turn;
  };

  const checkpoint = () =>
    inTurn(async () => {
      const current = progress();
      const startedMs = nowMs();
      await lease.checkpoint(current);
      savedMs = startedMs;
      saved = JSON.stringify(current);
    });

  const tick = async () => {
    const ageMs = nowMs() - savedMs;
    const moved = JSON.stringify(progress()) !== saved;
    if (!(moved && ageMs >= SAVE_EVERY_MS) && ageMs < leaseMs / 3) return;
    try {
      await checkpoint();
    } catch (error) {
      // A ledger that does not answer is sat out as long as the lease is ours beyond doubt.
      const gone = error instanceof DistributorError && error.code === 'lease-lost';
      if (gone || nowMs() - savedMs > leaseMs * 0.8) lost.abort(asDistributorError(error));
    }
  };

  let ticking: Promise<void> | undefined;
  const timer = setInterval(
    () => {
      ticking ??= tick().finally(() => {
        ticking = undefined;
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
      await ticking;
      await writing;
    },
  };
}
