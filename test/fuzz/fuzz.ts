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
  const options = { seed, examples, includeErrorInReport: true };
  // The first case starts threads, which takes longer than the box on a busy machine: it is not timed.
  const first = await fc.check(property, { ...options, numRuns: 1 });
  const timed = {
    ...options,
    numRuns: RUNS_MAX,
    interruptAfterTimeLimit: SECONDS * 1_000,
    markInterruptAsFailure: false,
  };
  const details = first.failed ? first : await fc.check(property, timed);
  t.diagnostic(`${details.numRuns} cases, FUZZ_SEED=${seed}`);
  const ranOut = !first.failed && details.interrupted && details.numRuns === 0;
  if (details.failed && !ranOut)
    throw new Error(`FUZZ_SEED=${seed} finds: ${fc.defaultReportMessage(details)}`, { cause: details.errorInstance });
}
