/**
 * Files that take long for what they say of a usual change: `npm run test:all` only, or by themselves with `node --test`. What each is
 * about has quick tests too.
 */
export const LONG: ReadonlySet<string> = new Set([
  'test/e2e/chaos.test.ts',
  'test/e2e/commands.test.ts',
  'test/e2e/freshness.test.ts',
  'test/e2e/golden.test.ts',
  'test/e2e/words.test.ts',
]);

/** Of these, trials of minutes, which `npm run chaos` runs too: in the first mode only. */
export const ONCE: ReadonlySet<string> = new Set(['test/e2e/chaos.test.ts']);
