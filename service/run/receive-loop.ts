import { setTimeout as delay } from 'node:timers/promises';
import type { Queue, QueueMessage } from '../aws/queue.ts';
import { errorFields, type Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { nextBackoffMs } from '../core/backoff.ts';

export interface ReceiveLoopDeps {
  readonly queue: Pick<Queue, 'receive'>;
  readonly visibilitySeconds: number;
  /** How many more messages may be in hand now. */
  readonly room: () => number;
  /** Resolves when there may be room again, or when the signal aborts. */
  readonly roomChanged: (signal: AbortSignal) => Promise<void>;
  readonly onMessage: (message: QueueMessage) => void;
  readonly metrics: Pick<Metrics, 'receives' | 'messagesReceived'>;
  readonly logger: Logger;
  readonly random: () => number;
  readonly nowMs: () => number;
}

export interface ReceiveLoop {
  /** Runs until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** When the loop last turned: for the health check. */
  readonly turnedMs: number;
}

const BACKOFF = { firstMs: 200, capMs: 10_000 };

/** Asks for messages whenever there is room for some, and waits longer and longer while the queue cannot be reached. */
export function createReceiveLoop(deps: ReceiveLoopDeps): ReceiveLoop {
  let turnedMs = deps.nowMs();
  let waitMs = BACKOFF.firstMs;

  const turn = async (signal: AbortSignal) => {
    const room = deps.room();
    if (room <= 0) return deps.roomChanged(signal);
    try {
      const messages = await deps.queue.receive(room, deps.visibilitySeconds, signal);
      deps.metrics.receives.inc({ outcome: messages.length > 0 ? 'messages' : 'empty' });
      deps.metrics.messagesReceived.inc(messages.length);
      for (const message of messages) deps.onMessage(message);
      waitMs = BACKOFF.firstMs;
    } catch (error) {
      if (signal.aborted) return;
      deps.metrics.receives.inc({ outcome: 'failed' });
      waitMs = nextBackoffMs(waitMs, BACKOFF, deps.random);
      deps.logger.warn({ ...errorFields(error), wait_ms: waitMs }, 'the queue could not be read; trying again');
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        turnedMs = deps.nowMs();
        await turn(signal);
      }
    },
    get turnedMs() {
      return turnedMs;
    },
  };
}
