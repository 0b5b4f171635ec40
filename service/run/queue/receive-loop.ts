import { setTimeout as delay } from 'node:timers/promises';
import type { Purpose } from '../../aws/purpose.ts';
import type { Queue, QueueMessage } from '../../aws/queue.ts';
import { BATCH_MAX } from '../../aws/sqs-batch.ts';
import { explainFailure } from '../../aws/words.ts';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { nextBackoffMs } from '../../core/backoff.ts';
import type { Notifier } from './notifier.ts';
import type { Reception } from './reception.ts';
import type { Watermark } from './watermark.ts';

export interface ReceiveLoopDeps {
  readonly queue: Pick<Queue, 'receive'>;
  readonly visibilitySeconds: number;
  /** How many more messages may be in flight now. */
  readonly room: () => number;
  /** Rung when there may be more room. */
  readonly roomNotifier: Notifier;
  /**
   * Receives under way at once while they bring plenty: behind a flood of one tenant the others' messages are found so much
   * sooner. A queue that is almost empty is asked by one, which brings what there is just as soon.
   */
  readonly receivers: number;
  readonly onMessage: (message: QueueMessage) => void;
  /** Told of every receive that was answered, after its messages were handed on. */
  readonly watermark: Pick<Watermark, 'received'>;
  /** Told how each receive ends. */
  readonly reception: Pick<Reception, 'begin'>;
  readonly metrics: Pick<Metrics, 'receives' | 'messagesReceived'>;
  readonly logger: Logger;
  readonly random: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
  /** Epoch milliseconds. */
  readonly epochMs: () => number;
}

export interface ReceiveLoop {
  /** Runs until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** When the slowest receiver last turned, for the health check. */
  readonly turnedMs: number;
}

const RECEIVING: Purpose = { kind: 'use-queue', setting: 'SQS_QUEUE_URL', action: 'sqs:ReceiveMessage' };
const BACKOFF = { firstMs: 200, capMs: 10_000 };

/** Asks for messages whenever there is room for some, and waits longer and longer while the queue cannot be reached. */
export function createReceiveLoop(deps: ReceiveLoopDeps): ReceiveLoop {
  const turnsMs: number[] = Array.from({ length: deps.receivers }, deps.nowMs);
  let waitMs = BACKOFF.firstMs;
  /** What the receives under way may bring. */
  let expected = 0;
  /** Whether the last receive brought half of what it asked for; SQS may bring fewer than there are. */
  let plenty = false;

  const receive = async (count: number, signal: AbortSignal) => {
    expected += count;
    try {
      return await deps.queue.receive(count, deps.visibilitySeconds, signal);
    } finally {
      expected -= count;
    }
  };

  const turn = async (signal: AbortSignal) => {
    const room = Math.min(BATCH_MAX, deps.room() - expected);
    if (room <= 0 || (expected > 0 && !plenty)) return deps.roomNotifier.notified(signal);
    const askedMs = deps.epochMs();
    const attempt = deps.reception.begin();
    try {
      const messages = await receive(room, signal);
      attempt.succeeded();
      deps.metrics.receives.inc({ outcome: messages.length > 0 ? 'messages' : 'empty' });
      deps.metrics.messagesReceived.inc(messages.length);
      plenty = messages.length * 2 >= room;
      for (const message of messages) deps.onMessage(message);
      deps.watermark.received(messages, askedMs);
      waitMs = BACKOFF.firstMs;
    } catch (error) {
      if (signal.aborted) return;
      attempt.failed(explainFailure('The queue cannot be read', error, RECEIVING));
      deps.metrics.receives.inc({ outcome: 'failed' });
      waitMs = nextBackoffMs(waitMs, BACKOFF, deps.random);
      deps.logger.warn({ ...errorFields(error), wait_ms: waitMs }, 'the queue could not be read; trying again');
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
    // What did not come is room for the others.
    deps.roomNotifier.notify();
  };

  const receiver = async (at: number, signal: AbortSignal) => {
    while (!signal.aborted) {
      turnsMs[at] = deps.nowMs();
      await turn(signal);
    }
  };

  return {
    async run(signal) {
      await Promise.all(turnsMs.map((_, at) => receiver(at, signal)));
    },
    get turnedMs() {
      return Math.min(...turnsMs);
    },
  };
}
