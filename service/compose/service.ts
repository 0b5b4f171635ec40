import { setTimeout as delay } from 'node:timers/promises';
import { createTableCalls } from '../aws/calls.ts';
import { createTaskProtection } from '../aws/task-protection.ts';
import { monotonicMs, steadyMs } from '../base/clock.ts';
import type { DistributorError } from '../base/errors.ts';
import { giveIdleMemoryBack } from '../base/idle-memory.ts';
import type { Logger } from '../base/logger.ts';
import { createMetrics } from '../base/metrics.ts';
import { type Settings, SettingsError } from '../base/settings.ts';
import { compileKeyTemplate } from '../core/object-key.ts';
import { withoutSecrets } from '../core/without-secrets.ts';
import { createTableClock } from '../ledger/table-clock.ts';
import type { Reception } from '../run/queue/reception.ts';
import { createHttp } from '../run/watch/http.ts';
import { createPreflight } from '../run/watch/preflight.ts';
import { createProbe, type Probe } from '../run/watch/probe.ts';
import { createStatus } from '../run/watch/status.ts';
import { composeCanaryWriter } from './canary-writer.ts';
import { composeQueue, composeSchedule, composeStats, composeWorkers, type Ground } from './parts.ts';
import { composeProgressWriter } from './progress-writer.ts';
import { composeReceiptIssuer } from './receipts.ts';
import { composeReceiving } from './receiving.ts';
import { composeFleetNotes, composeReconciler } from './reconciler.ts';
import { composeUsage } from './usage.ts';
import { composeMetricsPage } from './watching.ts';

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

/** A long poll takes 20 s; a loop that has not turned for three of them is stuck. */
const STUCK_MS = 60_000;
/** A drain waits no longer for tenants to be told of the last minute, and the fleet of what is left behind. */
const LAST_WORDS_MS = 5_000;
/** How often scale-in protection looks at the work in flight. */
const PROTECT_EVERY_MS = 2_000;

export function createService({ settings, logger, version, onCrash }: ServiceDeps): Service {
  const clock = createTableClock({ monotonicMs, steadyMs });
  const { nowMs } = clock;
  const metrics = createMetrics();
  const dynamo = createTableCalls(settings, clock.observe);
  const ground: Ground = { settings, logger, metrics, dynamo, nowMs, monotonicMs };
  const startedMs = nowMs();
  const queueParts = composeQueue(ground);
  const stats = composeStats(ground);
  const schedule = composeSchedule(ground);
  const workers = composeWorkers(ground, schedule, stats, onCrash);
  const parts = { ...queueParts, ...stats, ...schedule, workers };
  const { queue, inFlight, reception } = parts;

  const keyTemplate = compileKeyTemplate(settings.objectKeyTemplate);
  const fleetNotes = composeFleetNotes(ground, queueParts);
  const receiving = composeReceiving(ground, { ...parts, ...fleetNotes }, keyTemplate, onCrash);
  const reconciler = composeReconciler(ground, keyTemplate);
  const canaryWriter = composeCanaryWriter(ground, keyTemplate);
  const receiptIssuer = composeReceiptIssuer(ground);
  const usage = composeUsage(ground);
  const progressWriter = composeProgressWriter(ground, parts);
  const page = composeMetricsPage(ground, parts, { canaryWriter, receiptIssuer, reconciler });
  const probe = createProbe({
    preflight: createPreflight({ dynamo, queue, settings }),
    nowMs,
  });
  const stopReceiving = new AbortController();
  const isDraining = () => stopReceiving.signal.aborted;
  const isStuck = () => receiving.room() > 0 && monotonicMs() - receiving.loop.turnedMs >= STUCK_MS;
  const http = createHttp({
    hostNames: settings.httpHostNames,
    metrics: page.render,
    unhealthy: () => (!isDraining() && isStuck() ? 'the receive loop does not turn' : null),
    unready: async () => (isDraining() ? 'draining' : whyUnready(probe, reception)),
    usage: usage?.month,
    status: createStatus({ ...parts, reconciler, settings, version, startedMs, isDraining, probe, nowMs }),
  });
  const hasWork = () => inFlight.size > 0;
  const protect = composeProtection(ground, hasWork);
  const endIdleLooks = giveIdleMemoryBack({ isBusy: hasWork, nowMs: monotonicMs });

  let looping: Promise<unknown> = Promise.resolve();
  let protecting: NodeJS.Timeout | undefined;
  let stopping: ReturnType<Service['stop']> | undefined;

  const drain = async () => {
    stopReceiving.abort();
    workers.drain();
    await looping;
    // Jobs that still wait for a slot start now, one after another, and end at once with `stopping`.
    await receiving.idle();
    await inFlight.close();
    const lastWords = AbortSignal.timeout(LAST_WORDS_MS);
    await Promise.all([fleetNotes.reporter.last(lastWords), progressWriter?.last(lastWords)]);
    return 'drained' as const;
  };

  const stop = async () => {
    const patience = new AbortController();
    const over = delay(settings.shutdownGraceMs, 'grace period over' as const, { signal: patience.signal });
    over.catch(() => {});
    const how = await Promise.race([drain(), over]);
    patience.abort();
    clearInterval(protecting);
    endIdleLooks();
    page.close();
    await Promise.all([http.close(), workers.close()]);
    return how;
  };

  return {
    async start() {
      await http.listen({ port: settings.httpPort, host: settings.httpHost });
      await requireUsable(probe, logger);
      if (protect) protecting = setInterval(protect, PROTECT_EVERY_MS);
      const { signal } = stopReceiving;
      looping = Promise.all([
        receiving.loop.run(signal),
        canaryWriter?.run(signal),
        receiptIssuer?.run(signal),
        progressWriter?.run(signal),
        usage?.rollUp.run(signal),
        fleetNotes.reporter.run(signal),
        reconciler?.run(signal),
      ]);
      const address = http.server.address();
      return typeof address === 'object' && address ? address.port : settings.httpPort;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** What may come back by itself is only logged: `/readyz` waits for it. @throws SettingsError */
async function requireUsable(probe: Probe, logger: Logger): Promise<void> {
  const problems = await probe.ask();
  const wrong = problems.filter(({ kind }) => kind === 'wrong').map(({ message }) => message);
  if (wrong.length > 0) throw new SettingsError(wrong);
  for (const { about, message } of problems) logger.error({ about }, message);
}

async function whyUnready(probe: Probe, reception: Reception): Promise<string | null> {
  const problems = (await probe.ask()).map(({ message }) => message);
  const { state, message } = reception.look();
  if (state === 'failing') problems.push(message);
  return problems.length === 0 ? null : withoutSecrets(problems.join(' '));
}

/** Scale-in protection of the ECS task while it has work; undefined outside of ECS. */
function composeProtection({ settings, logger, nowMs }: Ground, hasWork: () => boolean): (() => void) | undefined {
  if (settings.ecsAgentUri === undefined) return undefined;
  const protection = createTaskProtection({ agentUri: settings.ecsAgentUri, logger, nowMs, fetch });
  return () => protection.update(hasWork());
}
