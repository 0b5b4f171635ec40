import type { Counts } from '../../service/core/counts.ts';
import { NO_PROGRESS, type Outcome, type Progress } from '../../service/ledger/ledger.ts';
import { countsOf } from './counts.ts';

/** A position with what the test says, and nothing else. */
export function progressOf(
  part: Partial<Omit<Progress, 'counts' | 'partial'>> & {
    readonly counts?: Partial<Counts>;
    readonly partial?: Partial<Counts>;
  },
): Progress {
  return {
    ...NO_PROGRESS,
    ...part,
    counts: countsOf(part.counts ?? {}),
    partial: countsOf(part.partial ?? {}),
  };
}

/** The end of a delivery of which nothing but the counts matters. */
export function outcomeOf(counts: Partial<Counts>, more: Partial<Outcome> = {}): Outcome {
  return { counts: countsOf(counts), bytes: 0, calls: 0, size: 0, ...more };
}
