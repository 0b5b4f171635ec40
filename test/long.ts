/**
 * Files that take long for what they say of a usual change: `npm run test:all` only, or by themselves with `node --test`. What each is
 * about has quick tests too.
 */
export const LONG: ReadonlySet<string> = new Set([
  'test/e2e/chaos.test.ts',
  'test/e2e/commands.test.ts',
  'test/e2e/customer-bucket.test.ts',
  'test/e2e/exactly-once.test.ts',
  'test/e2e/freshness.test.ts',
  'test/e2e/golden.test.ts',
  'test/e2e/migration.test.ts',
  'test/e2e/multi-region.test.ts',
  'test/e2e/random-times.test.ts',
  'test/e2e/receipts.test.ts',
  'test/e2e/scaling.test.ts',
  'test/e2e/silence.test.ts',
  'test/e2e/strict.test.ts',
  'test/e2e/words.test.ts',
  'test/k8s/cluster/chart.test.ts',
  'test/unit/simulation/plants.test.ts',
  'test/unit/simulation/scale-limits.test.ts',
]);

/** End-to-end files about what is decoded and put, which may differ with the kind of kernel. All others run in the first mode only. */
export const OF_THE_KERNEL: ReadonlySet<string> = new Set([
  'test/e2e/bad-input.test.ts',
  'test/e2e/delivery.test.ts',
  'test/e2e/formats.test.ts',
  'test/e2e/golden.test.ts',
  'test/e2e/random-times.test.ts',
  'test/e2e/strict.test.ts',
]);
