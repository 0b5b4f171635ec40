import type { Metrics } from '../../base/metrics.ts';
import type { HandBacks } from '../queue/hand-backs.ts';
import type { CircuitBreakers } from '../schedule/circuit-breakers.ts';
import type { RateLimits } from '../schedule/rate-limits.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Parked } from '../stats/parked.ts';

/**
 * The work that more processes would finish sooner. A message waits for capacity when its tenant's objects wait for a slot here, or
 * were handed back because the tenant has its share in flight. It does not when it waits for its tenant's destination: a
 * tenant that refuses, throttles or does not answer takes nothing sooner however many processes there are
 * (docs/decisions/0043-scaling.md).
 */
export interface Workable {
  /** In flight without a slot, and handed back, by estimate. */
  readonly messages: number;
  /** Whether some of them are in flight: the process has no slot for them. */
  readonly saturated: boolean;
  /** When the oldest of these tenants' objects was announced, epoch milliseconds; undefined: none waits. */
  readonly oldestMs: number | undefined;
}

export interface WorkableDeps {
  readonly scheduler: Pick<Scheduler, 'waitingOf' | 'waitingTenants'>;
  readonly handBacks: Pick<HandBacks, 'awayByTenant'>;
  readonly breakers: Pick<CircuitBreakers, 'list' | 'onTrial'>;
  readonly rateLimits: Pick<RateLimits, 'isPaced'>;
  readonly parked: Pick<Parked, 'tenants'>;
  /** When a tenant's oldest object that is in flight or away was announced, epoch milliseconds. */
  readonly oldestMs: (tenant: string) => number | undefined;
}

export function lookForWork(deps: WorkableDeps): Workable {
  const { scheduler, handBacks, breakers, rateLimits, parked, oldestMs } = deps;
  const obstructed = new Set([...breakers.list().map(({ tenant }) => tenant), ...parked.tenants()]);
  const away = handBacks.awayByTenant();
  const tenants = new Set([...scheduler.waitingTenants(), ...away.keys()]);
  let [messages, waiting, oldest] = [0, 0, Number.POSITIVE_INFINITY];
  for (const tenant of tenants) {
    if (obstructed.has(tenant) || breakers.onTrial(tenant) || rateLimits.isPaced(tenant)) continue;
    waiting += scheduler.waitingOf(tenant);
    messages += scheduler.waitingOf(tenant) + (away.get(tenant) ?? 0);
    oldest = Math.min(oldest, oldestMs(tenant) ?? oldest);
  }
  return {
    messages: Math.round(messages),
    saturated: waiting > 0,
    oldestMs: Number.isFinite(oldest) ? oldest : undefined,
  };
}

/** Sets the gauges for a scrape. */
export function observeWork(
  metrics: Pick<Metrics, 'workableMessages' | 'workableAge' | 'saturated'>,
  { messages, saturated, oldestMs }: Workable,
  nowMs: number,
): void {
  metrics.workableMessages.set(messages);
  metrics.saturated.set(saturated ? 1 : 0);
  metrics.workableAge.set(oldestMs === undefined ? 0 : Math.max(0, (nowMs - oldestMs) / 1000));
}
