import fc from 'fast-check';

/** The same cases on every run; fast-check prints the seed and the smallest counterexample of a failure. */
const SEED = 20_260_131;

/** Checks a property over a bounded number of generated cases. */
export function holds<T extends [unknown, ...unknown[]]>(
  property: fc.IProperty<T> | fc.IAsyncProperty<T>,
  runs = 300,
): Promise<void> | void {
  return fc.assert(property, { seed: SEED, numRuns: runs });
}
