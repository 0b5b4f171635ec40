import type { ErrorCode } from '../base/errors.ts';
import { toNewest } from '../base/newest.ts';
import { type Circuit, isHeld, opened, type ProbeTimes } from '../core/circuit.ts';
import { type Place, placeKey, placeName } from '../core/place.ts';
import type { Unanswered } from '../delivery/call-watch.ts';
import { createPlaces, type PlaceTrouble } from './places.ts';
import type { ObjectReport, ReportLine } from './report.ts';

/**
 * Knows which deliveries of which tenants may be tried now, from what became of the last objects, and from calls that wait
 * for an answer. Each delivery that is refused, or that gets no answer, has a circuit breaker (core/circuit.ts); where a
 * whole region does not answer there is one for all (run/places.ts). Beside them, a delivery is held while one of its
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
  /** Whether any object of the tenant has come back with an answer since the start of the process. */
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
/** A destination that throttles every call is asked less and less often. */
const THROTTLED_MAX_MS = 600_000;
/** Behind a call without an answer, others come back after as long as it has lasted, within these. */
const AWAIT_MIN_MS = 1_000;
const AWAIT_MAX_MS = 15_000;
/** Calls that have waited for so long are told to people: within 15 s, whoever looks. */
const TOLD_AFTER_MS = 5_000;
/** One late answer is nobody's trouble but its own; with so many at once, others may be silent of whom nobody knows yet. */
const ONSET_MIN = 3;
const TENANTS_MAX = 20_000;
/** Only somebody's change helps. The tenant's side has answered, though. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['role-refused', 'destination-refused']);
/** Nobody answered. It may heal by itself. */
const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set(['role-unavailable', 'destination-unavailable']);

interface Trouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly sinceMs: number;
  readonly againAtMs: number;
}

interface DeliveryCircuit extends Circuit, Trouble {
  /** What did not answer; undefined where somebody did, and refused. */
  readonly place: Place | undefined;
}

/** A call of an object that waits for its answer. */
interface Wait extends Omit<Trouble, 'againAtMs'> {
  readonly told: boolean;
}

interface Delivery {
  /** Where its destination is, once that is known. */
  place: Place | undefined;
  circuit: DeliveryCircuit | undefined;
  throttled: Trouble | undefined;
  /** By the object that waits. */
  readonly waits: Map<object, Wait>;
}

interface Tenant {
  readonly deliveries: Map<string, Delivery>;
  /** When anybody on its side last answered. */
  answeredMs: number;
}

export function createCircuitBreakers(deps: CircuitBreakersDeps): CircuitBreakers {
  const { nowMs, probeMs, onChange } = deps;
  const refusedTimes = { firstMs: probeMs, capMs: probeMs * REFUSED_GROWTH_MAX };
  const unavailableTimes: ProbeTimes = { firstMs: Math.min(probeMs, UNAVAILABLE_FIRST_MS), capMs: probeMs };
  const tenants = new Map<string, Tenant>();
  /** Deliveries that get no answer: of all, and those of which nobody knows yet whether one will come. */
  const silent = new Set<Delivery>();
  const awaited = new Set<Delivery>();
  /** When several fell silent at the same time, for the last time. */
  let onsetMs = Number.NEGATIVE_INFINITY;

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

  /** A tenant falls silent. If it has had no answer since the last time, that is when it did. */
  const noteOnset = ({ answeredMs }: Tenant, sinceMs: number) => {
    if (awaited.size >= ONSET_MIN && answeredMs >= onsetMs) onsetMs = Math.max(onsetMs, sinceMs);
  };

  const drop = (delivery: Delivery) => {
    silent.delete(delivery);
    awaited.delete(delivery);
  };

  const tenantOf = (id: string): Tenant => {
    const [oldest] = tenants.values();
    const tenant = tenants.get(id) ?? { deliveries: new Map(), answeredMs: Number.NEGATIVE_INFINITY };
    const forgotten = toNewest(tenants, id, tenant, TENANTS_MAX);
    if (forgotten !== undefined) for (const delivery of oldest?.deliveries.values() ?? []) drop(delivery);
    return tenant;
  };

  const deliveryOf = (tenant: Tenant, type: string): Delivery => {
    const delivery = tenant.deliveries.get(type) ?? newDelivery();
    tenant.deliveries.set(type, delivery);
    return delivery;
  };

  /** Whether a delivery gets no answer, after whatever changed it. */
  const count = (delivery: Delivery) => {
    if (delivery.circuit?.place || delivery.waits.size > 0) silent.add(delivery);
    else silent.delete(delivery);
    if (delivery.waits.size > 0) awaited.add(delivery);
    else awaited.delete(delivery);
  };

  /** Why a delivery may not be tried now; undefined when it may. */
  const troubleOf = (id: string, delivery: Delivery): Trouble | undefined => {
    const { place, circuit, throttled, waits } = delivery;
    const now = nowMs();
    if (circuit && !circuit.place) return isHeld(circuit, now) ? circuit : undefined;
    for (const each of [place, circuit?.place]) {
      const held = each && places.held(each, id);
      if (held) return placeTrouble(held);
    }
    // Where the place is the trouble, it decides when somebody may try.
    if (circuit && !inPlaceTrouble(delivery)) return isHeld(circuit, now) ? circuit : undefined;
    const [wait] = waits.values();
    if (wait) return { ...wait, againAtMs: now + Math.min(AWAIT_MAX_MS, Math.max(AWAIT_MIN_MS, now - wait.sinceMs)) };
    return throttled && now < throttled.againAtMs ? throttled : undefined;
  };

  const inPlaceTrouble = ({ place, circuit }: Delivery): boolean => {
    const keys = new Set([place, circuit?.place].map((each) => each && placeKey(each)));
    return places.list().some((trouble) => keys.has(placeKey(trouble.place)));
  };

  const heldLine = (type: string, { code, message, againAtMs }: Trouble): ReportLine => ({
    type,
    kind: 'held',
    code,
    message,
    retryAfterMs: Math.max(0, againAtMs - nowMs()),
  });

  const open = (id: string, delivery: Delivery, line: ReportLine, probe: boolean) => {
    const { type, code = 'unexpected', message = '' } = line;
    const place = UNAVAILABLE.has(code) ? line.place : undefined;
    const before = delivery.circuit;
    // Objects that were on their way when the circuit opened say nothing new.
    if (before && !probe && Boolean(before.place) === Boolean(place)) return;
    const [wait] = delivery.waits.values();
    const sinceMs = wait?.sinceMs ?? nowMs();
    const known = before && Boolean(before.place) === Boolean(place) ? before : undefined;
    const circuit = opened(known, sinceMs, nowMs(), place ? unavailableTimes : refusedTimes);
    if (place) places.troubled(place, id, circuit.sinceMs);
    delivery.circuit = { ...circuit, code, message, place };
    if (!known) onChange('open', { tenant: id, type, code, message, sinceMs: circuit.sinceMs });
  };

  const close = (id: string, type: string, delivery: Delivery) => {
    const { circuit } = delivery;
    delivery.circuit = undefined;
    if (circuit) onChange('closed', { tenant: id, type, ...circuit });
  };

  /** What a line says of its delivery. `probe`: the object was the one that was to find out. */
  const learn = (id: string, tenant: Tenant, delivery: Delivery, line: ReportLine, probe: boolean) => {
    const { type, code = 'unexpected', message = '' } = line;
    const accepted = line.accepted === true;
    const refused = line.kind === 'failed' && REFUSED.has(code);
    const { place } = line;
    if (place && place.service !== 'sts') delivery.place = place;
    if (accepted || refused) {
      tenant.answeredMs = nowMs();
      if (place) places.answered(place, id);
    }
    if (line.kind === 'failed' && (refused || UNAVAILABLE.has(code))) open(id, delivery, line, probe);
    else if (accepted && (probe || delivery.circuit?.place)) close(id, type, delivery);
    if (line.kind === 'failed' && code === 'destination-throttled') {
      const sinceMs = accepted ? nowMs() : (delivery.throttled?.sinceMs ?? nowMs());
      // As long again as it has taken nothing: a destination that is throttled to death is asked less and less often.
      const waitMs = Math.max(line.retryAfterMs ?? 0, Math.min(THROTTLED_MAX_MS, nowMs() - sinceMs));
      delivery.throttled = { code, message, sinceMs, againAtMs: nowMs() + waitMs };
    } else if (accepted) {
      delivery.throttled = undefined;
    }
  };

  /** What is known of the deliveries that an object is for. */
  const concerned = (id: string, only: string | undefined): [type: string, delivery: Delivery][] =>
    [...(tenants.get(id)?.deliveries ?? [])].filter(([type]) => only === undefined || type === only);

  const stopWaiting = (id: string, pass: object, type: string, delivery: Delivery): boolean => {
    const wait = delivery.waits.get(pass);
    delivery.waits.delete(pass);
    count(delivery);
    if (wait?.told && delivery.waits.size === 0 && !delivery.circuit)
      onChange('answered', { tenant: id, type, ...wait });
    return wait !== undefined;
  };

  const forget = (id: string, tenant: Tenant, type: string) => {
    const delivery = tenant.deliveries.get(type);
    if (!delivery) return;
    for (const place of [delivery.place, delivery.circuit?.place]) if (place) places.forget(place, id);
    tenant.deliveries.delete(type);
    drop(delivery);
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
      delivery.circuit = { ...delivery.circuit, probing: true };
      probes.add(type);
    }

    const leave = (report: ObjectReport): ObjectReport => {
      const named = report.lines.filter(({ type }) => type !== '');
      const tenant = named.length > 0 ? tenantOf(id) : tenants.get(id);
      const failedAt = new Set<string>();
      for (const line of named) {
        if (line.kind === 'held' || !tenant) continue;
        const delivery = deliveryOf(tenant, line.type);
        learn(id, tenant, delivery, line, probes.has(line.type));
        if (line.place && line.code && UNAVAILABLE.has(line.code)) failedAt.add(placeKey(line.place));
        if (line.kind === 'skipped') forget(id, tenant, line.type);
      }
      for (const [key, place] of placeProbes) places.leave(place, failedAt.has(key));
      for (const [type, delivery] of concerned(id, only)) {
        stopWaiting(id, pass, type, delivery);
        // A delivery that the tenant no longer has.
        if (tenant && named.length > 0 && !named.some((line) => line.type === type)) forget(id, tenant, type);
        // A probe that came to no answer leaves the next object to be one.
        else if (probes.has(type) && delivery.circuit?.probing)
          delivery.circuit = { ...delivery.circuit, probing: false };
        count(delivery);
      }
      return { lines: report.lines.map((line) => withReasons(line)) };
    };
    const withReasons = (line: ReportLine): ReportLine => {
      const delivery = tenants.get(id)?.deliveries.get(line.type);
      const trouble = delivery && troubleOf(id, delivery);
      if (line.kind === 'failed' && trouble) return { ...line, retryAfterMs: Math.max(0, trouble.againAtMs - nowMs()) };
      if (line.kind !== 'held') return line;
      // What held it when it began may be over by now: then it may come back at once.
      const why = trouble ?? held.get(line.type);
      return why ? { ...heldLine(line.type, why), ...(trouble ? {} : { retryAfterMs: 0 }) } : line;
    };

    return {
      held: [...held.keys()],
      probes: [...placeProbes.keys()],
      unanswered(call) {
        const tenant = tenantOf(id);
        const delivery = deliveryOf(tenant, call.type);
        const before = delivery.waits.get(pass);
        const sinceMs = before?.sinceMs ?? nowMs() - call.forMs;
        const message = waitMessage(call, sinceMs);
        const told = call.forMs >= TOLD_AFTER_MS || before?.told === true;
        delivery.waits.set(pass, { code: 'answer-awaited', message, sinceMs, told });
        count(delivery);
        if (!before) noteOnset(tenant, sinceMs);
        // An answer that is a moment late says nothing of a whole region.
        if (told) places.troubled(call.place, id, sinceMs);
        if (told && !before?.told && !delivery.circuit) {
          onChange('unanswered', { tenant: id, type: call.type, code: 'answer-awaited', message, sinceMs });
        }
      },
      answered(type) {
        const tenant = tenants.get(id);
        const delivery = tenant?.deliveries.get(type);
        if (!tenant || !delivery) return;
        tenant.answeredMs = nowMs();
        if (stopWaiting(id, pass, type, delivery) && delivery.place) places.answered(delivery.place, id);
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
        lines.push(heldLine(type, trouble));
      }
      return lines.length > 0 ? lines : null;
    },
    onTrial(id) {
      if (silent.size === 0) return false;
      const tenant = tenants.get(id);
      return !tenant || tenant.answeredMs < onsetMs;
    },
    enter,
    known: (id) => tenants.has(id),
    answered(id) {
      const tenant = tenants.get(id);
      if (tenant) tenant.answeredMs = nowMs();
    },
    list() {
      const now = nowMs();
      return [...tenants].flatMap(([tenant, { deliveries }]) =>
        [...deliveries].flatMap(([type, { circuit, throttled, waits }]): DeliveryTrouble[] => {
          const [wait] = waits.values();
          if (circuit) return [{ tenant, type, state: circuit.probing ? 'probing' : 'open', ...shown(circuit) }];
          if (wait) return [{ tenant, type, state: 'unanswered', ...shown({ ...wait, againAtMs: now }) }];
          if (throttled && now < throttled.againAtMs)
            return [{ tenant, type, state: 'throttled', ...shown(throttled) }];
          return [];
        }),
      );
    },
    listPlaces: () => places.list(),
  };
}

function newDelivery(): Delivery {
  return { place: undefined, circuit: undefined, throttled: undefined, waits: new Map() };
}

function shown({ code, message, sinceMs, againAtMs }: Trouble): Trouble {
  return { code, message, sinceMs, againAtMs };
}

function waitMessage({ place, fault }: Unanswered, sinceMs: number): string {
  const what = fault === undefined ? 'has not answered' : `fails (${fault})`;
  return `${placeName(place)} ${what} since ${new Date(sinceMs).toISOString()}; an object is trying`;
}

function placeTrouble({ place, sinceMs, againAtMs, tenants }: PlaceTrouble): Trouble {
  return {
    code: place.service === 'sts' ? 'role-unavailable' : 'destination-unavailable',
    message: `${placeName(place)} has not answered ${tenants} tenants since ${new Date(sinceMs).toISOString()}; one object at a time finds out when it does`,
    sinceMs,
    againAtMs,
  };
}
