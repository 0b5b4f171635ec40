import { randomUUID } from 'node:crypto';
import { createGetObject, createS3Calls, createTableCalls } from '../aws/calls.ts';
import { type AssumeOutcome, createRoleSessions, type RoleSessions } from '../aws/roles.ts';
import { createStallWatch } from '../aws/s3-source.ts';
import { createTenantSts } from '../aws/tenant-sts.ts';
import { monotonicMs, steadyMs } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import { objectId } from '../core/notification.ts';
import type { DeliverObjectDeps } from '../delivery/deliver-object.ts';
import { createObjectOpener } from '../delivery/open-object.ts';
import type { RateLimiter } from '../delivery/rate-limiter.ts';
import { createRejectedEvents } from '../delivery/rejected-events.ts';
import { createDestinations } from '../destination/kinds.ts';
import { createItemRules } from '../destination/parse-delivery.ts';
import { createKernel } from '../kernel/kernel.ts';
import { createLedger } from '../ledger/ledger.ts';
import { createTableClock } from '../ledger/table-clock.ts';
import { DECODE_LIMITS } from '../object/decode-limits.ts';
import { openObject } from '../object/open.ts';
import { createQuarantine } from '../quarantine/writer.ts';
import { memoryOfOne } from '../run/schedule/scheduler.ts';
import { createTenantStore } from '../tenant/store.ts';

/** Everything that delivers an object, put together from the settings. */
export interface Composed {
  readonly deliverObject: DeliverObjectDeps;
  readonly sessions: RoleSessions;
}

/**
 * An outage of the ledger is waited for this long by deliveries that have something to save. Nothing else could be
 * delivered meanwhile, and a message may be in flight for almost 12 hours.
 */
const SAVE_PATIENCE_MS = 10 * 60_000;

export function composeDelivery({
  settings,
  metrics,
  logger,
  rateLimiter,
  onAccounted,
}: {
  settings: Settings;
  metrics: Metrics;
  logger: Logger;
  rateLimiter: RateLimiter;
  onAccounted: DeliverObjectDeps['onAccounted'];
}): Composed {
  const { random } = Math;
  const retryDeps = (service: string) => ({
    random,
    onRetry: (fault: string) => {
      metrics.retries.inc({ service, fault });
      if (fault === 'throttle') metrics.throttles.inc({ service });
    },
  });

  const kernel = createKernel(settings);
  const tableClock = createTableClock({ monotonicMs, steadyMs });
  const dynamo = createTableCalls(settings, tableClock.observe);
  const awsNowMs = tableClock.nowMs;
  const clocks = { nowMs: monotonicMs, epochMs: awsNowMs };
  const onAssume = (outcome: AssumeOutcome) => metrics.assumeRoles.inc({ outcome });
  const sts = createTenantSts(settings, { ...clocks, onAssume });
  const sessions = createRoleSessions({ sts, ...clocks, onAssume });
  const s3Deps = { watchStall: createStallWatch(settings), ...retryDeps('s3') };
  const calling = {
    sessions,
    stsRegion: settings.region,
    rateLimiter,
    metrics,
    patienceMs: settings.requestTimeoutMs,
    random,
    nowMs: monotonicMs,
  };
  const openDestination = createDestinations({
    settings,
    calling,
    kernel,
    dynamo,
    metrics,
    logger,
    nowMs: awsNowMs,
  });
  return {
    sessions,
    deliverObject: {
      tenants: createTenantStore({
        dynamo,
        table: settings.tenantTable,
        rules: createItemRules(settings),
        nowMs: monotonicMs,
      }),
      ledger: createLedger({
        dynamo,
        table: settings.ledgerTable,
        leaseMs: settings.leaseMs,
        nowMs: awsNowMs,
        newOwner: randomUUID,
        onWrite: (operation) => metrics.ledgerWrites.inc({ operation }),
      }),
      leaseMs: settings.leaseMs,
      settleMs: settings.settleMs,
      savePatienceMs: SAVE_PATIENCE_MS,
      openObject: createObjectOpener({ ...s3Deps, getObject: createGetObject(settings) }, kernel),
      openDecoder: (object, limits, signal, inputFormat) =>
        openObject(kernel, object.source, limits, signal, inputFormat),
      openDestination,
      rejectedEvents: createRejectedEvents({ openDestination, metrics, awsNowMs, monotonicMs }),
      quarantine: createQuarantine({
        ...s3Deps,
        s3: createS3Calls(settings),
        prefix: settings.quarantinePrefix,
        onWrite: (reason) => metrics.quarantineFiles.inc({ reason }),
      }),
      metrics,
      onAccounted,
      onOverflow: ({ ref }, { tenantId, type, target }, records) =>
        logger.warn(
          {
            object: objectId(ref),
            tenant: tenantId,
            delivery: type,
            records,
            log_group_name: target.group.source,
            log_stream_name: target.stream.source,
          },
          'a chunk has more names of log streams than the service makes; these records share the stream "overflow"',
        ),
      decodeLimits: DECODE_LIMITS,
      memoryBytesMax: memoryOfOne(settings.memoryBudgetBytes),
      eventBytesMax: settings.eventBytesMax,
      random,
      awsNowMs,
      monotonicMs,
    },
  };
}
