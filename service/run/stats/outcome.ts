import { type Counts, keptBack } from '../../core/counts.ts';
import type { ReportLine } from '../../delivery/report.ts';

/** What is said of a delivery that has come to its end. */
export interface Outcome {
  readonly level: 'info' | 'warn';
  readonly sentence: string;
}

/** @param line of a delivery that neither failed nor was held back */
export function outcomeOf({ kind, counts }: Pick<ReportLine, 'counts'> & { readonly kind: EndedKind }): Outcome {
  if (kind !== 'done') return { level: 'info', sentence: SENTENCES[kind] };
  if (isNothingDelivered(counts)) {
    return { level: 'warn', sentence: 'nothing of the object was delivered: its records are in quarantine' };
  }
  const some = counts !== undefined && keptBack(counts) > 0;
  return {
    level: 'info',
    sentence: some ? 'object delivered, except records that are in quarantine' : 'object delivered',
  };
}

export type EndedKind = 'done' | 'duplicate' | 'skipped';

const SENTENCES: Readonly<Record<Exclude<EndedKind, 'done'>, string>> = {
  duplicate: 'object was delivered before; acknowledged again',
  skipped: 'delivery is disabled; object acknowledged',
};

/** Whether every record that the delivery wanted went to quarantine. */
export function isNothingDelivered(counts: Counts | undefined): counts is Counts {
  return counts !== undefined && counts.delivered === 0 && keptBack(counts) > 0;
}
