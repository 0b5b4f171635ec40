import { setImmediate as turn } from 'node:timers/promises';
import type { ErrorCode } from '../../service/base/errors.ts';
import { createMetrics } from '../../service/base/metrics.ts';
import { type History, NO_HISTORY } from '../../service/core/history.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import type { ObjectTask } from '../../service/delivery/destination.ts';
import type { ObjectReport, ReportLine } from '../../service/delivery/report.ts';
import { createAdmission } from '../../service/run/messages/admission.ts';
import { createCanaryBooks } from '../../service/run/messages/canaries.ts';
import { type ProcessDeps, processMessage } from '../../service/run/messages/process-message.ts';
import { createFreshness } from '../../service/run/queue/freshness.ts';
import { createHandBacks } from '../../service/run/queue/hand-backs.ts';
import { createCircuitBreakers } from '../../service/run/schedule/circuit-breakers.ts';
import { createScheduler } from '../../service/run/schedule/scheduler.ts';
import { createParked } from '../../service/run/stats/parked.ts';
import { createProgressBooks } from '../../service/run/stats/progress-books.ts';
import { createTenantStats } from '../../service/run/stats/tenant-stats.ts';
import type { ObjectListener } from '../../service/run/threads/worker-pool.ts';
import { createTestLogger } from './logger.ts';

/** The clock's time when a test begins. */
export const NOON_MS = Date.UTC(2026, 0, 31, 12);
/** What became of the records of every object that was worked on. */
export const COUNTS = { read: 5, delivered: 4, filtered: 1, rejected: 0, quarantined: 0 };
/** The key of a tenant's object. */
export const keyOf = (tenant: string) => `logs/tenant_id=${tenant}/cluster_id=c1/environment=prod/x.gz`;

/** The body of a message that announces these objects, written a minute before noon. */
export const s3Event = (...keys: string[]) =>
  JSON.stringify({
    Records: keys.map((key) => ({
      eventName: 'ObjectCreated:Put',
      eventTime: '2026-01-31T11:59:00Z',
      s3: { bucket: { name: 'central' }, object: { key, size: 1_000, eTag: 'e1' } },
    })),
  });

/** What a worker says of a delivery that is done, and of one that failed. */
export const done: ReportLine = { type: 'cloudwatch', kind: 'done', counts: COUNTS, format: 'ndjson' };
export const failed = (code: ErrorCode, more: Partial<ReportLine> = {}): ReportLine => ({
  type: 'cloudwatch',
  kind: 'failed',
  code,
  message: `it is ${code}`,
  counts: COUNTS,
  ...more,
});

interface Given {
  readonly receiveCount?: number;
  readonly history?: History;
}

/**
 * Everything around messages, with a clock that the test moves.
 * @param reports what becomes of each tenant's objects; done where it says nothing
 * @param messagesMax messages that a tenant may have in flight
 */
export function setUpMessages(reports: Readonly<Record<string, readonly ReportLine[]>> = {}, messagesMax = 10) {
  const log: string[] = [];
  const tasks: ObjectTask[] = [];
  const letters: { body: string; attributes: Readonly<Record<string, string>> }[] = [];
  const queue = { error: undefined as Error | undefined };
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const now = { ms: NOON_MS };
  const tenantStats = createTenantStats(() => now.ms);
  const progressBooks = createProgressBooks();
  const handBacks = createHandBacks(() => now.ms);
  const breakers = createCircuitBreakers({
    nowMs: () => now.ms,
    probeMs: 120_000,
    onChange: () => {},
    onPlaceChange: () => {},
  });
  const scheduler = createScheduler({
    slots: 4,
    memoryBytes: 1e9,
    onTrial: breakers.onTrial,
    nowMs: () => now.ms,
  });
  const parked = createParked(() => now.ms);
  const freshness = createFreshness({ nowMs: () => now.ms, watermarkMs: () => now.ms });
  const crashes: string[] = [];
  /** Of dead letters. */
  const marks: { object: string; reason: string }[] = [];
  const seen = {
    running: 0,
    reserved: 0,
    inFlight: 0,
    signals: [] as AbortSignal[],
    held: [] as string[][],
    listeners: [] as ObjectListener[],
  };
  /** Objects are under way until it resolves. */
  let work: Promise<void> = Promise.resolve();
  const deps: ProcessDeps = {
    keyTemplate: compileKeyTemplate('logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/'),
    admission: createAdmission({ messagesMax, handBacks, onTrial: breakers.onTrial, hasPlace: () => true }),
    breakers,
    parked,
    canaries: createCanaryBooks({ metrics, tenantStats, nowMs: () => now.ms }),
    freshness,
    handBacks,
    scheduler,
    workers: {
      deliver: async (task, { held }, signal, listener): Promise<ObjectReport> => {
        tasks.push(task);
        seen.listeners.push(listener);
        seen.running = scheduler.running;
        seen.reserved = scheduler.reservedBytes;
        seen.inFlight = tenantStats
          .list([], freshness.snapshot(), parked)
          .reduce((sum, { in_flight }) => sum + in_flight, 0);
        seen.signals.push(signal);
        seen.held.push([...held]);
        await work;
        return { lines: reports[task.keyFields.tenant_id] ?? [done] };
      },
    },
    queue: {
      sendDeadLetter: async (body, attributes) => {
        await turn();
        log.push('dead letter');
        if (queue.error) throw queue.error;
        letters.push({ body, attributes });
      },
    },
    tenantStats,
    progressBooks,
    metrics,
    logger,
    parkMs: 24 * 3_600_000,
    probeMs: 120_000,
    random: () => 0,
    nowMs: () => now.ms,
    noteDeadLetter: async (object, reason) => {
      marks.push({ object, reason });
    },
    onCrash: (error) => {
      log.push('crash');
      crashes.push(error.code);
    },
  };
  const run = async (body: string, { receiveCount = 1, history = NO_HISTORY }: Given = {}) => {
    const controller = new AbortController();
    await processMessage(deps, {
      message: { id: 'm1', receipt: 'r1', body, receiveCount, sentMs: NOON_MS, history },
      signal: controller.signal,
      remove: async () => {
        await turn();
        log.push('remove');
      },
      release: async (seconds) => {
        await turn();
        log.push(`release ${seconds}`);
      },
      renew: async ({ failures, refusedSinceMs }, seconds) => {
        await turn();
        log.push(`renew ${seconds}, failures ${failures}, refused ${refusedSinceMs ?? 'never'}`);
      },
    });
    return controller;
  };
  const objects = async () =>
    Object.fromEntries((await metrics.objects.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  const messagesHandedBack = async () =>
    Object.fromEntries(
      (await metrics.messagesHandedBack.get()).values.map(({ labels, value }) => [labels.reason, value]),
    );
  /** From now on objects stay under way. @returns what lets them come to their ends */
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    work = promise;
    return resolve;
  };
  return {
    run,
    log,
    tasks,
    letters,
    marks,
    queue,
    metrics,
    lines,
    tenantStats,
    progressBooks,
    freshness,
    handBacks,
    scheduler,
    parked,
    crashes,
    seen,
    objects,
    messagesHandedBack,
    now,
    hold,
  };
}
