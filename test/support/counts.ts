import type { Counts } from '../../service/core/counts.ts';

/** The counts that a test says; the others are 0. */
export function countsOf(counts: Partial<Counts>): Counts {
  return { read: 0, delivered: 0, filtered: 0, rejected: 0, quarantined: 0, ...counts };
}
