import type { ErrorCode } from '../../base/errors.ts';
import type { Circuit } from '../../core/circuit.ts';
import { isSts, type Place, placeName } from '../../core/place.ts';
import type { Unanswered } from '../../delivery/call-watch.ts';
import type { ReportLine } from '../../delivery/report.ts';
import type { PlaceTrouble } from './places.ts';

/** What is known of one delivery's destination: plain data, of which there is one for each delivery of thousands of tenants. */
export interface DeliveryState {
  /** Where its destination is, once that is known. */
  place: Place | undefined;
  circuit: DeliveryCircuit | undefined;
  throttled: Trouble | undefined;
  /** Calls that wait for an answer, by the object that makes them. */
  readonly waits: Map<object, Wait>;
}

export interface Trouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly sinceMs: number;
  /** When an object may try again. */
  readonly againAtMs: number;
}

export interface DeliveryCircuit extends Circuit, Trouble {
  /** What did not answer; undefined where somebody did, and refused. */
  readonly place: Place | undefined;
}

export interface Wait extends Omit<Trouble, 'againAtMs'> {
  /** Who has not answered. */
  readonly place: Place;
  /** Whether people have been told of it. */
  readonly told: boolean;
}

/** A destination that throttles every call is asked less and less often. */
const THROTTLED_MAX_MS = 600_000;
/** Behind a call without an answer, others come back after as long as it has lasted, within these. */
const AWAIT_MIN_MS = 1_000;
const AWAIT_MAX_MS = 15_000;

export function newDelivery(): DeliveryState {
  return { place: undefined, circuit: undefined, throttled: undefined, waits: new Map() };
}

/** Why nobody may try for a moment: a call has no answer yet, or the destination throttles. */
export function passingTrouble({ waits, throttled }: DeliveryState, nowMs: number): Trouble | undefined {
  const [wait] = waits.values();
  if (wait) {
    const waitedMs = nowMs - wait.sinceMs;
    return { ...shown(wait), againAtMs: nowMs + Math.min(AWAIT_MAX_MS, Math.max(AWAIT_MIN_MS, waitedMs)) };
  }
  return throttled && nowMs < throttled.againAtMs ? throttled : undefined;
}

/** The throttling of a delivery after a report. */
export function throttledAfter(before: Trouble | undefined, line: ReportLine, nowMs: number): Trouble | undefined {
  const { code, message = '', accepted } = line;
  if (line.kind !== 'failed' || code !== 'destination-throttled') return accepted ? undefined : before;
  const sinceMs = accepted ? nowMs : (before?.sinceMs ?? nowMs);
  // As long again as it has taken nothing: a destination that is throttled to death is asked less and less often.
  const waitMs = Math.max(line.retryAfterMs ?? 0, Math.min(THROTTLED_MAX_MS, nowMs - sinceMs));
  return { code, message, sinceMs, againAtMs: nowMs + waitMs };
}

export function waitOf({ place, fault }: Unanswered, sinceMs: number, told: boolean): Wait {
  const what = fault === undefined ? 'has not answered' : `fails (${fault})`;
  const message = `${placeName(place)} ${what} since ${new Date(sinceMs).toISOString()}; an object is trying`;
  return { code: 'answer-awaited', message, sinceMs, told, place };
}

/** What a place that does not answer means to each delivery there. */
export function placeTrouble({ place, sinceMs, againAtMs, tenants }: PlaceTrouble): Trouble {
  const silence = `${placeName(place)} has not answered ${tenants} tenants since ${new Date(sinceMs).toISOString()}`;
  return {
    code: isSts(place) ? 'role-unavailable' : 'destination-unavailable',
    message: `${silence}; one object at a time finds out when it does`,
    sinceMs,
    againAtMs,
  };
}

export function heldLine(type: string, { code, message, againAtMs }: Trouble, nowMs: number): ReportLine {
  return { type, kind: 'held', code, message, retryAfterMs: Math.max(0, againAtMs - nowMs) };
}

/** Without what nobody else needs to know. */
export function shown<T extends Wait | Trouble>({ code, message, sinceMs }: T): Omit<Trouble, 'againAtMs'> {
  return { code, message, sinceMs };
}
