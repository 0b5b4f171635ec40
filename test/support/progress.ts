import { type Counts, NO_COUNTS } from '../../service/core/counts.ts';
import { NO_PROGRESS, type Progress } from '../../service/ledger/ledger.ts';

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
    counts: { ...NO_COUNTS, ...part.counts },
    partial: { ...NO_COUNTS, ...part.partial },
  };
}
