import type { FreshnessSnapshot } from '../run/queue/freshness.ts';
import type { ReceiptIssuer } from '../run/receipts/issuer.ts';
import type { CanaryWriter } from '../run/watch/canary-writer.ts';
import { createMetricsPage, type MetricsPage } from '../run/watch/metrics-page.ts';
import type { Reconciler } from '../run/watch/reconciler.ts';
import { observeTrouble } from '../run/watch/trouble.ts';
import { lookForWork, observeWork } from '../run/watch/workable.ts';
import type { Ground, QueueParts, ScheduleParts, StatsParts, Workers } from './parts.ts';

type Parts = QueueParts & StatsParts & ScheduleParts & { readonly workers: Workers };

/** What runs in one process of the fleet; undefined where it is off. */
interface Writers {
  readonly canaryWriter: CanaryWriter | undefined;
  readonly receiptIssuer: ReceiptIssuer | undefined;
  readonly reconciler: Reconciler | undefined;
}

/** The page for Prometheus, with gauges that say how things stand when it is asked for. */
export function composeMetricsPage(
  { metrics, nowMs }: Ground,
  parts: Parts,
  { canaryWriter, receiptIssuer, reconciler }: Writers,
): MetricsPage {
  const { inFlight, scheduler, handBacks, rateLimits, breakers, parked } = parts;
  return createMetricsPage(metrics, parts.workers, () => {
    metrics.messagesInFlight.set(inFlight.size);
    metrics.objectsInFlight.set(scheduler.running);
    metrics.behindBulkhead.set(scheduler.behindBulkhead);
    metrics.memoryReserved.set(scheduler.reservedBytes);
    metrics.messagesAway.set(handBacks.away);
    metrics.destinationsLimited.set(rateLimits.list().length);
    observeTrouble(metrics, breakers, parked, nowMs());
    const snapshot = parts.freshness.snapshot();
    observeWork(metrics, lookForWork({ ...parts, oldestMs: snapshot.oldestMs }), nowMs());
    observeFreshness(metrics, parts, snapshot, canaryWriter, nowMs());
    metrics.receiptsBehind.set(receiptIssuer?.behindSeconds ?? 0);
    const compared = reconciler?.look();
    metrics.reconcileSuccess.set((compared?.endedMs ?? 0) / 1000);
    metrics.reconciledUpTo.set((compared?.upToMs ?? 0) / 1000);
    metrics.reconcileWithheld.set(compared?.withheldObjects ?? 0);
    metrics.reconcileOverdue.set((compared?.overdueMs ?? 0) / 1000);
  });
}

function observeFreshness(
  metrics: Ground['metrics'],
  { depth: queueDepth, watermark, tenantStats }: Pick<Parts, 'depth' | 'watermark' | 'tenantStats'>,
  snapshot: FreshnessSnapshot,
  canaryWriter: CanaryWriter | undefined,
  nowMs: number,
): void {
  const depth = queueDepth.look();
  if (depth) metrics.queueVisible.set(depth.visible);
  if (watermark.ms !== undefined) metrics.queueReadUpTo.set(watermark.ms / 1000);
  for (const gauge of [metrics.deliveredUpTo, metrics.canaryDelivered, metrics.canaryWritten]) gauge.reset();
  let leastUpToMs = nowMs;
  for (const { tenant, canaryMs } of tenantStats.known()) {
    const upToMs = snapshot.upToMs(tenant);
    if (upToMs !== undefined) {
      metrics.deliveredUpTo.set({ tenant }, upToMs / 1000);
      leastUpToMs = Math.min(leastUpToMs, upToMs);
    }
    if (canaryMs !== undefined) metrics.canaryDelivered.set({ tenant }, canaryMs / 1000);
  }
  metrics.furthestBehind.set((nowMs - leastUpToMs) / 1000);
  for (const [tenant, dueMs] of canaryWriter?.written ?? []) metrics.canaryWritten.set({ tenant }, dueMs / 1000);
}
