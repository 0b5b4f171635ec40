import { lruSet } from '../../base/lru.ts';
import { type Circuit, isHeld, opened, type ProbeTimes } from '../../core/circuit.ts';
import { type Place, placeKey } from '../../core/place.ts';
import { TENANTS_MAX } from '../../core/tenants-max.ts';

/**
 * Knows when a service of a whole region does not answer: several tenants are in trouble there, and nobody has had an
 * answer since the first of them. Then one circuit breaker holds for all of them, and one object finds out when it is over.
 */
export interface Places {
  /** A tenant has had no answer there since then. */
  troubled(place: Place, tenant: string, sinceMs: number): void;
  /** A tenant was answered there. */
  answered(place: Place, tenant: string): void;
  /** What is known of a tenant there has no meaning any more: it has no delivery there. */
  forget(place: Place, tenant: string): void;
  /** Why nobody may be called there now; undefined when somebody may, as the probe or because all is well. */
  held(place: Place, tenant: string): PlaceTrouble | undefined;
  /** An object goes there. @returns whether it is the probe */
  enter(place: Place): boolean;
  /** The probe has come back. @param failed whether there was no answer again; false: it did not come to ask */
  leave(place: Place, failed: boolean): void;
  /** Places that do not answer. */
  list(): readonly PlaceTrouble[];
}

export interface PlaceTrouble {
  readonly place: Place;
  readonly sinceMs: number;
  readonly againAtMs: number;
  readonly state: 'open' | 'probing';
  /** Tenants that have had no answer there. */
  readonly tenants: number;
}

export interface PlacesDeps {
  readonly nowMs: () => number;
  readonly probeTimes: ProbeTimes;
  /** Nothing answers there any more, or something does again. */
  readonly onChange: (to: 'open' | 'closed', trouble: PlaceTrouble) => void;
}

/** Two tenants may each have a trouble of their own at the same time; three without anybody's answer have one in common. */
const TENANTS_MIN = 3;
/**
 * Those who are in trouble themselves leave a probe that is due to others for so long: a tenant that is held here without
 * ever having failed finds out sooner whether it was held for nothing.
 */
const OTHERS_FIRST_MS = 2_000;
const PLACES_MAX = 200;

interface State {
  readonly place: Place;
  /** Since when each tenant has had no answer. */
  readonly troubled: Map<string, number>;
  answeredMs: number;
  circuit: Circuit | undefined;
}

export function createPlaces({ nowMs, probeTimes, onChange }: PlacesDeps): Places {
  const places = new Map<string, State>();

  const stateOf = (place: Place): State => {
    const key = placeKey(place);
    const before = places.get(key);
    const state = before ?? {
      place,
      troubled: new Map(),
      answeredMs: Number.NEGATIVE_INFINITY,
      circuit: undefined,
    };
    lruSet(places, key, state, PLACES_MAX);
    return state;
  };

  const troubleOf = ({ place, troubled }: State, { sinceMs, againAtMs, probeBeganMs }: Circuit): PlaceTrouble => ({
    place,
    sinceMs,
    againAtMs,
    state: probeBeganMs === undefined ? 'open' : 'probing',
    tenants: troubled.size,
  });

  return {
    troubled(place, tenant, sinceMs) {
      const state = stateOf(place);
      lruSet(state.troubled, tenant, sinceMs, TENANTS_MAX);
      if (state.circuit) return;
      const sinces = [...state.troubled.values()].filter((since) => since > state.answeredMs);
      if (sinces.length < TENANTS_MIN) return;
      state.circuit = opened(undefined, Math.min(...sinces), nowMs(), probeTimes);
      onChange('open', troubleOf(state, state.circuit));
    },
    answered(place, tenant) {
      const state = stateOf(place);
      state.answeredMs = nowMs();
      state.troubled.delete(tenant);
      const { circuit } = state;
      state.circuit = undefined;
      if (circuit) onChange('closed', troubleOf(state, circuit));
    },
    forget(place, tenant) {
      places.get(placeKey(place))?.troubled.delete(tenant);
    },
    held(place, tenant) {
      const state = places.get(placeKey(place));
      if (!state?.circuit) return undefined;
      const againAtMs = state.circuit.againAtMs + (state.troubled.has(tenant) ? OTHERS_FIRST_MS : 0);
      const circuit = { ...state.circuit, againAtMs };
      return isHeld(circuit, nowMs()) ? troubleOf(state, circuit) : undefined;
    },
    enter(place) {
      const state = places.get(placeKey(place));
      if (!state?.circuit || state.circuit.probeBeganMs !== undefined) return false;
      state.circuit = { ...state.circuit, probeBeganMs: nowMs() };
      return true;
    },
    leave(place, failed) {
      const state = places.get(placeKey(place));
      if (!state?.circuit) return;
      state.circuit = failed
        ? opened(state.circuit, state.circuit.sinceMs, nowMs(), probeTimes)
        : { ...state.circuit, probeBeganMs: undefined };
    },
    list: () => [...places.values()].flatMap((state) => (state.circuit ? [troubleOf(state, state.circuit)] : [])),
  };
}
