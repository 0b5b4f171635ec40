import { randomUUID } from 'node:crypto';
import { createAnnouncer } from '../aws/announce.ts';
import { createQueueCalls, createS3Calls } from '../aws/calls.ts';
import { listObjects } from '../aws/list-objects.ts';
import { createThrottle } from '../aws/throttle.ts';
import { errorFields } from '../base/logger.ts';
import type { KeyTemplate } from '../core/object-key.ts';
import { createItemRules } from '../destination/parse-delivery.ts';
import { readStates } from '../ledger/entries.ts';
import { createFleetReporter, type FleetReporter, REPORT_EVERY_MS, readFleet } from '../ledger/fleet-reports.ts';
import { createMarks, type Marks } from '../ledger/marks.ts';
import { OUTCOMES } from '../reconcile/tally.ts';
import type { Freshness } from '../run/queue/freshness.ts';
import type { Watermark } from '../run/queue/watermark.ts';
import { createReconciler, RECONCILE_LEASE, type Reconciler } from '../run/watch/reconciler.ts';
import { createTenantStore } from '../tenant/store.ts';
import { composeFleetLease } from './fleet-lease.ts';
import type { Ground } from './parts.ts';

/** What each process tells the fleet, and notes for whoever compares the bucket with the ledger. */
export interface FleetNotes {
  readonly noteDeadLetter: (object: string, reason: string) => Promise<void>;
  readonly reporter: FleetReporter;
}

/** Live traffic goes first: nothing is announced while more messages than this wait. */
const BACKLOG_MAX = 100;

export function composeFleetNotes(
  { settings, logger, dynamo, nowMs }: Ground,
  { freshness, watermark }: { readonly freshness: Freshness; readonly watermark: Watermark },
): FleetNotes {
  const { ledgerTable: table, reconcileIntervalMs: intervalMs } = settings;
  const marks: Marks = createMarks({ dynamo, table, nowMs });
  return {
    async noteDeadLetter(object, reason) {
      try {
        await marks.deadLetter(object, reason);
      } catch (error) {
        logger.warn({ ...errorFields(error), object }, 'the ledger does not know that this object is a dead letter');
      }
    },
    reporter: createFleetReporter({
      dynamo,
      table,
      id: randomUUID(),
      look() {
        const { open, backMs } = freshness.snapshot();
        // What is in flight when this process dies is invisible for so long.
        const leftMs = nowMs() + settings.visibilityTimeoutSeconds * 1000;
        return { readUpToMs: watermark.ms, open, backMs: open.size === 0 ? 0 : Math.max(backMs, leftMs) };
      },
      everyMs: intervalMs === 0 ? REPORT_EVERY_MS : Math.min(REPORT_EVERY_MS, intervalMs / 2),
      nowMs,
      onTrouble: (error) => logger.debug(errorFields(error), 'the fleet was not told how far this process is'),
    }),
  };
}

/** Whoever compares the bucket with the ledger, put together from the settings; undefined when that is off. */
export function composeReconciler(ground: Ground, keyTemplate: KeyTemplate): Reconciler | undefined {
  const { settings, metrics, logger, dynamo, nowMs, monotonicMs } = ground;
  const { reconcileIntervalMs: intervalMs, reconcileBucket: bucket, ledgerTable: table } = settings;
  if (intervalMs === 0 || bucket === undefined) return undefined;
  // An alarm must see the first one that is lost.
  for (const outcome of OUTCOMES) metrics.reconciled.inc({ outcome }, 0);
  metrics.reconcileAnnounced.inc({ outcome: 'given_up' }, 0);
  const { random } = Math;
  const lease = composeFleetLease(ground, RECONCILE_LEASE, ({ code, message }) =>
    logger.warn({ code }, `this process does not compare the bucket with the ledger for now: ${message}`),
  );
  const s3 = createS3Calls(settings);
  const sqs = createQueueCalls(settings);
  const rules = createItemRules(settings);
  const tenants = createTenantStore({ dynamo, table: settings.tenantTable, rules, nowMs });
  return createReconciler({
    lease,
    readFleet: () => readFleet(dynamo, table, nowMs),
    passDeps: (signal) => ({
      list: (walk, onCall) => listObjects({ s3, bucket, versions: true, random, signal, onCall }, walk),
      bucket,
      template: settings.objectKeyTemplate,
      keyTemplate,
      tenants,
      readStates: (keys, consistent) => readStates({ dynamo, signal, random }, { table, keys, consistent }),
      announcer: createAnnouncer({
        sqs,
        queueUrl: settings.queueUrl,
        throttle: createThrottle(settings.reconcilePerSecond, monotonicMs, signal),
        backlogMax: BACKLOG_MAX,
        onWait: () => {},
        signal,
        nowMs,
      }),
      marks: createMarks({ dynamo, table, nowMs }),
      nowMs,
    }),
    limits: { graceMs: settings.reconcileGraceMs, lateMs: settings.reconcileLateMs },
    intervalMs,
    metrics,
    logger,
    nowMs,
  });
}
