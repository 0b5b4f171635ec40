import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { DistributorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Settings } from '../../base/settings.ts';
import { type Accounted, recordsOf } from '../../core/accounted.ts';
import { hash } from '../../core/hash.ts';
import { objectId } from '../../core/notification.ts';
import type { Unanswered } from '../../delivery/call-watch.ts';
import type { ObjectTask } from '../../delivery/destination.ts';
import { failureReport, type ObjectReport } from '../../delivery/report.ts';
import type { RateLimits } from '../schedule/rate-limits.ts';
import type { FromWorker, Order, ToWorker } from './protocol.ts';
import type { ThreadRules } from './rules.ts';

/**
 * The worker threads. An object goes to the least busy one, and among equals to the one where its tenant's sessions
 * probably are. A thread that ends (out of memory, a bug) or no longer answers (a decode that hangs) costs its objects a
 * retry, not the process; it is replaced.
 */
export interface WorkerPool {
  /**
   * Never rejects: a lost worker is a report too. The signal's reason, a DistributorError, gives the object up.
   */
  deliver(task: ObjectTask, order: Order, signal: AbortSignal, listener: ObjectListener): Promise<ObjectReport>;
  /** Metrics of all threads, for the endpoint to add up. */
  metrics(): Promise<(readonly object[])[]>;
  /** Every thread begins nothing new from now on; `deliver` answers `stopping`. */
  drain(): void;
  close(): Promise<void>;
  /** What each thread is at. */
  work(): readonly (readonly ObjectAtWork[])[];
}

/** Told how an object fares while it is at work. */
export interface ObjectListener {
  unanswered(call: Unanswered): void;
  /** All calls of a delivery that had no answer have theirs. */
  answered(type: string): void;
  /** A destination has taken something. */
  delivered(): void;
}

export interface ObjectAtWork {
  /** `s3://bucket/key#version` */
  readonly object: string;
  readonly tenant: string;
  /** Since the thread has it. */
  readonly seconds: number;
  /** That came to their ends in this attempt, as of the last ping; a record counts for each delivery. */
  readonly records: number;
}

export interface WorkerPoolDeps {
  readonly settings: Settings;
  /** What a thread runs: `worker.ts`. */
  readonly script: URL;
  readonly logger: Logger;
  readonly rateLimits: Pick<RateLimits, 'ask' | 'answered'>;
  readonly rules: Pick<ThreadRules, 'all' | 'onChange'>;
  /** Records of an object have come to their ends. Told while it is at work, every few seconds, and at its end. */
  readonly onAccounted: (task: ObjectTask, accounted: Accounted) => void;
  readonly onRestart: () => void;
  /** Threads die one after another: something that restarting does not fix. */
  readonly onHopeless: (error: DistributorError) => void;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** Old-space limit of a thread. Chunks and bodies lie outside the heap; what is inside stays far below this. */
const HEAP_MB = 512;
const RESTARTS_MAX = 10;
const RESTART_WINDOW_MS = 60_000;
const METRICS_TIMEOUT_MS = 5_000;
const PING_EVERY_MS = 5_000;
/**
 * Decoding and planning a chunk takes a tenth of a second; a thread that leaves a minute of pings unanswered hangs.
 * Counted in pings, not in time: a process that was stopped and continued finds nobody silent.
 */
const UNANSWERED_MAX = 12;

interface Pending {
  readonly task: ObjectTask;
  readonly sinceMs: number;
  records: number;
  readonly listener: ObjectListener;
  readonly settle: (report: ObjectReport) => void;
}

interface Thread {
  readonly worker: Worker;
  /** Pings since the thread was last heard of. */
  unanswered: number;
  readonly pending: Map<number, Pending>;
  readonly metricsWaiting: Map<number, (metrics: readonly object[]) => void>;
}

/**
 * Size of a thread's heap before anything is collected, megabytes, for threads that are made after it is set. V8's own beginning is a
 * few megabytes, and buffers outside the heap count too: it would collect after every sixteen megabytes of an object.
 */
const INITIAL_HEAP_MB = 32;
/**
 * Half of what new objects are allocated in, megabytes, for the same threads. V8 lets it grow further where there are many, which are
 * as soon dead (decisions/0011).
 */
const SEMI_SPACE_MAX_MB = 4;

export function createWorkerPool(deps: WorkerPoolDeps): WorkerPool {
  const { settings, script, logger, rateLimits, rules, onRestart, onHopeless } = deps;
  setFlagsFromString(`--initial-heap-size=${INITIAL_HEAP_MB}`);
  setFlagsFromString(`--max-semi-space-size=${SEMI_SPACE_MAX_MB}`);
  const threads: Thread[] = [];
  let restarts: number[] = [];
  let draining = false;
  let closing = false;
  let nextId = 1;

  const post = (thread: Thread, message: ToWorker) => thread.worker.postMessage(message);

  const spawn = (slot: number) => {
    const worker = new Worker(script, {
      workerData: settings,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      name: `delivery-${slot}`,
    });
    const thread: Thread = { worker, unanswered: 0, pending: new Map(), metricsWaiting: new Map() };
    worker.on('message', (message: FromWorker) => {
      thread.unanswered = 0;
      hear(thread, message);
    });
    worker.on('error', (error) => logger.error({ error: String(error), slot }, 'a worker thread failed'));
    worker.on('exit', (code) => {
      lose(thread, `worker thread ${slot} ended with code ${code}`);
      if (closing) return;
      const now = deps.nowMs();
      restarts = [...restarts.filter((at) => now - at < RESTART_WINDOW_MS), now];
      onRestart();
      if (restarts.length > RESTARTS_MAX) {
        onHopeless(new DistributorError('invariant-broken', `${restarts.length} worker threads ended within a minute`));
        return;
      }
      threads[slot] = spawn(slot);
    });
    if (draining) post(thread, { kind: 'drain' });
    for (const rule of rules.all()) post(thread, rule);
    return thread;
  };

  const hear = (thread: Thread, message: FromWorker) => {
    switch (message.kind) {
      case 'pong':
        for (const { id, accounted } of message.progress) account(thread, id, accounted);
        return;
      case 'report':
        account(thread, message.id, message.accounted);
        return thread.pending.get(message.id)?.settle(message.report);
      case 'metrics':
        return thread.metricsWaiting.get(message.id)?.(message.metrics);
      case 'unanswered':
        return thread.pending.get(message.id)?.listener.unanswered(message.call);
      case 'answered':
        return thread.pending.get(message.id)?.listener.answered(message.type);
      case 'ask':
        return post(thread, { kind: 'permit', id: message.id, permit: rateLimits.ask(message.call) });
      case 'rate-limit-answer':
        return rateLimits.answered(message.answer);
    }
  };

  const account = (thread: Thread, id: number, accounted: Accounted) => {
    const pending = thread.pending.get(id);
    if (!pending) return;
    pending.records += recordsOf(accounted);
    deps.onAccounted(pending.task, accounted);
    if (accounted.delivered > 0) pending.listener.delivered();
  };

  const lose = (thread: Thread, why: string) => {
    for (const { settle } of thread.pending.values()) settle(failureReport(new DistributorError('worker-lost', why)));
    for (const answer of thread.metricsWaiting.values()) answer([]);
  };

  const choose = (tenantId: string): Thread => {
    let best = hash(tenantId) % threads.length;
    for (const [slot, thread] of threads.entries()) {
      if (thread.pending.size < (threads[best]?.pending.size ?? 0)) best = slot;
    }
    return threads[best] as Thread;
  };

  const watch = setInterval(() => {
    for (const [slot, thread] of threads.entries()) {
      if (thread.unanswered >= UNANSWERED_MAX) {
        logger.error(
          { slot, objects: thread.pending.size },
          'a worker thread does not answer; it is ended and replaced',
        );
        thread.worker.terminate();
      } else {
        thread.unanswered++;
        post(thread, { kind: 'ping' });
      }
    }
  }, PING_EVERY_MS);

  const postAll = (message: ToWorker) => {
    for (const thread of threads) post(thread, message);
  };

  for (let slot = 0; slot < settings.workerThreads; slot++) threads.push(spawn(slot));
  rules.onChange(postAll);

  return {
    deliver(task, { held, probes }, signal, listener) {
      if (signal.aborted) return Promise.resolve(failureReport(signal.reason));
      const thread = choose(task.keyFields.tenant_id);
      const id = nextId++;
      const { promise, resolve } = Promise.withResolvers<ObjectReport>();
      const giveUp = () => {
        const reason: DistributorError = signal.reason;
        post(thread, { kind: 'abort', id, code: reason.code, message: reason.message });
      };
      signal.addEventListener('abort', giveUp, { once: true });
      thread.pending.set(id, { task, sinceMs: deps.nowMs(), records: 0, listener, settle: resolve });
      post(thread, { kind: 'deliver', id, task, held, probes });
      return promise.finally(() => {
        thread.pending.delete(id);
        signal.removeEventListener('abort', giveUp);
      });
    },
    metrics() {
      return Promise.all(threads.map((thread) => askMetrics(thread, nextId++)));
    },
    drain() {
      draining = true;
      postAll({ kind: 'drain' });
    },
    async close() {
      closing = true;
      clearInterval(watch);
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
    work() {
      return threads.map(({ pending }) =>
        [...pending.values()].map(({ task, sinceMs, records }) => ({
          object: objectId(task.ref),
          tenant: task.keyFields.tenant_id,
          seconds: (deps.nowMs() - sinceMs) / 1000,
          records,
        })),
      );
    },
  };
}

/** A thread that is busy or dying gives no metrics rather than none for all. */
function askMetrics(thread: Thread, id: number): Promise<readonly object[]> {
  const { promise, resolve } = Promise.withResolvers<readonly object[]>();
  const timer = setTimeout(() => resolve([]), METRICS_TIMEOUT_MS);
  thread.metricsWaiting.set(id, resolve);
  const question: ToWorker = { kind: 'metrics', id };
  thread.worker.postMessage(question);
  return promise.finally(() => {
    clearTimeout(timer);
    thread.metricsWaiting.delete(id);
  });
}
