import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import fc from 'fast-check';

/**
 * Generates cases for as long as the time box is open. Other than the properties of the unit tests, which run the same
 * cases every time: here every run sees new ones. FUZZ_SECONDS is the box of each test, FUZZ_SEED repeats a run.
 */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? 3);
const SEED = process.env.FUZZ_SEED;
/** Cases of each test before the time counts: on a machine that is busy, a box may end before its first case does. */
const CASES_MIN = 20;
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
  const startedMs = performance.now();
  const parameters = { seed, includeErrorInReport: true };
  let details = await fc.check(property, { ...parameters, examples, numRuns: CASES_MIN });
  const leftMs = SECONDS * 1_000 - (performance.now() - startedMs);
  if (!details.failed && leftMs > 0) {
    const box = { numRuns: RUNS_MAX, interruptAfterTimeLimit: leftMs, markInterruptAsFailure: false };
    details = await fc.check(property, { ...parameters, ...box });
  }
  t.diagnostic(`${details.numRuns} cases, FUZZ_SEED=${seed}`);
  // A box that ends before its first case does has found nothing.
  if (details.failed && !details.interrupted)
    throw new Error(`FUZZ_SEED=${seed} finds: ${fc.defaultReportMessage(details)}`, { cause: details.errorInstance });
}
