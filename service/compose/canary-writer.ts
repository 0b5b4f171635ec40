import { createS3Calls } from '../aws/calls.ts';
import { createPutOnce } from '../aws/put-once.ts';
import type { KeyTemplate } from '../core/object-key.ts';
import { createItemRules } from '../destination/parse-delivery.ts';
import { CANARY_LEASE, type CanaryWriter, createCanaryWriter } from '../run/watch/canary-writer.ts';
import { listTenants } from '../tenant/list.ts';
import { composeFleetLease } from './fleet-lease.ts';
import type { Ground } from './parts.ts';

/** The writer of canaries, put together from the settings; undefined when they are off. */
export function composeCanaryWriter(ground: Ground, keyTemplate: KeyTemplate): CanaryWriter | undefined {
  const { settings, metrics, logger, dynamo, nowMs } = ground;
  const { canaryIntervalMs, canaryBucket, leaseMs } = settings;
  if (canaryIntervalMs === 0 || canaryBucket === undefined) return undefined;
  // An alarm compares what arrives with what is written, also while nothing has ever arrived.
  metrics.canaries.inc({ outcome: 'delivered' }, 0);
  const lease = composeFleetLease(ground, CANARY_LEASE, ({ code, message }) =>
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
