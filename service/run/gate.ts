import type { ErrorCode } from '../base/errors.ts';
import { toNewest } from '../base/newest.ts';
import type { ObjectReport, ReportLine } from './report.ts';

/**
 * Knows which deliveries of which tenants may be tried now, from what became of the last objects. For each delivery:
 *
 *     closed ── refused ──▶ open ── its time has come: one object goes ──▶ probing ── accepted ──▶ closed
 *                            ▲                                                │
 *                            └──────────── refused: twice the time ◀──────────┘
 *
 * Beside the circuit, a delivery whose destination throttles is held until it may be called again. What is held waits in
 * the queue: no slot, no memory, no call to the tenant's account. There are no timers: an object that comes asks.
 */
export interface Gate {
  /**
   * Why no delivery of the tenant may be tried now, one line each; null when at least one may, or none is known.
   * @param only the one delivery that the object is for; undefined: all
   */
  held(tenant: string, only?: string): readonly ReportLine[] | null;
  /** An object goes to work, for all deliveries or only one. A probe that is due goes with it. */
  enter(tenant: string, only?: string): Pass;
  /** Whether any object of the tenant has come back with an answer since the start of the process. */
  known(tenant: string): boolean;
  /** Deliveries in trouble, in no order. */
  list(): readonly DeliveryTrouble[];
}

export interface Pass {
  /** Types of the deliveries to leave out. */
  readonly held: readonly string[];
  /** Takes the answer in. @returns the report with the reasons of what was left out, and with when to try again */
  leave(report: ObjectReport): ObjectReport;
}

export interface DeliveryTrouble {
  readonly tenant: string;
  readonly type: string;
  readonly state: 'open' | 'probing' | 'throttled';
  readonly code: ErrorCode;
  readonly message: string;
  readonly sinceMs: number;
  /** When an object may try again. */
  readonly againAtMs: number;
}

export interface GateDeps {
  readonly nowMs: () => number;
  /** How long a refused delivery is left alone at first. Every process has its own circuits, and makes its own probes. */
  readonly probeMs: number;
  /** A circuit has opened, or closed again. */
  readonly onChange: (
    to: 'open' | 'closed',
    delivery: Pick<DeliveryTrouble, 'tenant' | 'type' | 'code' | 'message'>,
  ) => void;
}

/** The time between two probes doubles up to this many times the first: a role that is mended at last is found so in time. */
const PROBE_GROWTH_MAX = 5;
/** The same for a destination that throttles every call. */
const THROTTLED_MAX_MS = 600_000;
const TENANTS_MAX = 20_000;
/** Only somebody's change helps, so they open the circuit. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['role-refused', 'destination-refused']);

interface Trouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly sinceMs: number;
  readonly againAtMs: number;
}

interface Circuit extends Trouble {
  readonly intervalMs: number;
  readonly probing: boolean;
}

interface DeliveryState {
  circuit: Circuit | undefined;
  throttled: Trouble | undefined;
}

type TenantState = Map<string, DeliveryState>;

/** What an object was told when it began. */
interface Entry {
  readonly held: ReadonlyMap<string, Trouble>;
  readonly probes: ReadonlySet<string>;
}

export function createGate({ nowMs, probeMs, onChange }: GateDeps): Gate {
  const tenants = new Map<string, TenantState>();

  /** Why a delivery may not be tried now; undefined when it may. */
  const troubleOf = ({ circuit, throttled }: DeliveryState, now: number): Trouble | undefined => {
    if (circuit) return circuit.probing || now < circuit.againAtMs ? circuit : undefined;
    return throttled && now < throttled.againAtMs ? throttled : undefined;
  };

  const heldLine = (type: string, { code, message, againAtMs }: Trouble): ReportLine => ({
    type,
    kind: 'held',
    code,
    message,
    retryAfterMs: Math.max(0, againAtMs - nowMs()),
  });

  /** What a line says of its delivery. `probe`: the object was the one that was to find out. */
  const learn = (tenant: string, state: DeliveryState, line: ReportLine, probe: boolean) => {
    const { type, code = 'unexpected', message = '' } = line;
    const accepted = line.accepted === true;
    const before = state.circuit;
    if (line.kind === 'failed' && REFUSALS.has(code)) {
      // Objects that were on their way when the circuit opened say nothing new.
      if (before && !probe) return;
      const intervalMs = before ? Math.min(probeMs * PROBE_GROWTH_MAX, before.intervalMs * 2) : probeMs;
      const sinceMs = before?.sinceMs ?? nowMs();
      state.circuit = { code, message, sinceMs, againAtMs: nowMs() + intervalMs, intervalMs, probing: false };
      if (!before) onChange('open', { tenant, type, code, message });
    } else if (probe && before && accepted) {
      state.circuit = undefined;
      onChange('closed', { tenant, type, code: before.code, message: before.message });
    }
    if (line.kind === 'failed' && code === 'destination-throttled') {
      const sinceMs = accepted ? nowMs() : (state.throttled?.sinceMs ?? nowMs());
      // As long again as it has taken nothing: a destination that is throttled to death is asked less and less often.
      const waitMs = Math.max(line.retryAfterMs ?? 0, Math.min(THROTTLED_MAX_MS, nowMs() - sinceMs));
      state.throttled = { code, message, sinceMs, againAtMs: nowMs() + waitMs };
    } else if (accepted) {
      state.throttled = undefined;
    }
  };

  /** What is known of the deliveries that an object is for. */
  const concerned = (tenant: string, only: string | undefined): [type: string, delivery: DeliveryState][] =>
    [...(tenants.get(tenant) ?? [])].filter(([type]) => only === undefined || type === only);

  const leave = (tenant: string, only: string | undefined, report: ObjectReport, { held, probes }: Entry) => {
    const state: TenantState = tenants.get(tenant) ?? new Map();
    const now = nowMs();
    const named = report.lines.filter(({ type }) => type !== '');
    for (const line of named) {
      if (line.kind === 'held') continue;
      const delivery = state.get(line.type) ?? { circuit: undefined, throttled: undefined };
      learn(tenant, delivery, line, probes.has(line.type));
      if (line.kind === 'skipped') state.delete(line.type);
      else state.set(line.type, delivery);
    }
    if (named.length > 0) {
      // A delivery that the tenant no longer has.
      for (const [type] of concerned(tenant, only)) if (!named.some((line) => line.type === type)) state.delete(type);
      toNewest(tenants, tenant, state, TENANTS_MAX);
    }
    // A probe that came to no answer leaves the next object to be one.
    for (const type of probes) {
      const delivery = state.get(type);
      if (delivery?.circuit?.probing) delivery.circuit = { ...delivery.circuit, probing: false };
    }
    return {
      lines: report.lines.map((line): ReportLine => {
        const delivery = state.get(line.type);
        const trouble = delivery && troubleOf(delivery, now);
        if (line.kind === 'failed' && trouble) {
          return { ...line, retryAfterMs: Math.max(0, trouble.againAtMs - now) };
        }
        if (line.kind !== 'held') return line;
        // What held it when it began may be over by now: then it may come back at once.
        const why = trouble ?? held.get(line.type);
        return why ? { ...heldLine(line.type, why), ...(trouble ? {} : { retryAfterMs: 0 }) } : line;
      }),
    };
  };

  return {
    held(tenant, only) {
      const deliveries = concerned(tenant, only);
      const now = nowMs();
      const lines: ReportLine[] = [];
      for (const [type, delivery] of deliveries) {
        const trouble = troubleOf(delivery, now);
        if (!trouble) return null;
        lines.push(heldLine(type, trouble));
      }
      return lines.length > 0 ? lines : null;
    },
    enter(tenant, only) {
      const now = nowMs();
      const held = new Map<string, Trouble>();
      const probes = new Set<string>();
      for (const [type, delivery] of concerned(tenant, only)) {
        const trouble = troubleOf(delivery, now);
        if (trouble) {
          held.set(type, trouble);
        } else if (delivery.circuit) {
          delivery.circuit = { ...delivery.circuit, probing: true };
          probes.add(type);
        }
      }
      return { held: [...held.keys()], leave: (report) => leave(tenant, only, report, { held, probes }) };
    },
    known: (tenant) => tenants.has(tenant),
    list() {
      const all: DeliveryTrouble[] = [];
      const now = nowMs();
      for (const [tenant, state] of tenants) {
        for (const [type, { circuit, throttled }] of state) {
          if (circuit) all.push({ tenant, type, state: circuit.probing ? 'probing' : 'open', ...shown(circuit) });
          else if (throttled && now < throttled.againAtMs) {
            all.push({ tenant, type, state: 'throttled', ...shown(throttled) });
          }
        }
      }
      return all;
    },
  };
}

function shown({ code, message, sinceMs, againAtMs }: Trouble): Trouble {
  return { code, message, sinceMs, againAtMs };
}
