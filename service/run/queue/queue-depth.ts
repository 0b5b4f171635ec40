import type { Queue, QueueDepth } from '../../aws/queue.ts';
import type { Watermark } from './watermark.ts';

/**
 * What SQS counts in the queue, for people who look and for the watermark. Asked for only while somebody looks, and at most
 * every ten seconds; who looks gets the last answer and waits for none.
 */
export interface QueueDepthView {
  /** undefined until there is an answer, and when the last one is old because SQS no longer answers. */
  look(): CountedDepth | undefined;
}

export interface CountedDepth extends QueueDepth {
  /** When SQS was asked, epoch milliseconds. */
  readonly countedMs: number;
}

export interface QueueDepthDeps {
  readonly queue: Pick<Queue, 'depth'>;
  readonly watermark: Pick<Watermark, 'counted'>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

const FRESH_MS = 10_000;
const OLD_MS = 120_000;
const TIMEOUT_MS = 5_000;

export function createQueueDepth({ queue, watermark, nowMs }: QueueDepthDeps): QueueDepthView {
  let last: { readonly depth: QueueDepth; readonly atMs: number } | undefined;
  let askedMs = Number.NEGATIVE_INFINITY;

  const ask = async (atMs: number) => {
    try {
      const depth = await queue.depth(AbortSignal.timeout(TIMEOUT_MS));
      last = { depth, atMs };
      watermark.counted(depth.visible, atMs);
    } catch {
      // /readyz and the receive loop tell of a queue that cannot be reached; here the figure is missing.
    }
  };

  return {
    look() {
      const now = nowMs();
      if (now - askedMs >= FRESH_MS) {
        askedMs = now;
        ask(now);
      }
      return last && now - last.atMs < OLD_MS ? { ...last.depth, countedMs: last.atMs } : undefined;
    },
  };
}
