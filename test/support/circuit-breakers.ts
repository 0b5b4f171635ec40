import type { ErrorCode } from '../../service/base/errors.ts';
import type { ObjectReport, ReportLine } from '../../service/delivery/report.ts';
import { createCircuitBreakers, type Pass } from '../../service/run/schedule/circuit-breakers.ts';
import { LOGS_PLACE } from './places.ts';

export const NOON_MS = Date.UTC(2026, 0, 31, 12);

export const line = (kind: ReportLine['kind'], more: Partial<ReportLine> = {}): ReportLine => ({
  type: 'cloudwatch',
  kind,
  ...more,
});
export const done = line('done', { accepted: true });
export const failed = (code: ErrorCode, more: Partial<ReportLine> = {}) =>
  line('failed', { code, message: `it is ${code}`, ...more });
export const refused = failed('role-refused');
export const throttled = (retryAfterMs: number, accepted = false) =>
  failed('destination-throttled', { retryAfterMs, accepted });
export const report = (...lines: ReportLine[]): ObjectReport => ({ lines });

export const doneThere = line('done', { accepted: true, place: LOGS_PLACE });
export const unavailable = failed('destination-unavailable', { place: LOGS_PLACE });

/** Circuit breakers with a clock that the test sets, and what they told. */
export function setUpBreakers() {
  const now = { ms: NOON_MS };
  const changes: string[] = [];
  const places: string[] = [];
  const breakers = createCircuitBreakers({
    nowMs: () => now.ms,
    probeMs: 120_000,
    onChange: (to, { tenant, type, code }) => changes.push(`${tenant}/${type} ${to}: ${code}`),
    onPlaceChange: (to, { place }) => places.push(`${place.service.id} in ${place.region} ${to}`),
  });
  /** One object from its beginning to its end. @returns what was left out of it, and the report */
  const deliver = (...lines: ReportLine[]) => {
    const pass = breakers.enter('acme');
    return { held: pass.held, report: pass.leave(report(...lines)) };
  };
  const states = () => breakers.list().map(({ type, state }) => `${type} ${state}`);
  /** An object of a tenant whose call has had no answer for so long. */
  const fallSilent = (tenant: string, forMs = 300): Pass => {
    const pass = breakers.enter(tenant);
    pass.unanswered({ type: 'cloudwatch', place: LOGS_PLACE, forMs });
    return pass;
  };
  return { breakers, now, changes, places, deliver, states, fallSilent };
}
