import { LONG_POLL_SECONDS, type QueueMessage } from '../../aws/queue.ts';

/**
 * How far the queue has been read: messages that were sent before the watermark are, as far as anybody can know, not waiting
 * in it. They are deleted, or some process has them in flight, or has handed them back and knows of it (decisions/0050).
 *
 * Evidence, the best first:
 * - A long poll that came back empty has asked all of SQS's servers, and would have come back with a message as soon as there
 *   was one (SQS developer guide, "Short and long polling"): what was sent before it began, or a little before it ended, is
 *   not waiting.
 * - SQS counts no visible message; right once it has had a minute for it (API reference, GetQueueAttributes).
 * - Messages that nobody received before. A standard queue brings messages in about their order (SQS developer guide, "Message
 *   ordering"), so what still waits is about as old as the oldest of the last minute's, or younger.
 *
 * Without evidence, because the queue cannot be read or there is no room for its messages, the watermark stays where it is.
 */
export interface Watermark {
  /** @param askedMs when the receive began */
  received(messages: readonly Received[], askedMs: number): void;
  /** SQS has counted so many visible messages. */
  counted(visible: number, askedMs: number): void;
  /** Epoch milliseconds; undefined until there is any evidence. */
  readonly ms: number | undefined;
}

type Received = Pick<QueueMessage, 'receiveCount' | 'sentMs' | 'isSentAnew'>;

const WINDOW_MS = 60_000;
const SLOT_MS = 10_000;
/** The counts "may not achieve consistency until at least 1 minute after the producers stop sending" (API reference). */
const COUNT_LATE_MS = 60_000;
/** What a message may take from being sent to waking a poll; it takes milliseconds. */
const WAKE_LATE_MS = 5_000;
/** How long SQS waits for a message. A process that was halted reads the answer later, and messages may have come since. */
const POLL_MS = LONG_POLL_SECONDS * 1_000;

export function createWatermark(nowMs: () => number): Watermark {
  /** Oldest evidence by the time at which it came, in slots of ten seconds. */
  let slots: { atMs: number; oldestMs: number }[] = [];
  let watermarkMs: number | undefined;

  const look = () => {
    slots = slots.filter(({ atMs }) => nowMs() - atMs < WINDOW_MS);
    if (slots.length > 0) watermarkMs = Math.min(...slots.map(({ oldestMs }) => oldestMs));
    return watermarkMs;
  };
  const add = (sentMs: number) => {
    const last = slots.at(-1);
    if (last && nowMs() - last.atMs < SLOT_MS) last.oldestMs = Math.min(last.oldestMs, sentMs);
    else slots.push({ atMs: nowMs(), oldestMs: sentMs });
    look();
  };
  /** What is known of the whole queue makes all that was guessed from its messages before void. */
  const readUpTo = (ms: number) => {
    if (watermarkMs !== undefined && ms < watermarkMs) return;
    slots = [];
    add(ms);
  };

  return {
    received(messages, askedMs) {
      const endedMs = Math.min(nowMs(), askedMs + POLL_MS);
      if (messages.length === 0) readUpTo(Math.max(askedMs, endedMs - WAKE_LATE_MS));
      for (const { receiveCount, sentMs, isSentAnew = false } of messages) {
        // Others came before, or were sent anew, late or with a delay: they say nothing of what waits behind them.
        if (receiveCount === 1 && !isSentAnew) add(Math.min(sentMs, nowMs()));
      }
    },
    counted(visible, askedMs) {
      if (visible === 0) readUpTo(askedMs - COUNT_LATE_MS);
    },
    get ms() {
      return look();
    },
  };
}
