import { hostname } from 'node:os';
import { type AssumeOutcome, createRoleSessions } from '../aws/roles.ts';
import { createTenantSts } from '../aws/tenant-sts.ts';
import { createTellers } from '../destination/kinds.ts';
import { createItemRules } from '../destination/parse-delivery.ts';
import { createOwnCalls } from '../run/schedule/own-calls.ts';
import { createProgressWriter, type ProgressWriter } from '../run/watch/progress-writer.ts';
import { type Feature, listDeliveries } from '../tenant/list.ts';
import type { Ground, QueueParts, ScheduleParts, StatsParts } from './parts.ts';

const FEATURE: Feature = {
  attribute: 'progress_events',
  isWanted: ({ enabled, target }) => enabled && target.progressEvents === true,
};
/** A call that is in trouble for so long is left to the next interval. */
const PATIENCE_MS = 10_000;

/**
 * What tells tenants of their progress, put together from the settings; undefined when it is off. It calls from the main thread, with
 * sessions of its own, so that no object waits for it.
 */
export function composeProgressWriter(
  { settings, metrics, logger, dynamo, nowMs, monotonicMs }: Ground,
  parts: QueueParts & StatsParts & ScheduleParts,
): ProgressWriter | undefined {
  const { progressIntervalMs: intervalMs, tenantTable: table } = settings;
  if (intervalMs === 0) return undefined;
  const clocks = { nowMs: monotonicMs, epochMs: nowMs };
  const onAssume = (outcome: AssumeOutcome) => metrics.assumeRoles.inc({ outcome });
  const sessions = createRoleSessions({
    sts: createTenantSts(settings, { ...clocks, onAssume }),
    ...clocks,
    onAssume,
  });
  const tellerOf = createTellers({
    settings,
    calling: {
      sessions,
      stsRegion: settings.region,
      rateLimiter: createOwnCalls({ rateLimits: parts.rateLimits, nowMs: monotonicMs }),
      metrics,
      patienceMs: PATIENCE_MS,
      random: Math.random,
      nowMs: monotonicMs,
    },
    kernel: undefined,
    dynamo,
    metrics,
    logger,
    nowMs,
  });
  const tenants = { dynamo, table, rules: createItemRules(settings) };
  return createProgressWriter({
    listDeliveries: (signal) => listDeliveries(tenants, FEATURE, signal),
    sayTo: tellerOf,
    freshness() {
      // SQS's count moves the mark of an idle queue.
      parts.depth.look();
      return parts.freshness.snapshot();
    },
    isHeld: ({ tenantId, type }) => parts.breakers.held(tenantId, type) !== null,
    books: parts.progressBooks,
    intervalMs,
    task: hostname(),
    metrics,
    logger,
    nowMs,
    monotonicMs,
  });
}
