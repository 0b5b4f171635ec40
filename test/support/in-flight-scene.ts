import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { MessageCopy, QueueMessage, VisibilityChange } from '../../service/aws/queue.ts';
import { createMetrics } from '../../service/base/metrics.ts';
import { NO_HISTORY } from '../../service/core/history.ts';
import { createInFlight } from '../../service/run/queue/in-flight.ts';
import { createTestLogger } from './logger.ts';

export const messageOf = (n: number): QueueMessage => ({
  id: `m${n}`,
  receipt: `r${n}`,
  body: '{}',
  receiveCount: 1,
  sentMs: 0,
  history: NO_HISTORY,
});

/** Messages in flight over a queue that records its calls, with time that passes when the test says so. */
export function createInFlightScene(t: TestContext, visibilitySeconds = 120) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const calls: (readonly [what: string, ...entries: string[]])[] = [];
  const queue = {
    failed: [] as string[],
    /** Of copies alone. */
    notCopied: [] as string[],
    error: undefined as Error | undefined,
    gate: undefined as Promise<void> | undefined,
  };
  const answer = async (what: string, entries: readonly string[]) => {
    calls.push([what, ...entries]);
    await queue.gate;
    if (queue.error) throw queue.error;
    return queue.failed;
  };
  const now = { ms: 0 };
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const inFlight = createInFlight({
    queue: {
      remove: (receipts) => answer('remove', receipts),
      changeVisibility: (changes: readonly VisibilityChange[]) =>
        answer(
          'visibility',
          changes.map(({ receipt, seconds }) => `${receipt} ${seconds}`),
        ),
      sendAnew: async (copies: readonly MessageCopy[]) => {
        await answer(
          'anew',
          copies.map(({ message, history, delaySeconds }) => `${message.receipt} ${delaySeconds} ${history.failures}`),
        );
        return queue.notCopied;
      },
    },
    receivedSeconds: visibilitySeconds,
    visibilitySeconds,
    metrics,
    logger,
    nowMs: () => now.ms,
  });
  t.after(() => inFlight.close());
  const pass = async (ms: number, stepMs = 1_000) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      now.ms += stepMs;
      t.mock.timers.tick(stepMs);
      await turn();
    }
  };
  /** Lets the moment pass in which calls gather. */
  const gather = async () => {
    t.mock.timers.tick(20);
    await turn();
  };
  const beats = async () =>
    Object.fromEntries((await metrics.heartbeats.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  return { inFlight, queue, calls, now, lines, pass, gather, beats };
}
