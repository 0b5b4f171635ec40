import type { Evidence, Notes } from './evidence.ts';

export interface ComparisonVerdict {
  /** Objects that nobody announced. */
  readonly unannounced: number;
  /** Of these, those that the comparison of the bucket with the ledger announced, and that were delivered. */
  readonly reconciled: number;
  /** Objects that were announced, and that the comparison announced nevertheless. Nothing is delivered twice for it. */
  readonly announced_again: number;
}

/**
 * What nobody announced is owed like all else, so that it is lost where it is not delivered. Here is looked at how it was found: only the
 * comparison can have announced it, as its mark in the ledger says.
 */
export function checkComparison({ objects, ledger }: Evidence, note: Notes): ComparisonVerdict {
  const marked = new Set(ledger.filter(({ delivery }) => delivery === 'reconcile').map(({ object }) => object));
  const done = new Set(ledger.filter(({ state }) => state === 'done').map(({ object }) => object));
  const silent = objects.filter(({ announced }) => !announced);
  for (const { id } of silent) {
    if (done.has(id) && !marked.has(id)) note(`delivered, and nobody has announced it: ${id}`);
  }
  return {
    unannounced: silent.length,
    reconciled: silent.filter(({ id }) => marked.has(id) && done.has(id)).length,
    announced_again: objects.filter(({ id, announced }) => announced && marked.has(id)).length,
  };
}
