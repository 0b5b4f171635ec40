import { setTimeout as delay } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { monotonicMs } from '../base/clock.ts';
import { DistributorError } from '../base/errors.ts';
import { giveIdleMemoryBack } from '../base/idle-memory.ts';
import type { Logger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import { type Accounted, addAccounted, NOTHING_ACCOUNTED } from '../core/accounted.ts';
import { createAnswerTimes } from '../delivery/answer-times.ts';
import { createCallWatch, type HeldPlace } from '../delivery/call-watch.ts';
import { deliverObject } from '../delivery/deliver-object.ts';
import type { ObjectTask } from '../delivery/destination.ts';
import { logUnexpected, toReport } from '../delivery/report.ts';
import type { Permit } from '../run/schedule/rate-limits.ts';
import type { FromWorker, ToWorker } from '../run/threads/protocol.ts';
import { createWorkerRateLimits } from '../run/threads/worker-rate-limits.ts';
import { composeDelivery } from './delivery.ts';

interface Running {
  readonly abort: AbortController;
  untold: Accounted;
}

/** What a thread is given. */
export interface ThreadDeps {
  /** To the main thread. */
  readonly port: Pick<MessagePort, 'on' | 'postMessage'>;
  readonly settings: Settings;
  readonly logger: Logger;
}

/**
 * What a worker thread does: delivers the objects that it is given, several at a time, and answers for its metrics. It has clients,
 * sessions and caches of its own; what a destination takes it shares with the other threads by way of the main one.
 */
export function runThread({ port, settings, logger }: ThreadDeps): void {
  const metrics = createMetrics();
  const drain = new AbortController();
  const running = new Map<number, Running>();
  /** The same by their tasks, which are each an object of their own. */
  const byTask = new Map<ObjectTask, Running>();
  const answer = (message: FromWorker) => port.postMessage(message);
  const asked = new Map<number, (permit: Permit) => void>();
  let questions = 0;
  const rateLimiter = createWorkerRateLimits({
    ask(call) {
      const { promise, resolve } = Promise.withResolvers<Permit>();
      const id = ++questions;
      asked.set(id, resolve);
      answer({ kind: 'ask', id, call });
      return promise.finally(() => asked.delete(id));
    },
    tell: (rateLimited) => answer({ kind: 'rate-limit-answer', answer: rateLimited }),
    nowMs: monotonicMs,
    wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
  });
  const answerTimes = createAnswerTimes();
  const heldPlaces = new Map<string, HeldPlace>();
  const deps = composeDelivery({
    settings,
    metrics,
    logger,
    rateLimiter,
    onAccounted(task, accounted) {
      const run = byTask.get(task);
      if (run) run.untold = addAccounted(run.untold, accounted);
    },
  });

  giveIdleMemoryBack({ isBusy: () => running.size > 0, nowMs: monotonicMs });

  port.on('message', async (message: ToWorker) => {
    switch (message.kind) {
      case 'deliver': {
        const { id, task, held, probes } = message;
        const run: Running = { abort: new AbortController(), untold: NOTHING_ACCOUNTED };
        running.set(id, run);
        byTask.set(task, run);
        const signals = { drain: drain.signal, abort: run.abort.signal };
        const watch = createCallWatch({
          unanswered: (call) => answer({ kind: 'unanswered', id, call }),
          answered: (type) => answer({ kind: 'answered', id, type }),
          answerTimes,
          heldPlaces,
          probes: new Set(probes),
          nowMs: monotonicMs,
        });
        const results = await deliverObject(deps.deliverObject, task, { held, watch }, signals);
        logUnexpected(logger, task, results);
        running.delete(id);
        byTask.delete(task);
        answer({ kind: 'report', id, report: toReport(results, settings.region), accounted: tell(run) });
        return;
      }
      case 'abort':
        running.get(message.id)?.abort.abort(new DistributorError(message.code, message.message));
        return;
      case 'ping':
        answer({
          kind: 'pong',
          progress: [...running]
            .filter(([, { untold }]) => untold !== NOTHING_ACCOUNTED)
            .map(([id, run]) => ({ id, accounted: tell(run) })),
        });
        return;
      case 'limit':
        rateLimiter.limit(message.destination, message.limited);
        return;
      case 'place':
        if (message.held) heldPlaces.set(message.key, message.held);
        else heldPlaces.delete(message.key);
        return;
      case 'permit':
        asked.get(message.id)?.(message.permit);
        return;
      case 'drain':
        drain.abort();
        return;
      case 'metrics':
        metrics.credentialsCached.set(deps.sessions.cached);
        answer({ kind: 'metrics', id: message.id, metrics: await metrics.registry.getMetricsAsJSON() });
    }
  });
}

/** What of an object's records nobody was told yet. */
function tell(run: Running): Accounted {
  const { untold } = run;
  run.untold = NOTHING_ACCOUNTED;
  return untold;
}
