import type { ObserveAnswer } from '../aws/api.ts';

/**
 * The table's clock, read off the `Date` header of its answers. Leases compare times that different processes wrote; on
 * this clock they agree where a host's clock is minutes off, and while it is being set.
 */
export interface TableClock {
  /** To be given to the calls of the table. */
  readonly observe: ObserveAnswer;
  nowMs(): number;
}

export interface Clocks {
  /** Milliseconds (base/clock.ts). */
  readonly monotonicMs: () => number;
  /** Epoch milliseconds, as this host believes (base/clock.ts): all there is before the first answer. */
  readonly steadyMs: () => number;
}

/** The header names the second in which it was written. */
const HEADER_STEP_MS = 1_000;
/** The table is many hosts, whose clocks agree this well. */
const TOLERANCE_MS = 25;

/**
 * An answer of the second D that was asked for at `asked` and came at `came` puts the table's clock, less ours, between
 * D - came and D + 1 s - asked. The bounds of all answers together soon leave some dozen milliseconds.
 */
export function createTableClock({ monotonicMs, steadyMs }: Clocks): TableClock {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;

  const learn = (secondMs: number, askedMs: number, cameMs: number) => {
    const lower = secondMs - cameMs - TOLERANCE_MS;
    const upper = secondMs + HEADER_STEP_MS - askedMs + TOLERANCE_MS;
    // An answer that contradicts the ones before it: a clock was set, or ours has drifted since.
    const contradicts = lower > most || upper < least;
    least = contradicts ? lower : Math.max(least, lower);
    most = contradicts ? upper : Math.min(most, upper);
  };

  return {
    observe() {
      const askedMs = monotonicMs();
      return (date) => {
        const secondMs = Date.parse(date ?? '');
        if (Number.isFinite(secondMs)) learn(secondMs, askedMs, monotonicMs());
      };
    },
    nowMs: () => (Number.isFinite(least) ? Math.round(monotonicMs() + (least + most) / 2) : steadyMs()),
  };
}
