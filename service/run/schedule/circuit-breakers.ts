import type { ErrorCode } from '../../base/errors.ts';
import { lruSet } from '../../base/lru.ts';
import { isHeld, opened, type ProbeTimes } from '../../core/circuit.ts';
import { isSts, type Place, placeKey } from '../../core/place.ts';
import { TENANTS_MAX } from '../../core/tenants-max.ts';
import type { Unanswered } from '../../delivery/call-watch.ts';
import type { ObjectReport, ReportLine } from '../../delivery/report.ts';
import {
  type DeliveryState,
  heldLine,
  newDelivery,
  passingTrouble,
  placeTrouble,
  shown,
  type Trouble,
  throttledAfter,
  type Wait,
  waitOf,
} from './delivery-trouble.ts';
import { createPlaces, type PlaceTrouble } from './places.ts';
import { createTrials } from './trials.ts';

/**
 * Knows which deliveries of which tenants may be tried now, from what became of the last objects, and from calls that wait
 * for an answer. Each delivery that is refused, or that gets no answer, has a circuit breaker (core/circuit.ts); where a
 * whole region does not answer there is one for all (run/schedule/places.ts). Beside them, a delivery is held while one of its
 * objects waits for an answer, and while its destination throttles. What is held waits in the queue: no slot, no memory, no
 * call to the tenant's account.
 */
export interface CircuitBreakers {
  /**
   * Why no delivery of the tenant may be tried now, one line each; null when at least one may, or none is known.
   * @param only the one delivery that the object is for; undefined: all
   */
  held(tenant: string, only?: string): readonly ReportLine[] | null;
  /**
   * Whether the tenant has yet to show that its destinations answer: several others' stopped answering at the same time,
   * and it has had no answer since.
   */
  onTrial(tenant: string): boolean;
  /** An object goes to work, for all deliveries or only one. A probe that is due goes with it. */
  enter(tenant: string, only?: string): Pass;
  /** Whether any object of the tenant has come back from its deliveries since the start of the process. */
  known(tenant: string): boolean;
  /** An object of the tenant that is at work was answered. */
  answered(tenant: string): void;
  /** Deliveries in trouble, in no order. */
  list(): readonly DeliveryTrouble[];
  /** Regions in which a service does not answer. */
  listPlaces(): readonly PlaceTrouble[];
}

export interface Pass {
  /** Types of the deliveries to leave out. */
  readonly held: readonly string[];
  /** Keys of places that do not answer, at which this object is to ask all the same. */
  readonly probes: readonly string[];
  /** One of its calls has no answer yet. */
  unanswered(call: Unanswered): void;
  /** All calls of a delivery have their answers. */
  answered(type: string): void;
  /** Takes the answer in. @returns the report with the reasons of what was left out, and with when to try again */
  leave(report: ObjectReport): ObjectReport;
}

export interface DeliveryTrouble {
  readonly tenant: string;
  readonly type: string;
  /** `unanswered`: a call waits, and nobody knows yet. */
  readonly state: 'unanswered' | 'open' | 'probing' | 'throttled';
  readonly code: ErrorCode;
  readonly message: string;
  readonly sinceMs: number;
  /** When an object may try again. */
  readonly againAtMs: number;
}

/** What people are told of a delivery. */
export type DeliveryChange = Pick<DeliveryTrouble, 'tenant' | 'type' | 'code' | 'message' | 'sinceMs'>;

export interface CircuitBreakersDeps {
  readonly nowMs: () => number;
  /** How long a refused delivery is left alone at first. Every process has its own circuits, and makes its own probes. */
  readonly probeMs: number;
  /** A circuit has opened or closed; or a call has been without an answer for seconds, or has it at last. */
  readonly onChange: (to: 'open' | 'closed' | 'unanswered' | 'answered', delivery: DeliveryChange) => void;
  readonly onPlaceChange: (to: 'open' | 'closed', trouble: PlaceTrouble) => void;
}

/** The time between two probes doubles up to this many times the first: a role that is fixed at last is found so in time. */
const REFUSED_GROWTH_MAX = 5;
/** What does not answer heals by itself, often within seconds. */
const UNAVAILABLE_FIRST_MS = 5_000;
/** Calls that have waited for so long are told to people: within 15 s, whoever looks. */
const TOLD_AFTER_MS = 5_000;
/** Only somebody's change helps. The tenant's side has answered, though. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['role-refused', 'destination-refused']);
/** Nobody answered. It may heal by itself. */
const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set(['role-unavailable', 'destination-unavailable']);

interface Tenant {
  readonly deliveries: Map<string, DeliveryState>;
  /** When anybody on its side last answered. */
  answeredMs: number;
  /** Whether an object has come back with lines of its deliveries. */
  known: boolean;
}

export function createCircuitBreakers(deps: CircuitBreakersDeps): CircuitBreakers {
  const { nowMs, probeMs, onChange } = deps;
  const refusedTimes = { firstMs: probeMs, capMs: probeMs * REFUSED_GROWTH_MAX };
  const unavailableTimes: ProbeTimes = { firstMs: Math.min(probeMs, UNAVAILABLE_FIRST_MS), capMs: probeMs };
  const tenants = new Map<string, Tenant>();
  const trials = createTrials<DeliveryState>();
  const places = createPlaces({
    nowMs,
    probeTimes: unavailableTimes,
    onChange(to, trouble) {
      if (to === 'closed') letAllTry(trouble.place);
      deps.onPlaceChange(to, trouble);
    },
  });

  /** What failed there had no other reason: nobody has to wait for a probe of its own. */
  const letAllTry = (place: Place) => {
    const key = placeKey(place);
    for (const { deliveries } of tenants.values()) {
      for (const delivery of deliveries.values()) {
        const { circuit } = delivery;
        if (circuit?.place && placeKey(circuit.place) === key) delivery.circuit = { ...circuit, againAtMs: nowMs() };
      }
    }
  };

  const tenantOf = (id: string): Tenant => {
    const [oldest] = tenants.values();
    const tenant = tenants.get(id) ?? { deliveries: new Map(), answeredMs: Number.NEGATIVE_INFINITY, known: false };
    const forgotten = lruSet(tenants, id, tenant, TENANTS_MAX);
    if (forgotten !== undefined) for (const delivery of oldest?.deliveries.values() ?? []) trials.forget(delivery);
    return tenant;
  };

  const deliveryOf = (tenant: Tenant, type: string): DeliveryState => {
    const delivery = tenant.deliveries.get(type) ?? newDelivery();
    tenant.deliveries.set(type, delivery);
    return delivery;
  };

  const note = (delivery: DeliveryState) => {
    const awaited = delivery.waits.size > 0;
    trials.note(delivery, { awaited, silent: awaited || delivery.circuit?.place !== undefined });
  };

  /** Why a delivery may not be tried now; undefined when it may. */
  const troubleOf = (id: string, delivery: DeliveryState): Trouble | undefined => {
    const { place, circuit } = delivery;
    const now = nowMs();
    if (circuit && !circuit.place) return isHeld(circuit, now) ? circuit : undefined;
    for (const each of [place, circuit?.place]) {
      const held = each && places.held(each, id);
      if (held) return placeTrouble(held);
    }
    // Where the place is the trouble, it decides when somebody may try.
    if (circuit && !inPlaceTrouble(delivery)) return isHeld(circuit, now) ? circuit : undefined;
    return passingTrouble(delivery, now);
  };

  const inPlaceTrouble = ({ place, circuit }: DeliveryState): boolean => {
    const keys = new Set([place, circuit?.place].map((each) => each && placeKey(each)));
    return places.list().some((trouble) => keys.has(placeKey(trouble.place)));
  };

  const open = (id: string, delivery: DeliveryState, line: ReportLine, probe: boolean) => {
    const { type, code = 'unexpected', message = '' } = line;
    const place = UNAVAILABLE.has(code) ? line.place : undefined;
    const before = delivery.circuit;
    const sameKind = Boolean(before?.place) === Boolean(place);
    // Objects that were on their way when the circuit opened say nothing new.
    if (before && !probe && sameKind) return;
    const [wait] = delivery.waits.values();
    const known = sameKind ? before : undefined;
    const times = place ? unavailableTimes : refusedTimes;
    const circuit = opened(known, wait?.sinceMs ?? nowMs(), nowMs(), times);
    if (place) places.troubled(place, id, circuit.sinceMs);
    delivery.circuit = { ...circuit, code, message, place };
    if (!known) onChange('open', { tenant: id, type, code, message, sinceMs: circuit.sinceMs });
  };

  const close = (id: string, type: string, delivery: DeliveryState) => {
    const { circuit } = delivery;
    delivery.circuit = undefined;
    if (circuit) onChange('closed', { tenant: id, type, ...shown(circuit) });
  };

  /** What a line says of its delivery. `probe`: the object was the one that was to find out. */
  const learn = (id: string, tenant: Tenant, delivery: DeliveryState, line: ReportLine, probe: boolean) => {
    const { type, code = 'unexpected', place } = line;
    const accepted = line.accepted === true;
    const refused = line.kind === 'failed' && REFUSED.has(code);
    if (place && !isSts(place)) delivery.place = place;
    const unassumed = delivery.circuit?.place;
    if (probe && unassumed && isSts(unassumed) && hasReached(line)) places.answered(unassumed, id);
    if (accepted || refused) {
      tenant.answeredMs = nowMs();
      if (place) places.answered(place, id);
    }
    if (line.kind === 'failed' && (refused || UNAVAILABLE.has(code))) open(id, delivery, line, probe);
    else if (accepted && (probe || delivery.circuit?.place)) close(id, type, delivery);
    delivery.throttled = throttledAfter(delivery.throttled, line, nowMs());
  };

  /** What is known of the deliveries that an object is for. */
  const concerned = (id: string, only: string | undefined): [type: string, delivery: DeliveryState][] =>
    [...(tenants.get(id)?.deliveries ?? [])].filter(([type]) => only === undefined || type === only);

  const stopWaiting = (id: string, pass: object, type: string, delivery: DeliveryState): Wait | undefined => {
    const wait = delivery.waits.get(pass);
    delivery.waits.delete(pass);
    note(delivery);
    if (wait?.told && delivery.waits.size === 0 && !delivery.circuit) {
      onChange('answered', { tenant: id, type, ...shown(wait) });
    }
    return wait;
  };

  const forget = (id: string, tenant: Tenant, type: string) => {
    const delivery = tenant.deliveries.get(type);
    if (!delivery) return;
    for (const place of [delivery.place, delivery.circuit?.place]) if (place) places.forget(place, id);
    tenant.deliveries.delete(type);
    trials.forget(delivery);
  };

  const enter = (id: string, only: string | undefined): Pass => {
    const pass = {};
    const held = new Map<string, Trouble>();
    const probes = new Set<string>();
    const placeProbes = new Map<string, Place>();
    for (const [type, delivery] of concerned(id, only)) {
      const trouble = troubleOf(id, delivery);
      if (trouble) {
        held.set(type, trouble);
        continue;
      }
      for (const place of [delivery.place, delivery.circuit?.place]) {
        if (place && places.enter(place)) placeProbes.set(placeKey(place), place);
      }
      if (!delivery.circuit) continue;
      delivery.circuit = { ...delivery.circuit, probeBeganMs: nowMs() };
      probes.add(type);
    }

    const takeIn = (lines: readonly ReportLine[]) => {
      const tenant = tenantOf(id);
      tenant.known = true;
      const failedAt = new Set<string>();
      for (const line of lines) {
        if (line.kind === 'held') continue;
        learn(id, tenant, deliveryOf(tenant, line.type), line, probes.has(line.type));
        if (line.place && line.code && UNAVAILABLE.has(line.code)) failedAt.add(placeKey(line.place));
        if (line.kind === 'skipped') forget(id, tenant, line.type);
      }
      // Deliveries that the tenant no longer has.
      for (const [type] of concerned(id, only)) if (!lines.some((line) => line.type === type)) forget(id, tenant, type);
      return failedAt;
    };

    const leave = (report: ObjectReport): ObjectReport => {
      const named = report.lines.filter(({ type }) => type !== '');
      const failedAt = named.length > 0 ? takeIn(named) : new Set<string>();
      for (const [key, place] of placeProbes) places.leave(place, failedAt.has(key));
      for (const [type, delivery] of concerned(id, only)) {
        stopWaiting(id, pass, type, delivery);
        // A probe that came to no answer leaves the next object to be one.
        if (probes.has(type) && delivery.circuit) delivery.circuit = { ...delivery.circuit, probeBeganMs: undefined };
      }
      return { lines: report.lines.map(withReason) };
    };

    /** What was left out, and what failed, hears when it may be tried again. */
    const withReason = (line: ReportLine): ReportLine => {
      const delivery = tenants.get(id)?.deliveries.get(line.type);
      const trouble = delivery && troubleOf(id, delivery);
      if (line.kind === 'failed' && trouble) return { ...line, retryAfterMs: Math.max(0, trouble.againAtMs - nowMs()) };
      if (line.kind !== 'held') return line;
      if (trouble) return heldLine(line.type, trouble, nowMs());
      // What held it when it began may be over by now: then it may come back at once.
      const why = held.get(line.type);
      return why ? { ...heldLine(line.type, why, nowMs()), retryAfterMs: 0 } : line;
    };

    return {
      held: [...held.keys()],
      probes: [...placeProbes.keys()],
      unanswered(call) {
        const tenant = tenantOf(id);
        const delivery = deliveryOf(tenant, call.type);
        const before = delivery.waits.get(pass);
        const told = before?.told || call.forMs >= TOLD_AFTER_MS;
        const wait = waitOf(call, before?.sinceMs ?? nowMs() - call.forMs, told);
        delivery.waits.set(pass, wait);
        note(delivery);
        if (!before) trials.fellSilent(tenant.answeredMs, wait.sinceMs);
        // An answer that is a moment late says nothing of a whole region.
        if (told) places.troubled(call.place, id, wait.sinceMs);
        if (told && !before?.told && !delivery.circuit) {
          onChange('unanswered', { tenant: id, type: call.type, ...shown(wait) });
        }
      },
      answered(type) {
        const tenant = tenants.get(id);
        const delivery = tenant?.deliveries.get(type);
        if (!tenant || !delivery) return;
        tenant.answeredMs = nowMs();
        const wait = stopWaiting(id, pass, type, delivery);
        if (wait) places.answered(wait.place, id);
      },
      leave,
    };
  };

  return {
    held(id, only) {
      const lines: ReportLine[] = [];
      for (const [type, delivery] of concerned(id, only)) {
        const trouble = troubleOf(id, delivery);
        if (!trouble) return null;
        lines.push(heldLine(type, trouble, nowMs()));
      }
      return lines.length > 0 ? lines : null;
    },
    onTrial: (id) => trials.onTrial(tenants.get(id)?.answeredMs),
    enter,
    known: (id) => tenants.get(id)?.known === true,
    answered(id) {
      const tenant = tenants.get(id);
      if (tenant) tenant.answeredMs = nowMs();
    },
    list: () =>
      [...tenants].flatMap(([tenant, { deliveries }]) =>
        [...deliveries].flatMap(([type, delivery]) => {
          const trouble = shownTrouble(delivery, nowMs());
          return trouble ? [{ tenant, type, ...trouble }] : [];
        }),
      ),
    listPlaces: () => places.list(),
  };
}

/**
 * Whether an object of a delivery without a session has come to its destination: STS has given it one. What had nothing to deliver
 * has asked nobody.
 */
function hasReached({ kind, place, code = 'unexpected', accepted = false }: ReportLine): boolean {
  if (!place || isSts(place)) return false;
  return accepted || (kind === 'failed' && (REFUSED.has(code) || UNAVAILABLE.has(code)));
}

function shownTrouble(
  { circuit, waits, throttled }: DeliveryState,
  now: number,
): Omit<DeliveryTrouble, 'tenant' | 'type'> | undefined {
  const [wait] = waits.values();
  if (circuit)
    return {
      state: circuit.probeBeganMs === undefined ? 'open' : 'probing',
      ...shown(circuit),
      againAtMs: circuit.againAtMs,
    };
  if (wait) return { state: 'unanswered', ...shown(wait), againAtMs: now };
  if (throttled && now < throttled.againAtMs) return { state: 'throttled', ...throttled };
  return undefined;
}
