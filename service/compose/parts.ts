import type { Call, DynamoApi } from '../aws/api.ts';
import { createQueueCalls, createReceiveCalls } from '../aws/calls.ts';
import { createQueue } from '../aws/queue.ts';
import type { DistributorError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import { placeKey } from '../core/place.ts';
import { createFreshness } from '../run/queue/freshness.ts';
import { createHandBacks } from '../run/queue/hand-backs.ts';
import { createInFlight } from '../run/queue/in-flight.ts';
import { createQueueDepth } from '../run/queue/queue-depth.ts';
import { createReception } from '../run/queue/reception.ts';
import { createWatermark } from '../run/queue/watermark.ts';
import { createCircuitBreakers } from '../run/schedule/circuit-breakers.ts';
import { createRateLimits } from '../run/schedule/rate-limits.ts';
import { createScheduler } from '../run/schedule/scheduler.ts';
import { createParked } from '../run/stats/parked.ts';
import { createProgressBooks } from '../run/stats/progress-books.ts';
import { createSeries } from '../run/stats/series.ts';
import { createTenantStats } from '../run/stats/tenant-stats.ts';
import { createThreadRules } from '../run/threads/rules.ts';
import { createWorkerPool } from '../run/threads/worker-pool.ts';
import { heldPlace, logDelivery, logPlace } from '../run/watch/trouble.ts';

/** The parts of a running service that others are composed of, room by room of `run/`. */

/** What every part is made with. */
export interface Ground {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The calls to both tables, from the main thread. Their answers set the clock of `nowMs`. */
  readonly dynamo: Call<DynamoApi>;
  /** Epoch milliseconds by AWS's clock, as far as the service has heard of it: nobody can set it. */
  readonly nowMs: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly monotonicMs: () => number;
}

export type QueueParts = ReturnType<typeof composeQueue>;
export type StatsParts = ReturnType<typeof composeStats>;
export type ScheduleParts = ReturnType<typeof composeSchedule>;
export type Workers = ReturnType<typeof composeWorkers>;

/** Objects at once in each thread: while one waits for the network, others decode. */
const OBJECTS_PER_THREAD = 4;
/**
 * Visibility at receive; the first beat comes after a third of it. Short, because nobody beats for messages whose receive
 * was cut off, by a stop or by the network: they come back after this.
 */
const RECEIVED_SECONDS_MAX = 30;

/** Beside this file, in the sources and in the bundle (local/bundle.ts). */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** The queue, and what is known of its messages. */
export function composeQueue({ settings, logger, metrics, nowMs, monotonicMs }: Ground) {
  const queue = createQueue({
    sqs: createQueueCalls(settings),
    receiver: createReceiveCalls(settings),
    queueUrl: settings.queueUrl,
    deadLetterQueueUrl: settings.deadLetterQueueUrl,
    nowMs,
  });
  const { visibilityTimeoutSeconds: visibilitySeconds } = settings;
  const receivedSeconds = Math.min(RECEIVED_SECONDS_MAX, visibilitySeconds);
  const watermark = createWatermark(nowMs);
  return {
    queue,
    receivedSeconds,
    watermark,
    inFlight: createInFlight({ queue, receivedSeconds, visibilitySeconds, metrics, logger, nowMs: monotonicMs }),
    handBacks: createHandBacks(monotonicMs),
    freshness: createFreshness({ nowMs, watermarkMs: () => watermark.ms }),
    depth: createQueueDepth({ queue, watermark, nowMs }),
    reception: createReception(nowMs),
  };
}

/** What is counted for people: by tenant, and of all. */
export function composeStats({ nowMs }: Ground) {
  return {
    parked: createParked(nowMs),
    tenantStats: createTenantStats(nowMs),
    progressBooks: createProgressBooks(),
    /** Bytes of messages, of all tenants. */
    delivered: createSeries(nowMs),
  };
}

/** Who may work, and how fast: for all threads, which learn it from `rules`. */
export function composeSchedule({ settings, logger, metrics, nowMs, monotonicMs }: Ground) {
  const slots = settings.workerThreads * OBJECTS_PER_THREAD;
  const rules = createThreadRules();
  const breakers = createCircuitBreakers({
    nowMs,
    probeMs: settings.probeMs,
    onChange: (to, delivery) => logDelivery(logger, metrics, to, delivery),
    onPlaceChange(to, trouble) {
      logPlace(logger, to, trouble);
      rules.holdPlace(placeKey(trouble.place), to === 'open' ? heldPlace(trouble, nowMs()) : undefined);
    },
  });
  const scheduler = createScheduler({
    slots,
    memoryBytes: settings.memoryBudgetBytes,
    // One until it is known how it fares: a broken role is tried once, not by every thread at once.
    slotsOf: (tenant) => (breakers.known(tenant) ? slots : 1),
    onTrial: breakers.onTrial,
    nowMs: monotonicMs,
  });
  const rateLimits = createRateLimits({
    othersWait: scheduler.othersWait,
    onLimit(destination, limited) {
      logger.info(
        { destination, limited },
        limited ? 'calls are rate-limited from now on' : 'calls are no longer rate-limited',
      );
      rules.limit(destination, limited);
    },
    nowMs: monotonicMs,
    epochMs: nowMs,
  });
  return { slots, rules, breakers, scheduler, rateLimits };
}

/** The worker threads. @param onCrash told of something that only a restart of the process can fix */
export function composeWorkers(
  { settings, logger, metrics, monotonicMs }: Ground,
  { rules, rateLimits }: Pick<ScheduleParts, 'rules' | 'rateLimits'>,
  { tenantStats, delivered }: Pick<StatsParts, 'tenantStats' | 'delivered'>,
  onCrash: (error: DistributorError) => void,
) {
  return createWorkerPool({
    settings,
    script: WORKER,
    logger,
    rateLimits,
    rules,
    onAccounted(task, accounted) {
      tenantStats.accounted(task.keyFields.tenant_id, accounted);
      delivered.add(accounted.messageBytes);
    },
    onRestart: () => metrics.workersRestarted.inc(),
    onHopeless: onCrash,
    nowMs: monotonicMs,
  });
}
