/** Times from created to delivered. */
export interface Lags {
  add(createdMs: number, lagMs: number): void;
  /** Of those that were created from then to before then. */
  between(fromMs: number, toMs: number): LagFigures;
}

export interface LagFigures {
  readonly objects: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

export function createLags(): Lags {
  const all: { readonly createdMs: number; readonly lagMs: number }[] = [];
  return {
    add: (createdMs, lagMs) => all.push({ createdMs, lagMs }),
    between(fromMs, toMs) {
      const chosen = all.filter(({ createdMs }) => createdMs >= fromMs && createdMs < toMs);
      const sorted = Float64Array.from(chosen, ({ lagMs }) => lagMs).sort();
      const quantile = (share: number) => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
      return { objects: sorted.length, p50_ms: quantile(0.5), p99_ms: quantile(0.99), max_ms: quantile(1) };
    },
  };
}

/** How often something happened in each minute. */
export function createPerMinute() {
  const counts = new Map<number, number>();
  return {
    add(atMs: number) {
      const minute = Math.floor(atMs / 60_000);
      counts.set(minute, (counts.get(minute) ?? 0) + 1);
    },
    /** @param minutes of the whole run */
    figures(minutes: number) {
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      return { mean: Math.round(total / minutes), max: Math.max(0, ...counts.values()) };
    },
  };
}
