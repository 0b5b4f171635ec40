import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { asDistributorError } from '../../base/errors.ts';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Delivery } from '../../core/delivery.ts';
import { PROGRESS_STREAM, progressEvent } from '../../core/progress-event.ts';
import type { Say } from '../../delivery/destination.ts';
import type { FreshnessSnapshot } from '../queue/freshness.ts';
import type { ProgressBooks } from '../stats/progress-books.ts';

/**
 * Tells tenants that want it how far they are, once in each interval: idle ones too, as only that says that nothing is missing.
 * One call for each of their deliveries, beside the deliveries themselves. What fails is told with the next one.
 */
export interface ProgressWriter {
  /** Runs until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Tells what was delivered since, before the process ends. Never rejects. */
  last(signal: AbortSignal): Promise<void>;
}

export interface ProgressWriterDeps {
  /** Enabled deliveries that want it. @throws DistributorError `tenant-lookup-failed` */
  readonly listDeliveries: (signal: AbortSignal) => Promise<readonly Delivery[]>;
  /** undefined: nobody can be told there. */
  readonly sayTo: (delivery: Delivery) => Say | undefined;
  readonly freshness: () => FreshnessSnapshot;
  /** Whether the destination is left alone for now. */
  readonly isHeld: (delivery: Delivery) => boolean;
  readonly books: Pick<ProgressBooks, 'take' | 'giveBack'>;
  readonly intervalMs: number;
  /** This process. */
  readonly task: string;
  readonly metrics: Pick<Metrics, 'progressEvents'>;
  readonly logger: Logger;
  /** Epoch milliseconds, by AWS's clock. */
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

/** Attributes of tenants change seldom, and a look reads the whole table. */
const LIST_EVERY_MS = 5 * 60_000;
const CALLS_AT_ONCE = 8;

export function createProgressWriter(deps: ProgressWriterDeps): ProgressWriter {
  const { books, metrics, logger, monotonicMs } = deps;
  let deliveries: readonly Delivery[] = [];
  let listedMs = Number.NEGATIVE_INFINITY;
  const ordinary = pLimit(CALLS_AT_ONCE);
  /** Deliveries that could not be told the last time: they wait for each other, and nobody waits for them. */
  const failed = new Set<string>();
  const afterFailure = pLimit(CALLS_AT_ONCE);
  const underWay = new Map<string, Promise<void>>();
  /** Of the last round: to take one means to look at all tenants. */
  let snapshot: FreshnessSnapshot | undefined;

  const list = async (signal: AbortSignal) => {
    if (monotonicMs() - listedMs < LIST_EVERY_MS) return;
    try {
      deliveries = await deps.listDeliveries(signal);
      listedMs = monotonicMs();
      const listed = new Set(deliveries.map(nameOf));
      for (const name of failed) if (!listed.has(name)) failed.delete(name);
    } catch (error) {
      if (signal.aborted) return;
      metrics.progressEvents.inc({ outcome: 'failed' });
      logger.warn(errorFields(asDistributorError(error)), 'whom to tell of progress could not be looked up');
    }
  };

  const tell = async (delivery: Delivery, signal: AbortSignal) => {
    if (signal.aborted) return;
    const { tenantId, type } = delivery;
    const say = deps.sayTo(delivery);
    const upToMs = snapshot?.upToMs(tenantId);
    if (!say || upToMs === undefined) return;
    if (deps.isHeld(delivery)) {
      metrics.progressEvents.inc({ outcome: 'held' });
      return;
    }
    const counts = books.take(tenantId, type);
    const atMs = deps.nowMs();
    const report = { tenantId, type, task: deps.task, atMs, upToMs, counts };
    try {
      await say(PROGRESS_STREAM, [{ timestamp: atMs, message: progressEvent(report) }], {
        drain: signal,
        abort: signal,
      });
      metrics.progressEvents.inc({ outcome: 'written' });
      failed.delete(nameOf(delivery));
    } catch (error) {
      books.giveBack(tenantId, type, counts);
      failed.add(nameOf(delivery));
      metrics.progressEvents.inc({ outcome: 'failed' });
      const fields = errorFields(asDistributorError(error));
      logger.debug({ tenant: tenantId, delivery: type, ...fields }, 'a tenant could not be told of its progress');
    }
  };

  const tellAgain = (delivery: Delivery, signal: AbortSignal) => {
    const name = nameOf(delivery);
    if (underWay.has(name)) return;
    const telling = afterFailure(() => tell(delivery, signal)).finally(() => underWay.delete(name));
    underWay.set(name, telling);
  };

  /** Resolves when all are told that were told the last time. */
  const tellAll = async (signal: AbortSignal) => {
    if (deliveries.length === 0) return;
    snapshot = deps.freshness();
    const { again = [], once = [] } = Object.groupBy(deliveries, (one) => (failed.has(nameOf(one)) ? 'again' : 'once'));
    for (const delivery of again) tellAgain(delivery, signal);
    await ordinary.map(once, (delivery) => tell(delivery, signal));
  };
  const settled = () => Promise.all(underWay.values());

  return {
    async run(signal) {
      while (!signal.aborted) {
        const startedMs = monotonicMs();
        await list(signal);
        await tellAll(signal);
        const restMs = Math.max(0, startedMs + deps.intervalMs - monotonicMs());
        await delay(restMs, undefined, { signal }).catch(() => {});
      }
      await settled();
    },
    async last(signal) {
      await tellAll(signal);
      await settled();
    },
  };
}

function nameOf({ tenantId, type }: Delivery): string {
  return `${tenantId}/${type}`;
}
