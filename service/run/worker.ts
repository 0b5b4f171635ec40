import { parentPort, threadId, workerData } from 'node:worker_threads';
import { DistributorError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import { deliverObject } from '../delivery/deliver-object.ts';
import { composeDelivery } from './compose.ts';
import type { Permit } from './pacing.ts';
import { type FromWorker, type ToWorker, toReport } from './report.ts';
import { createWorkerPace } from './worker-pace.ts';

/**
 * A worker thread: delivers the objects that it is given, several at a time, and answers for its metrics. It has clients,
 * sessions and caches of its own; what a destination takes it shares with the other threads by way of the main one.
 */
const port = parentPort;
if (!port) throw new Error('runs in a worker thread only');
const settings = workerData as Settings;
const logger = createLogger(settings.logLevel, { thread: threadId });
const metrics = createMetrics();
const drain = new AbortController();
const running = new Map<number, AbortController>();
const answer = (message: FromWorker) => port.postMessage(message);
const asked = new Map<number, (permit: Permit) => void>();
let questions = 0;
const pace = createWorkerPace({
  ask(call) {
    const { promise, resolve } = Promise.withResolvers<Permit>();
    const id = ++questions;
    asked.set(id, resolve);
    answer({ kind: 'ask', id, call });
    return promise.finally(() => asked.delete(id));
  },
  tell: (destination, callsPerSecond) => answer({ kind: 'throttled', destination, callsPerSecond }),
  nowMs: () => performance.now(),
});
const deps = composeDelivery({ settings, metrics, logger, pace });

port.on('message', async (message: ToWorker) => {
  switch (message.kind) {
    case 'deliver': {
      const abort = new AbortController();
      running.set(message.id, abort);
      const signals = { drain: drain.signal, abort: abort.signal };
      const results = await deliverObject(deps.deliverObject, message.task, message.held, signals);
      running.delete(message.id);
      answer({ kind: 'report', id: message.id, report: toReport(results) });
      return;
    }
    case 'abort':
      running.get(message.id)?.abort(new DistributorError(message.code, message.message));
      return;
    case 'ping':
      answer({ kind: 'pong' });
      return;
    case 'limit':
      pace.limit(message.destination, message.limited);
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
