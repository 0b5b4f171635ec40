import { setTimeout as delay } from 'node:timers/promises';
import { asDistributorError, DistributorError } from '../base/errors.ts';
import { type Acquisition, type Ledger, NO_PROGRESS } from './ledger.ts';

/**
 * Work that one process of the fleet does at a time. The lease is an entry of the ledger table, on the table's clock; beside it
 * the worker saves how far it has come, and the next one continues there.
 *
 *     waiting ── the lease is free ──▶ working ── the work ends, or the lease is in doubt or lost ──▶ waiting
 *
 * A process that was halted may still be inside a call when another one takes over, so two may overlap for one call: work must
 * be harmless when it is done twice.
 */
export interface FleetLease {
  /** Waits for the lease and works, again and again until the signal aborts; then gives the lease back. Never rejects. */
  run(work: (held: HeldLease) => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface HeldLease {
  /** Aborts when the process stops, and when the lease is lost or could not be renewed in time: the work must end soon. */
  readonly signal: AbortSignal;
  /** What was saved last, by whatever process; '' at first. */
  readonly saved: string;
  /**
   * To be called before each step: a process that was halted for a while must not begin one before its timers ran.
   * @throws what `signal` aborts with
   */
  check(): void;
  /** Saves up to some kilobytes of text for whoever works next. @throws DistributorError `lease-lost`, `ledger-unavailable` */
  save(text: string): Promise<void>;
}

export interface FleetLeaseDeps {
  readonly ledger: Ledger;
  /**
   * Any call to the table, made before the lease is asked for. Its answer tells the table's clock: by its own, a host that is
   * ahead would take a lease that is not over.
   */
  readonly learnTime: () => Promise<unknown>;
  /** Of the work, such as `log-distributor-canary`; and of who does it. They are the entry's key. */
  readonly name: string;
  readonly role: string;
  /** Those of the ledger. */
  readonly leaseMs: number;
  /** Told why the work ended, or could not begin, before anybody wanted it to. */
  readonly onTrouble: (error: DistributorError) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly monotonicMs: () => number;
}

/** A lease is renewed after a third of its time, and given up after four fifths: before another may take it. */
const RENEW_AFTER = 1 / 3;
const GIVE_UP_AFTER = 0.8;
const LOOKS = 10;

export function createFleetLease(deps: FleetLeaseDeps): FleetLease {
  const turn = async (work: (held: HeldLease) => Promise<void>, stop: AbortSignal) => {
    await deps.learnTime();
    const askedMs = deps.monotonicMs();
    const acquisition = await deps.ledger.acquire({ object: deps.name, delivery: deps.role });
    if (acquisition.kind !== 'acquired') return;
    await using held = keep(deps, acquisition, askedMs, stop);
    await work(held);
    // Work that ended because its lease was over is trouble, even where it ended in good order.
    if (!stop.aborted) held.check();
  };
  return {
    async run(work, stop) {
      while (!stop.aborted) {
        try {
          await turn(work, stop);
        } catch (error) {
          if (stop.aborted) return;
          deps.onTrouble(asDistributorError(error));
        }
        // Half a lease and up to as much again, so that those who wait do not ask all at once.
        await delay((deps.leaseMs / 2) * (1 + deps.random()), undefined, { signal: stop }).catch(() => {});
      }
    },
  };
}

function keep(
  { name, leaseMs, monotonicMs }: FleetLeaseDeps,
  { lease, progress }: Extract<Acquisition, { kind: 'acquired' }>,
  askedMs: number,
  stop: AbortSignal,
): HeldLease & AsyncDisposable {
  const over = new AbortController();
  let heldMs = askedMs;
  let saved = progress.cursor;
  let writing: Promise<void> = Promise.resolve();

  const look = () => {
    if (monotonicMs() - heldMs < leaseMs * GIVE_UP_AFTER || over.signal.aborted) return;
    over.abort(new DistributorError('lease-lost', `the lease ${name} could not be renewed in time`));
  };
  /** Writes in turn: an older text must not overtake a younger one. A checkpoint also clears what counts as crashes. */
  const write = (text: string): Promise<void> => {
    const turn = writing.then(async () => {
      const startedMs = monotonicMs();
      await lease.checkpoint({ ...NO_PROGRESS, cursor: text });
      saved = text;
      heldMs = startedMs;
    });
    writing = turn.catch((error) => {
      if (asDistributorError(error).code === 'lease-lost') over.abort(error);
    });
    return turn;
  };
  let renewing = false;
  const tick = async () => {
    look();
    if (renewing || over.signal.aborted || monotonicMs() - heldMs < leaseMs * RENEW_AFTER) return;
    renewing = true;
    // A table that does not answer is asked again at the next look, until the time is over.
    await writing.then(() => write(saved)).catch(() => {});
    renewing = false;
  };
  const timer = setInterval(tick, leaseMs / LOOKS);
  const signal = AbortSignal.any([stop, over.signal]);

  return {
    signal,
    get saved() {
      return saved;
    },
    check() {
      look();
      signal.throwIfAborted();
    },
    async save(text) {
      look();
      over.signal.throwIfAborted();
      await write(text);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
      await lease.release({ ...NO_PROGRESS, cursor: saved }).catch(() => {});
    },
  };
}
