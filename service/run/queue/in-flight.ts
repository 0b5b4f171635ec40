import type { MessageCopy, Queue, QueueMessage, VisibilityChange } from '../../aws/queue.ts';
import { DistributorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { History } from '../../core/history.ts';
import { RENEW_AT_RECEIVES } from '../../core/receives.ts';

/**
 * The messages in flight: each is kept invisible to others from its receive until it is deleted or released. One timer
 * serves all; calls are batched.
 */
export interface InFlight {
  take(message: QueueMessage): MessageInFlight;
  readonly size: number;
  /** Of them: those that nobody works on any more, while they are sent anew. */
  readonly leaving: number;
  /** Waits until everything given back so far is with SQS, and ends the timer. */
  close(): Promise<void>;
}

export interface MessageInFlight {
  readonly message: QueueMessage;
  /** Aborts shortly before SQS would take the message back for good, 12 hours after its receive. */
  readonly signal: AbortSignal;
  /** Gives the message back: it is deleted, or visible again after the delay. Resolves when SQS knows. */
  remove(): Promise<void>;
  /** With a delay it comes back as it is, or, while many do, as a new one. */
  release(delaySeconds: number): Promise<void>;
  /**
   * Gives the message back as a new one with this history, and removes the old. Where that is not possible it is released
   * as it is, for a minute at least after many receives: nothing is lost but what it should remember.
   */
  renew(history: History, delaySeconds: number): Promise<void>;
}

export interface InFlightDeps {
  readonly queue: Pick<Queue, 'remove' | 'changeVisibility' | 'sendAnew'>;
  /** For how long a message is invisible when it is taken. */
  readonly receivedSeconds: number;
  /** For how long each beat makes it so. */
  readonly visibilitySeconds: number;
  readonly metrics: Pick<Metrics, 'heartbeats' | 'messagesRenewed'>;
  readonly logger: Logger;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** SQS ends a message's invisibility 12 hours after its receive, whatever is asked (SQS quotas); half an hour before we let go. */
const HOLD_MAX_MS = 11.5 * 3_600_000;
/**
 * Messages that were released with a delay, and are invisible until it is over. Further ones are sent anew with a delay: a received
 * message that is invisible counts to the 120,000 that a queue may have in flight (SQS quotas), a delayed new one does not. So few, as no
 * process knows how many there are: a thousand of them stay below the quota together.
 */
const HIDDEN_MAX = 80;
/** How long no message is copied after one could not be removed. */
const NO_COPIES_MS = 60_000;
/** Calls wait this long for others to join their batch. */
const GATHER_MS = 20;

interface Entry extends MessageInFlight {
  readonly abort: AbortController;
  readonly takenMs: number;
  extendAtMs: number;
}

export function createInFlight(deps: InFlightDeps): InFlight {
  const { queue, metrics, logger } = deps;
  const extendEveryMs = (deps.visibilitySeconds * 1000) / 3;
  const entries = new Set<Entry>();
  const removals = createGatherer((receipts: readonly string[]) => queue.remove(receipts));
  const releases = createGatherer((changes: readonly VisibilityChange[]) => queue.changeVisibility(changes));
  const copies = createGatherer((messages: readonly MessageCopy[]) => queue.sendAnew(messages));
  /** Until then nothing is copied: SQS did not take a removal, and each failure would add a message. */
  let noCopiesUntilMs = Number.NEGATIVE_INFINITY;
  let leaving = 0;
  /** When those come back that were released with a delay. */
  let hiddenUntilMs: readonly number[] = [];

  const beat = async () => {
    const now = deps.nowMs();
    const due: Entry[] = [];
    for (const entry of entries) {
      if (now - entry.takenMs > HOLD_MAX_MS) {
        entry.abort.abort(
          new DistributorError('stopping', 'the message was in flight for almost 12 hours; the position is saved'),
        );
      } else if (now >= entry.extendAtMs) {
        entry.extendAtMs = now + extendEveryMs;
        due.push(entry);
      }
    }
    if (due.length === 0) return;
    try {
      const failed = await queue.changeVisibility(
        due.map(({ message }) => ({ receipt: message.receipt, seconds: deps.visibilitySeconds })),
      );
      metrics.heartbeats.inc({ outcome: 'ok' }, due.length - failed.length);
      // SQS no longer knows the receipt: the message is somebody else's. The ledger keeps the two apart.
      if (failed.length > 0) metrics.heartbeats.inc({ outcome: 'lost' }, failed.length);
    } catch (error) {
      metrics.heartbeats.inc({ outcome: 'failed' }, due.length);
      logger.warn(
        { error: String(error), messages: due.length },
        'the visibility of messages in flight could not be extended; trying again',
      );
      for (const entry of due) entry.extendAtMs = 0;
    }
  };

  let beating: Promise<void> | undefined;
  const timer = setInterval(
    () => {
      beating ??= beat().finally(() => {
        beating = undefined;
      });
    },
    Math.min(1_000, extendEveryMs / 2),
  );

  /** @returns whether SQS took it */
  const attempt = async (entry: Entry, call: Promise<readonly string[]>, otherwise: string): Promise<boolean> => {
    try {
      const failed = await call;
      if (failed.includes(entry.message.receipt)) throw new Error('SQS refused the entry');
      return true;
    } catch (error) {
      logger.warn({ error: String(error), message_id: entry.message.id }, otherwise);
      return false;
    }
  };
  // What SQS does not take comes back after its visibility timeout; if it was done, the ledger answers the duplicate.
  const giveBack = (entry: Entry, call: Promise<readonly string[]>) => {
    entries.delete(entry);
    // No other message is in flight whose call could join.
    if (entries.size === 0) for (const gathered of [removals, releases]) void gathered.flush();
    return attempt(entry, call, 'a message could not be given back to the queue');
  };
  const remove = async (entry: Entry) => {
    const removed = await giveBack(entry, removals.add(entry.message.receipt));
    if (!removed) noCopiesUntilMs = deps.nowMs() + NO_COPIES_MS;
  };
  const mayHide = () => {
    const now = deps.nowMs();
    hiddenUntilMs = hiddenUntilMs.filter((ms) => ms > now);
    return hiddenUntilMs.length < HIDDEN_MAX;
  };
  const release = async (entry: Entry, seconds: number) => {
    entries.delete(entry);
    if (seconds > 0 && mayHide()) hiddenUntilMs = [...hiddenUntilMs, deps.nowMs() + seconds * 1000];
    // A beat that is under way would otherwise have the last word.
    if (beating) await beating;
    await giveBack(entry, releases.add({ receipt: entry.message.receipt, seconds }));
  };
  const copy = async (entry: Entry, history: History, delaySeconds: number): Promise<boolean> => {
    const added = copies.add({ message: entry.message, history, delaySeconds });
    leaving++;
    const sent = await attempt(entry, added, 'a message could not be sent anew; it is released');
    leaving--;
    return sent;
  };
  const renew = async (entry: Entry, history: History, delaySeconds: number) => {
    const mayCopy = deps.nowMs() >= noCopiesUntilMs;
    const sent = mayCopy && (await copy(entry, history, delaySeconds));
    if (!sent) return release(entry, Math.max(delaySeconds, wornSeconds(entry.message)));
    metrics.messagesRenewed.inc();
    return remove(entry);
  };

  return {
    take(message) {
      const abort = new AbortController();
      const entry: Entry = {
        message,
        abort,
        signal: abort.signal,
        takenMs: deps.nowMs(),
        extendAtMs: deps.nowMs() + (deps.receivedSeconds * 1000) / 3,
        remove: () => remove(entry),
        release: (seconds) =>
          seconds === 0 || mayHide() ? release(entry, seconds) : renew(entry, message.history, seconds),
        renew: (history, delaySeconds) => renew(entry, history, delaySeconds),
      };
      entries.add(entry);
      return entry;
    },
    get size() {
      return entries.size;
    },
    get leaving() {
      return leaving;
    },
    async close() {
      clearInterval(timer);
      await beating;
      await Promise.all([copies.flush(), releases.flush()]);
      await removals.flush();
    },
  };
}

/**
 * The least that a message stays away which cannot be copied: of one that was received often, the receives that are left must last until
 * it can, or a destination that holds it for a minute makes it a dead letter.
 */
function wornSeconds({ receiveCount }: QueueMessage): number {
  return receiveCount >= RENEW_AT_RECEIVES ? NO_COPIES_MS / 1000 : 0;
}

/** Collects entries for a moment and hands them over together; the answer goes to all of them. */
function createGatherer<T, A>(
  hand: (entries: readonly T[]) => Promise<A>,
): {
  add(entry: T): Promise<A>;
  /** Hands over at once. Resolves when all calls have settled. */
  flush(): Promise<void>;
} {
  let batch: T[] = [];
  let handing: Promise<A> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const all = new Set<Promise<A>>();
  let go: () => void = () => {};

  return {
    add(entry) {
      batch.push(entry);
      if (!handing) {
        const { promise, resolve } = Promise.withResolvers<void>();
        go = resolve;
        timer = setTimeout(resolve, GATHER_MS);
        const current = promise.then(async () => {
          clearTimeout(timer);
          const taken = batch;
          batch = [];
          handing = undefined;
          return hand(taken);
        });
        handing = current;
        all.add(current);
        current.catch(() => {}).finally(() => all.delete(current));
      }
      if (batch.length >= 10) go();
      return handing;
    },
    async flush() {
      go();
      await Promise.allSettled([...all]);
    },
  };
}
