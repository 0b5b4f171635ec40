import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { placeName } from '../../core/place.ts';
import type { HeldPlace } from '../../delivery/call-watch.ts';
import type { CircuitBreakers, CircuitBreakersDeps } from '../schedule/circuit-breakers.ts';
import type { PlaceTrouble } from '../schedule/places.ts';
import type { Parked } from '../stats/parked.ts';

/** Reports destinations that refuse or do not answer, in the log and as metrics. */

const SENTENCES = {
  open: 'circuit open',
  closed: 'circuit closed: the destination accepts again',
  unanswered: 'no answer yet',
  answered: 'the destination answered',
} as const;

export function logDelivery(
  logger: Logger,
  metrics: Pick<Metrics, 'circuitChanges'>,
  ...[to, { tenant, type, code, message, sinceMs }]: Parameters<CircuitBreakersDeps['onChange']>
): void {
  const fields = { tenant, delivery: type, code, since: new Date(sinceMs).toISOString() };
  if (to === 'open' || to === 'closed') metrics.circuitChanges.inc({ to });
  if (to === 'open' || to === 'unanswered') logger.warn(fields, `${SENTENCES[to]}: ${message}`);
  else logger.info(fields, SENTENCES[to]);
}

export function logPlace(logger: Logger, to: 'open' | 'closed', { place, sinceMs, tenants }: PlaceTrouble): void {
  const fields = { place: placeName(place), since: new Date(sinceMs).toISOString(), tenants };
  if (to === 'open') logger.warn(fields, `${placeName(place)} answers no tenant; one object at a time probes it`);
  else logger.info(fields, `${placeName(place)} answers again`);
}

/** The state of a place that does not answer, for worker threads. */
export function heldPlace({ sinceMs, againAtMs }: PlaceTrouble, nowMs: number): HeldPlace {
  return {
    message: `no tenant has had an answer since ${new Date(sinceMs).toISOString()}; another object is the probe`,
    retryAfterMs: Math.max(0, againAtMs - nowMs),
  };
}

/** Sets the gauges for a scrape. */
export function observeTrouble(
  metrics: Pick<
    Metrics,
    'circuitsOpen' | 'unansweredSeconds' | 'placesUnanswered' | 'parkedMessages' | 'parkedDeadLetter'
  >,
  breakers: Pick<CircuitBreakers, 'list' | 'listPlaces'>,
  parked: Parked,
  nowMs: number,
): void {
  for (const gauge of Object.values(pick(metrics))) gauge.reset();
  const unanswered = new Map<string, number>();
  for (const { tenant, code, state, sinceMs } of breakers.list()) {
    if (state === 'open' || state === 'probing') metrics.circuitsOpen.inc({ tenant, code });
    if (!UNANSWERED.has(code)) continue;
    unanswered.set(tenant, Math.max(unanswered.get(tenant) ?? 0, (nowMs - sinceMs) / 1000));
  }
  for (const [tenant, seconds] of unanswered) metrics.unansweredSeconds.set({ tenant }, seconds);
  for (const { place } of breakers.listPlaces())
    metrics.placesUnanswered.set({ service: place.service.id, region: place.region }, 1);
  for (const tenant of parked.tenants()) {
    const { messages, firstDeadLetterMs } = parked.of(tenant);
    metrics.parkedMessages.set({ tenant }, messages);
    if (firstDeadLetterMs !== undefined) metrics.parkedDeadLetter.set({ tenant }, firstDeadLetterMs / 1000);
  }
}

const UNANSWERED: ReadonlySet<string> = new Set(['answer-awaited', 'destination-unavailable', 'role-unavailable']);

function pick({
  circuitsOpen,
  unansweredSeconds,
  placesUnanswered,
  parkedMessages,
  parkedDeadLetter,
}: Parameters<typeof observeTrouble>[0]) {
  return { circuitsOpen, unansweredSeconds, placesUnanswered, parkedMessages, parkedDeadLetter };
}
