import { createRateLimit } from '../rate-limit.ts';
import { type Effect, FAULT_RULE, type FaultRule } from './rule.ts';

/** The fault rules in force. */
export interface Faults {
  /** @throws ZodError when the rule is none */
  add(rule: FaultRule): Fault;
  list(): Fault[];
  /** @returns whether there was one */
  remove(id: string): boolean;
  clear(): void;
  /** The effects that strike a call, in the order of their rules. Counts the call for every rule that it matches. */
  strike(call: StruckCall): Effect[];
}

export interface Fault {
  readonly id: string;
  readonly rule: FaultRule;
  /** Calls that it matched, and of these the ones that it struck. */
  readonly matched: number;
  readonly struck: number;
}

export interface StruckCall {
  readonly service: string;
  readonly action: string;
  readonly account: string;
  readonly resource: string;
  readonly contentEncoding: string;
}

export interface FaultsDeps {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly nowMs: () => number;
}

interface Entry {
  readonly id: string;
  readonly given: FaultRule;
  readonly strikes: (call: StruckCall) => boolean;
  readonly effect: Effect;
  matched: number;
  struck: number;
}

/** Rules that may be in force at once. */
const RULES_MAX = 1_000;

export function createFaults({ random, nowMs }: FaultsDeps): Faults {
  const entries = new Map<string, Entry>();
  let added = 0;

  const make = (given: FaultRule): Entry => {
    const rule = FAULT_RULE.parse(given);
    const untilMs = rule.forMs === undefined ? Number.POSITIVE_INFINITY : nowMs() + rule.forMs;
    const { effect } = rule;
    const abovePerSecond = effect.kind === 'throttle' ? effect.abovePerSecond : undefined;
    const takes = abovePerSecond === undefined ? undefined : createRateLimit(abovePerSecond);
    const nth = rule.nth === undefined ? undefined : [rule.nth].flat();
    const entry: Entry = {
      id: String(++added),
      given,
      effect,
      matched: 0,
      struck: 0,
      strikes(call) {
        if (nowMs() >= untilMs) return false;
        if (rule.service !== undefined && rule.service !== call.service) return false;
        if (rule.action !== undefined && rule.action !== call.action) return false;
        if (rule.account !== undefined && rule.account !== call.account) return false;
        if (rule.resource !== undefined && !call.resource.includes(rule.resource)) return false;
        if (rule.contentEncoding !== undefined && rule.contentEncoding !== call.contentEncoding) return false;
        entry.matched++;
        if (rule.count !== undefined && entry.struck >= rule.count) return false;
        if (nth !== undefined && !nth.includes(entry.matched)) return false;
        if (rule.probability < 1 && random() >= rule.probability) return false;
        if (takes?.(nowMs())) return false;
        entry.struck++;
        return true;
      },
    };
    return entry;
  };

  const view = (entry: Entry): Fault => ({
    id: entry.id,
    rule: entry.given,
    get matched() {
      return entry.matched;
    },
    get struck() {
      return entry.struck;
    },
  });

  return {
    add(rule) {
      if (entries.size >= RULES_MAX) throw new RangeError(`more than ${RULES_MAX} fault rules`);
      const entry = make(rule);
      entries.set(entry.id, entry);
      return view(entry);
    },
    list: () => [...entries.values()].map(view),
    remove: (id) => entries.delete(id),
    clear: () => entries.clear(),
    strike(call) {
      if (entries.size === 0) return NONE;
      const effects: Effect[] = [];
      for (const entry of entries.values()) if (entry.strikes(call)) effects.push(entry.effect);
      return effects;
    },
  };
}

const NONE: Effect[] = [];
