import fc from 'fast-check';

/** The same cases on every run; fast-check prints the seed and the smallest counterexample of a failure. */
const SEED = 20_260_131;
/** How much of its cases a property is checked with: `npm test` sets less than one (test/run.ts), and then the first ones count. */
const SHARE = Number(process.env.PROPERTY_SHARE ?? 1);
/** Of each property, if it has as many. */
const CASES_MIN = 25;

/** Checks a property over a bounded number of generated cases. */
export function holds<T extends [unknown, ...unknown[]]>(
  property: fc.IProperty<T> | fc.IAsyncProperty<T>,
  runs = 300,
): Promise<void> | void {
  const numRuns = Math.min(runs, Math.max(CASES_MIN, Math.ceil(runs * SHARE)));
  return fc.assert(property, { seed: SEED, numRuns });
}
