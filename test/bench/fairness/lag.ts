import type { LogLine } from '../../../local/service-process.ts';

/** How long deliveries took, by the service's own summary lines. */
export interface Lags {
  add(line: LogLine): void;
  /** Of tenants whose id begins with `prefix`, delivered since the last `reset`. */
  quantiles(prefix: string): LagQuantiles;
  count(prefix: string): number;
  reset(): void;
}

export interface LagQuantiles {
  readonly objects: number;
  /** Object created to delivered, milliseconds. */
  readonly created: { readonly p50: number; readonly p99: number };
  /** Message received to delivered, milliseconds. */
  readonly received: { readonly p50: number; readonly p99: number };
}

export function createLags(): Lags {
  let entries: { readonly tenant: string; readonly createdMs: number; readonly receivedMs: number }[] = [];
  const of = (prefix: string) => entries.filter(({ tenant }) => tenant.startsWith(prefix));
  return {
    add(line) {
      if (line.msg !== 'object delivered') return;
      entries.push({
        tenant: String(line.tenant),
        createdMs: Number(line.lag_seconds) * 1000,
        receivedMs: Number(line.seconds) * 1000,
      });
    },
    quantiles(prefix) {
      const these = of(prefix);
      const quantilesOf = (values: number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
      return {
        objects: these.length,
        created: quantilesOf(these.map(({ createdMs }) => createdMs)),
        received: quantilesOf(these.map(({ receivedMs }) => receivedMs)),
      };
    },
    count: (prefix) => of(prefix).length,
    reset() {
      entries = [];
    },
  };
}

/** The smallest value that this share of all does not exceed; NaN of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** How many of these times lie in the minute that has most of them; milliseconds of any clock. */
export function busiestMinute(timesMs: readonly number[]): number {
  return Math.max(0, ...timesMs.map((from) => timesMs.filter((at) => at >= from && at < from + 60_000).length));
}
