import { setTimeout as delay } from 'node:timers/promises';
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

  const list = async (signal: AbortSignal) => {
    if (monotonicMs() - listedMs < LIST_EVERY_MS) return;
    try {
      deliveries = await deps.listDeliveries(signal);
    } catch (error) {
      if (signal.aborted) return;
      metrics.progressEvents.inc({ outcome: 'failed' });
      logger.warn(errorFields(asDistributorError(error)), 'whom to tell of progress could not be looked up');
    }
    listedMs = monotonicMs();
  };

  const tell = async (delivery: Delivery, snapshot: FreshnessSnapshot, signal: AbortSignal) => {
    const { tenantId, type } = delivery;
    const say = deps.sayTo(delivery);
    const upToMs = snapshot.upToMs(tenantId);
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
    } catch (error) {
      books.giveBack(tenantId, type, counts);
      metrics.progressEvents.inc({ outcome: 'failed' });
      const fields = errorFields(asDistributorError(error));
      logger.debug({ tenant: tenantId, delivery: type, ...fields }, 'a tenant could not be told of its progress');
    }
  };

  const tellAll = async (signal: AbortSignal) => {
    if (deliveries.length === 0) return;
    const snapshot = deps.freshness();
    for (let at = 0; at < deliveries.length && !signal.aborted; at += CALLS_AT_ONCE) {
      await Promise.all(deliveries.slice(at, at + CALLS_AT_ONCE).map((delivery) => tell(delivery, snapshot, signal)));
    }
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        const startedMs = monotonicMs();
        await list(signal);
        await tellAll(signal);
        const restMs = Math.max(0, startedMs + deps.intervalMs - monotonicMs());
        await delay(restMs, undefined, { signal }).catch(() => {});
      }
    },
    last: tellAll,
  };
}
