import { setTimeout as delay } from 'node:timers/promises';
import type { PutOnce } from '../../aws/put-once.ts';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { canaryBody, canaryDueMs, canaryKey } from '../../core/canary.ts';
import type { KeyTemplate } from '../../core/object-key.ts';
import type { FleetLease, HeldLease } from '../../ledger/fleet-lease.ts';

/**
 * Writes a canary for each tenant in each interval, in one process of many.
 *
 * The lease only saves calls: keys are the same in all processes and written once, so two that write while a lease is handed
 * over write no canary twice.
 */
export interface CanaryWriter {
  /** Runs until the signal aborts, and gives the lease back. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** For each tenant when its last canary was due that is in the bucket, epoch milliseconds; empty in all but one process. */
  readonly written: ReadonlyMap<string, number>;
}

export interface CanaryWriterDeps {
  readonly listTenants: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly put: PutOnce;
  readonly keyTemplate: KeyTemplate;
  readonly intervalMs: number;
  readonly lease: FleetLease;
  /** That of the lease. */
  readonly leaseMs: number;
  readonly metrics: Pick<Metrics, 'canaries'>;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** The key of the writer's lease in the ledger. */
export const CANARY_LEASE = { name: 'log-distributor-canary', role: 'writer' } as const;
/** How often the writer looks who is due; oftener where leases are short. */
const LOOK_EVERY_MS = 1_000;
/** Tenants come and go by the hour. */
const LIST_EVERY_MS = 60_000;
const PUTS_AT_ONCE = 8;

export function createCanaryWriter(deps: CanaryWriterDeps): CanaryWriter {
  const { intervalMs, leaseMs, logger, nowMs } = deps;
  const written = new Map<string, number>();

  const put = async (tenant: string, dueMs: number, signal: AbortSignal) => {
    try {
      const key = canaryKey(deps.keyTemplate, tenant, dueMs);
      deps.metrics.canaries.inc({ outcome: await deps.put(key, canaryBody(tenant, nowMs()), signal) });
      written.set(tenant, dueMs);
    } catch (error) {
      if (signal.aborted) return;
      deps.metrics.canaries.inc({ outcome: 'failed' });
      logger.warn({ ...errorFields(error), tenant }, 'a canary could not be written; the next one follows on schedule');
    }
  };

  const forgetAllBut = (tenants: readonly string[]) => {
    const listed = new Set(tenants);
    for (const tenant of written.keys()) if (!listed.has(tenant)) written.delete(tenant);
  };

  /** Writes for as long as the lease is ours. @throws when it is lost, or when a table does not answer */
  const write = async (held: HeldLease) => {
    const { signal } = held;
    let listedMs = Number.NEGATIVE_INFINITY;
    let tenants: readonly string[] = [];
    // What was due while nobody wrote: a writer that died had the lease for so long.
    let doneMs = nowMs() - 2 * leaseMs;
    while (!signal.aborted) {
      if (nowMs() - listedMs >= LIST_EVERY_MS) {
        tenants = await deps.listTenants(signal);
        listedMs = nowMs();
        forgetAllBut(tenants);
      }
      const untilMs = nowMs();
      const due = tenants
        .map((tenant) => ({ tenant, dueMs: canaryDueMs(tenant, intervalMs, untilMs) }))
        .filter(({ dueMs }) => dueMs > doneMs);
      for (let at = 0; at < due.length; at += PUTS_AT_ONCE) {
        held.check();
        await Promise.all(due.slice(at, at + PUTS_AT_ONCE).map(({ tenant, dueMs }) => put(tenant, dueMs, signal)));
      }
      doneMs = untilMs;
      await delay(Math.min(LOOK_EVERY_MS, leaseMs / 6), undefined, { signal }).catch(() => {});
    }
  };

  return {
    written,
    run: (signal) =>
      deps.lease.run(async (held) => {
        logger.info({ interval_seconds: intervalMs / 1000 }, 'this process writes the canaries from now on');
        try {
          await write(held);
        } finally {
          written.clear();
        }
      }, signal),
  };
}
