import type { Tally } from './tally.ts';

/** What was found in one tenant's account. */
export interface Found {
  /** Events in log groups under the tenant's own prefix. */
  readonly inside: Tally;
  /** Events in any other log group of the account. */
  readonly outside: Tally;
}

/** How what was delivered differs from what had to be. Everything but `events` and `delivered` must be 0. */
export interface Comparison {
  /** Events that had to be delivered. */
  readonly events: number;
  /** Of these, the ones that were found where they belong. */
  readonly delivered: number;
  readonly lost: number;
  /** Found where they belong, but more often than they were written. */
  readonly duplicated: number;
  /** Found in another tenant's account, or in a log group that is not the tenant's. */
  readonly misrouted: number;
  /** Found, but nobody wrote them like this or a filter should have dropped them. */
  readonly unexpected: number;
}

/** Compares event by event, as multisets of (timestamp, message), for all tenants by id. */
export function compare(expected: ReadonlyMap<string, Tally>, found: ReadonlyMap<string, Found>): Comparison {
  const wanted = new Map([...expected].map(([tenant, tally]) => [tenant, tally.sorted()]));
  const sum = { events: 0, delivered: 0, lost: 0, duplicated: 0, misrouted: 0, unexpected: 0 };
  for (const [tenant, prints] of wanted) {
    sum.events += prints.length;
    const here = found.get(tenant);
    const others = [...wanted].filter(([id]) => id !== tenant).map(([, list]) => list);
    const part = difference(prints, here?.inside.sorted() ?? new Float64Array());
    sum.delivered += part.matched;
    sum.lost += part.missing;
    sum.duplicated += part.repeated;
    sum.misrouted += here?.outside.size ?? 0;
    for (const print of part.foreign) {
      if (others.some((list) => includes(list, print))) sum.misrouted++;
      else sum.unexpected++;
    }
  }
  for (const [tenant, here] of found) {
    if (!wanted.has(tenant)) sum.misrouted += here.inside.size + here.outside.size;
  }
  return sum;
}

interface Difference {
  matched: number;
  missing: number;
  /** More of these than were wanted. */
  repeated: number;
  /** None of these was wanted. */
  readonly foreign: number[];
}

/** Walks two ascending lists side by side. */
function difference(wanted: Float64Array, actual: Float64Array): Difference {
  const result: Difference = { matched: 0, missing: 0, repeated: 0, foreign: [] };
  let w = 0;
  let a = 0;
  while (w < wanted.length || a < actual.length) {
    const print = Math.min(wanted[w] ?? Number.POSITIVE_INFINITY, actual[a] ?? Number.POSITIVE_INFINITY);
    const wantedEnd = runEnd(wanted, w, print);
    const actualEnd = runEnd(actual, a, print);
    const due = wantedEnd - w;
    const there = actualEnd - a;
    result.matched += Math.min(due, there);
    result.missing += Math.max(0, due - there);
    if (due > 0) result.repeated += Math.max(0, there - due);
    else for (let i = 0; i < there; i++) result.foreign.push(print);
    w = wantedEnd;
    a = actualEnd;
  }
  return result;
}

/** The end of the run of `print` that begins at `from`; `from` itself when there is none. */
function runEnd(list: Float64Array, from: number, print: number): number {
  let end = from;
  while (end < list.length && list[end] === print) end++;
  return end;
}

/** Binary search in an ascending list. */
function includes(list: Float64Array, print: number): boolean {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < print) low = middle + 1;
    else high = middle;
  }
  return list[low] === print;
}
