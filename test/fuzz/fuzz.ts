import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import fc from 'fast-check';

/**
 * Generates cases for as long as the time box is open. Other than the properties of the unit tests, which run the same
 * cases every time: here every run sees new ones. FUZZ_SECONDS is the box of each test, FUZZ_SEED repeats a run.
 */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 3);
const SEED = process.env.FUZZ_SEED;
/** Above what any box holds: time decides. */
const RUNS_MAX = 1_000_000_000;
/** A case may take its time, and a failure is made small. */
const GRACE_MS = 300_000;

/** For the options of a test. */
export const FUZZ_TIMEOUT_MS = SECONDS * 1_000 + GRACE_MS;

export async function fuzz<T extends [unknown, ...unknown[]]>(
  t: TestContext,
  property: fc.IProperty<T> | fc.IAsyncProperty<T>,
  examples: T[] = [],
): Promise<void> {
  const seed = SEED === undefined ? randomInt(2 ** 31) : Number(SEED);
  const details = await fc.check(property, {
    seed,
    examples,
    numRuns: RUNS_MAX,
    interruptAfterTimeLimit: SECONDS * 1_000,
    markInterruptAsFailure: false,
    includeErrorInReport: true,
  });
  t.diagnostic(`${details.numRuns} cases, FUZZ_SEED=${seed}`);
  if (details.failed)
    throw new Error(`FUZZ_SEED=${seed} finds: ${fc.defaultReportMessage(details)}`, { cause: details.errorInstance });
}
