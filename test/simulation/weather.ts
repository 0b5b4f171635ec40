import { createRandom } from '../../local/workload/random.ts';
import { awsError } from './models/answers.ts';

/** What AWS and the network do to calls: rules that hold for a while. */

export interface Rule {
  readonly match: Match;
  readonly effect: Effect;
  /** From 0 to 1. */
  readonly probability: number;
  /** How many calls it strikes at most. */
  readonly count: number;
  /** It draws for itself, so that a rule strikes the same whatever other rules there are. */
  readonly seed: string;
}

export interface Match {
  readonly service: Called['service'];
  readonly operation?: string;
  readonly account?: string;
  readonly region?: string;
}

/** A call, as far as a rule looks at it. */
export interface Called {
  readonly service: 'sqs' | 'dynamodb' | 's3' | 'sts' | 'logs' | 'kms';
  readonly operation: string;
  /** Of calls into a tenant's account. */
  readonly account?: string;
  readonly region?: string;
}

export type Effect =
  /** It is executed, and answered late. */
  | { readonly kind: 'late'; readonly ms: number }
  /**
   * It is under way for so long, and waits at its sender's host or beyond: it arrives, and is executed, perhaps after its caller has given
   * up and called again.
   */
  | { readonly kind: 'delayed'; readonly ms: number; readonly at: 'sender' | 'beyond' }
  /** It never arrives, and nothing is heard of it. */
  | { readonly kind: 'lost' }
  /** It is executed, and nothing is heard of it. */
  | { readonly kind: 'unheard' }
  /** The connection breaks before it is executed, or after. */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' }
  /** It is not executed, and refused under this name. */
  | { readonly kind: 'refused'; readonly name: string; readonly status: number };

export interface Weather {
  add(rule: Rule): void;
  /** From now on all calls are left alone. */
  clear(): void;
  /** What happens to a call that arrives; undefined: nothing. */
  strike(call: Called): Effect | undefined;
  /** Calls that were struck, by effect. */
  readonly struck: Readonly<Record<string, number>>;
}

export function createWeather(): Weather {
  let rules: { readonly rule: Rule; readonly uniform: () => number; left: number }[] = [];
  const struck: Record<string, number> = {};
  return {
    struck,
    add(rule) {
      rules.push({ rule, uniform: createRandom(rule.seed).uniform, left: rule.count });
    },
    clear() {
      rules = [];
    },
    strike(call) {
      for (const one of rules) {
        const { match, probability, effect } = one.rule;
        if (one.left === 0 || !matches(match, call) || one.uniform() >= probability) continue;
        one.left--;
        struck[effect.kind] = (struck[effect.kind] ?? 0) + 1;
        return effect;
      }
      return undefined;
    },
  };
}

function matches(match: Match, call: Called): boolean {
  const { service, operation, account, region } = match;
  return (
    service === call.service &&
    (operation === undefined || operation === call.operation) &&
    (account === undefined || account === call.account) &&
    (region === undefined || region === call.region)
  );
}

/** What a caller hears of a broken connection. */
export function brokenConnection(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

export function refusal({ name, status }: Extract<Effect, { kind: 'refused' }>): Error {
  return awsError(name, status, `${name}, says the weather`);
}
