import { setTimeout as delay } from 'node:timers/promises';
import { createDynamoClient, createReceiveClient, createSqsClient } from '../aws/clients.ts';
import { createQueue } from '../aws/queue.ts';
import { createTaskProtection } from '../aws/task-protection.ts';
import type { DistributorError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import { type Settings, SettingsError } from '../base/settings.ts';
import { compileKeyTemplate } from '../core/object-key.ts';
import { placeKey } from '../core/place.ts';
import { withoutSecrets } from '../core/without-secrets.ts';
import { createAdmission } from '../run/messages/admission.ts';
import { createCanaryBooks } from '../run/messages/canaries.ts';
import { processMessage } from '../run/messages/process-message.ts';
import { createFreshness } from '../run/queue/freshness.ts';
import { createHandBacks } from '../run/queue/hand-backs.ts';
import { createInFlight } from '../run/queue/in-flight.ts';
import { createNotifier } from '../run/queue/notifier.ts';
import { createQueueDepth } from '../run/queue/queue-depth.ts';
import { createReceiveLoop } from '../run/queue/receive-loop.ts';
import { createReception } from '../run/queue/reception.ts';
import { createWatermark } from '../run/queue/watermark.ts';
import { createCircuitBreakers } from '../run/schedule/circuit-breakers.ts';
import { createRateLimits } from '../run/schedule/rate-limits.ts';
import { createScheduler } from '../run/schedule/scheduler.ts';
import { createParked } from '../run/stats/parked.ts';
import { createSeries } from '../run/stats/series.ts';
import { createTenantStats } from '../run/stats/tenant-stats.ts';
import { createWorkerPool } from '../run/threads/worker-pool.ts';
import { createHttp } from '../run/watch/http.ts';
import { createMetricsPage } from '../run/watch/metrics-page.ts';
import { createPreflight } from '../run/watch/preflight.ts';
import { createProbe } from '../run/watch/probe.ts';
import { createStatus } from '../run/watch/status.ts';
import { heldPlace, logDelivery, logPlace, observeTrouble } from '../run/watch/trouble.ts';
import { composeCanaryWriter } from './canary-writer.ts';

/**
 * The running service.
 *
 *     starting ── start ──▶ receiving ── stop ──▶ draining ──▶ stopped
 *
 * Draining: no more receives; objects end at a batch boundary with their position saved; messages go back; then the
 * threads, the timers and the endpoint end.
 */
export interface Service {
  /**
   * Resolves once the endpoint listens and the first receive is under way, with the endpoint's port.
   * @throws SettingsError when a queue or a table is such that the service can never work with it
   */
  start(): Promise<number>;
  /** Drains. Resolves when everything has ended, at the latest after the grace period. Idempotent. */
  stop(): Promise<'drained' | 'grace period over'>;
}

export interface ServiceDeps {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Of package.json, for people. */
  readonly version: string;
  /** Something that only a restart of the process can fix. */
  readonly onCrash: (error: DistributorError) => void;
}

/** Objects at once in each thread: while one waits for the network, others decode. */
const OBJECTS_PER_THREAD = 4;
/** Messages in flight beyond the objects at work, so that a free slot need not wait for a receive. */
const PREFETCH = 20;
/** Of the messages in flight: what one tenant may have of them. More than its share of the slots, so that it fills these. */
const TENANT_SHARE = 1 / 2;
/** As many as it takes to ask for all messages that there is room for with one thread, and so usual. */
const RECEIVERS = 3;
/**
 * Visibility at receive; the first beat comes after a third of it. Short, because nobody beats for messages whose receive
 * was cut off, by a stop or by the network: they come back after this.
 */
const RECEIVED_SECONDS_MAX = 30;
/** A long poll takes 20 s; a loop that has not turned for three of them is stuck. */
const STUCK_MS = 60_000;
/** How often scale-in protection looks at the work in flight. */
const PROTECT_EVERY_MS = 2_000;

export function createService({ settings, logger, version, onCrash }: ServiceDeps): Service {
  const nowMs = () => Date.now();
  const monotonicMs = () => performance.now();
  const startedMs = nowMs();
  const metrics = createMetrics();
  const queue = createQueue({
    sqs: createSqsClient(settings),
    receiver: createReceiveClient(settings),
    queueUrl: settings.queueUrl,
    deadLetterQueueUrl: settings.deadLetterQueueUrl,
    nowMs,
  });
  const receivedSeconds = Math.min(RECEIVED_SECONDS_MAX, settings.visibilityTimeoutSeconds);
  const inFlight = createInFlight({
    queue,
    receivedSeconds,
    visibilitySeconds: settings.visibilityTimeoutSeconds,
    metrics,
    logger,
    nowMs: monotonicMs,
  });
  const slots = settings.workerThreads * OBJECTS_PER_THREAD;
  const breakers = createCircuitBreakers({
    nowMs,
    probeMs: settings.probeMs,
    onChange: (to, delivery) => logDelivery(logger, metrics, to, delivery),
    onPlaceChange: (to, trouble) => {
      logPlace(logger, to, trouble);
      workers.holdPlace(placeKey(trouble.place), to === 'open' ? heldPlace(trouble, nowMs()) : undefined);
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
  const parked = createParked(nowMs);
  const handBacks = createHandBacks(monotonicMs);
  const messagesMax = slots + PREFETCH;
  const rateLimits = createRateLimits({
    othersWait: scheduler.othersWait,
    onLimit: (destination, limited) => {
      logger.info({ destination, limited }, limited ? 'calls are limited in rate from now on' : 'calls are free again');
      workers.limit(destination, limited);
    },
    nowMs: monotonicMs,
    epochMs: nowMs,
  });
  const workers = createWorkerPool({
    settings,
    script: new URL('./worker.ts', import.meta.url),
    logger,
    rateLimits,
    onAccounted: (task, accounted) => {
      tenantStats.accounted(task.keyFields.tenant_id, accounted);
      delivered.add(accounted.messageBytes);
    },
    onRestart: () => metrics.workersRestarted.inc(),
    onHopeless: onCrash,
    nowMs: monotonicMs,
  });
  const tenantStats = createTenantStats(nowMs);
  const delivered = createSeries(nowMs);
  const watermark = createWatermark(nowMs);
  const freshness = createFreshness({ nowMs, watermarkMs: () => watermark.ms });
  const depth = createQueueDepth({ queue, watermark, nowMs });
  const reception = createReception(nowMs);
  const processing = new Set<Promise<void>>();
  const messageEnded = createNotifier();
  const receiving = new AbortController();
  const page = createMetricsPage(metrics, workers, () => {
    metrics.messagesInFlight.set(inFlight.size);
    metrics.objectsInFlight.set(scheduler.running);
    metrics.behindBulkhead.set(scheduler.behindBulkhead);
    metrics.memoryReserved.set(scheduler.reservedBytes);
    metrics.messagesAway.set(handBacks.away);
    metrics.destinationsLimited.set(rateLimits.list().length);
    observeTrouble(metrics, breakers, parked, nowMs());
    observeFreshness();
  });

  const keyTemplate = compileKeyTemplate(settings.objectKeyTemplate);
  const canaryWriter = composeCanaryWriter({ settings, keyTemplate, metrics, logger });
  const observeFreshness = () => {
    depth.look();
    if (watermark.ms !== undefined) metrics.queueReadUpTo.set(watermark.ms / 1000);
    const snapshot = freshness.snapshot();
    for (const gauge of [metrics.deliveredUpTo, metrics.canaryDelivered, metrics.canaryWritten]) gauge.reset();
    for (const { tenant, canaryMs } of tenantStats.known()) {
      const upToMs = snapshot.upToMs(tenant);
      if (upToMs !== undefined) metrics.deliveredUpTo.set({ tenant }, upToMs / 1000);
      if (canaryMs !== undefined) metrics.canaryDelivered.set({ tenant }, canaryMs / 1000);
    }
    for (const [tenant, dueMs] of canaryWriter?.written ?? []) metrics.canaryWritten.set({ tenant }, dueMs / 1000);
  };

  // Messages whose objects wait behind the bulkhead keep nobody out.
  const room = () => messagesMax + scheduler.behindBulkhead - inFlight.size;
  const processDeps = {
    keyTemplate,
    admission: createAdmission({
      messagesMax: Math.ceil(messagesMax * TENANT_SHARE),
      handBacks,
      onTrial: breakers.onTrial,
      hasPlace: scheduler.wantPlace,
    }),
    breakers,
    parked,
    canaries: createCanaryBooks({ metrics, tenantStats, nowMs }),
    freshness,
    handBacks,
    scheduler,
    workers,
    queue,
    tenantStats,
    metrics,
    logger,
    parkMs: settings.parkMs,
    probeMs: settings.probeMs,
    random: Math.random,
    nowMs,
    onCrash,
  };
  const loop = createReceiveLoop({
    queue,
    visibilitySeconds: receivedSeconds,
    room,
    roomNotifier: messageEnded,
    receivers: RECEIVERS,
    onMessage: (message) => {
      const work = processMessage(processDeps, inFlight.take(message)).finally(() => {
        processing.delete(work);
        messageEnded.notify();
      });
      processing.add(work);
    },
    watermark,
    reception,
    metrics,
    logger,
    random: Math.random,
    nowMs: monotonicMs,
    wallMs: nowMs,
  });

  const probe = createProbe({
    preflight: createPreflight({ dynamo: createDynamoClient(settings), queue, settings }),
    nowMs,
  });
  const unready = async () => {
    if (receiving.signal.aborted) return 'draining';
    const problems = (await probe.ask()).map(({ message }) => message);
    const { state, message } = reception.look();
    if (state === 'failing') problems.push(message);
    return problems.length === 0 ? null : withoutSecrets(problems.join(' '));
  };
  const http = createHttp({
    metrics: page.render,
    unhealthy: () => {
      if (receiving.signal.aborted || room() <= 0 || monotonicMs() - loop.turnedMs < STUCK_MS) return null;
      return 'the receive loop does not turn';
    },
    unready,
    status: createStatus({
      settings,
      version,
      startedMs,
      isDraining: () => receiving.signal.aborted,
      reception,
      probe,
      depth,
      watermark,
      freshness,
      inFlight,
      handBacks,
      scheduler,
      workers,
      rateLimits,
      breakers,
      parked,
      tenantStats,
      delivered,
      nowMs,
    }),
  });

  const protection =
    settings.ecsAgentUri === undefined
      ? undefined
      : createTaskProtection({ agentUri: settings.ecsAgentUri, logger, nowMs, fetch });
  let protecting: NodeJS.Timeout | undefined;
  let looping: Promise<unknown> = Promise.resolve();
  let stopping: ReturnType<Service['stop']> | undefined;

  const drain = async () => {
    receiving.abort();
    workers.drain();
    await looping;
    // Jobs that still wait for a slot start now, one after another, and end at once with `stopping`.
    while (processing.size > 0) await Promise.all(processing);
    await inFlight.close();
    return 'drained' as const;
  };

  /** What may come back by itself is only told: `/readyz` waits for it. @throws SettingsError */
  const requireUsable = async () => {
    const problems = await probe.ask();
    const wrong = problems.filter(({ kind }) => kind === 'wrong').map(({ message }) => message);
    if (wrong.length > 0) throw new SettingsError(wrong);
    for (const { about, message } of problems) logger.error({ about }, message);
  };

  return {
    async start() {
      await http.listen({ port: settings.httpPort, host: settings.httpHost });
      await requireUsable();
      if (protection) protecting = setInterval(() => protection.update(inFlight.size > 0), PROTECT_EVERY_MS);
      looping = Promise.all([loop.run(receiving.signal), canaryWriter?.run(receiving.signal)]);
      const address = http.server.address();
      return typeof address === 'object' && address ? address.port : settings.httpPort;
    },
    stop() {
      stopping ??= (async () => {
        const patience = new AbortController();
        const over = delay(settings.shutdownGraceMs, 'grace period over' as const, { signal: patience.signal });
        over.catch(() => {});
        const how = await Promise.race([drain(), over]);
        patience.abort();
        clearInterval(protecting);
        page.close();
        await Promise.all([http.close(), workers.close()]);
        return how;
      })();
      return stopping;
    },
  };
}
