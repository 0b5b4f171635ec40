import type { Counts } from '../../service/core/counts.ts';
import { NO_PROGRESS, type Progress } from '../../service/ledger/ledger.ts';
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
