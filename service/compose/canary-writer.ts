import { createS3Calls } from '../aws/calls.ts';
import { createPutOnce } from '../aws/put-once.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Settings } from '../base/settings.ts';
import type { KeyTemplate } from '../core/object-key.ts';
import { createItemRules } from '../destination/parse-delivery.ts';
import { CANARY_LEASE, type CanaryWriter, createCanaryWriter } from '../run/watch/canary-writer.ts';
import { listTenants } from '../tenant/list.ts';
import { composeFleetLease } from './fleet-lease.ts';

/** The writer of canaries, put together from the settings; undefined when they are off. */
export function composeCanaryWriter({
  settings,
  keyTemplate,
  metrics,
  logger,
  nowMs,
}: {
  settings: Settings;
  keyTemplate: KeyTemplate;
  metrics: Metrics;
  logger: Logger;
  /** Epoch milliseconds. */
  nowMs: () => number;
}): CanaryWriter | undefined {
  const { canaryIntervalMs, canaryBucket, leaseMs } = settings;
  if (canaryIntervalMs === 0 || canaryBucket === undefined) return undefined;
  // An alarm compares what arrives with what is written, also while nothing has ever arrived.
  metrics.canaries.inc({ outcome: 'delivered' }, 0);
  const { lease, dynamo } = composeFleetLease({ settings, metrics }, CANARY_LEASE, ({ code, message }) =>
    logger.warn({ code }, `canaries are not written by this process for now: ${message}`),
  );
  const rules = createItemRules(settings);
  return createCanaryWriter({
    listTenants: (signal) => listTenants({ dynamo, table: settings.tenantTable, rules }, signal),
    put: createPutOnce({ s3: createS3Calls(settings), bucket: canaryBucket, random: Math.random }),
    keyTemplate,
    intervalMs: canaryIntervalMs,
    lease,
    leaseMs,
    metrics,
    logger,
    nowMs,
  });
}
