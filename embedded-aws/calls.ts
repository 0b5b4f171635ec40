/** Counts of calls: what tests ask for "no Describe call at all". */
export interface Calls {
  record(call: CallKey): void;
  /** How many calls match; a field that is not given matches all. */
  count(match?: Partial<CallKey>): number;
  /** In the order of first appearance. */
  list(): CallCount[];
  reset(): void;
}

export interface CallKey {
  readonly service: string;
  readonly action: string;
  /** Of the caller; empty for calls that nobody signed. */
  readonly account: string;
  /**
   * `ok`; the error's code; or `fault:reset`, `fault:half-open`, `fault:lost` where a fault rule kept the answer;
   * `gone` where the client did not wait for it.
   */
  readonly outcome: string;
}

export interface CallCount extends CallKey {
  count: number;
}

/** Different counts that are kept; a test has a few dozen. */
const COUNTS_MAX = 10_000;

export function createCalls(): Calls {
  const counts = new Map<string, CallCount>();
  return {
    record(call) {
      const key = `${call.service}/${call.action}/${call.account}/${call.outcome}`;
      const known = counts.get(key);
      if (known) known.count++;
      else if (counts.size < COUNTS_MAX) counts.set(key, { ...call, count: 1 });
    },
    count({ service, action, account, outcome } = {}) {
      let sum = 0;
      for (const call of counts.values()) {
        if (service !== undefined && call.service !== service) continue;
        if (action !== undefined && call.action !== action) continue;
        if (account !== undefined && call.account !== account) continue;
        if (outcome !== undefined && call.outcome !== outcome) continue;
        sum += call.count;
      }
      return sum;
    },
    list: () => [...counts.values()].map((call) => ({ ...call })),
    reset: () => counts.clear(),
  };
}
