import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLANTS } from '../../simulation/plants.ts';
import { simulate } from '../../support/simulate.ts';

/** A seed that finds each fault, and what it says. Any change of the service may move it to another. */
const FOUND: Readonly<Record<keyof typeof PLANTS, readonly [seed: string, words: RegExp]>> = {
  'host-clock': ['37', /messages are in the queue/],
  'write-without-condition': ['4', /written by who has no lease/],
  'lease-taken-early': ['1', /two leases at once/],
  'deleted-too-early': ['1', /lost: record/],
  'lease-never-doubted': ['4', /delivered by p\d+ while p\d+ had the lease/],
  'drained-unsaved': ['5', /repeated after SIGTERM/],
  'checkpoint-lost': ['19', /were repeated at once: more than a chunk/],
  'read-back-skipped': ['20', /repeated in spite of exactly_once/],
  'read-back-too-soon': ['21', /repeated in spite of exactly_once/],
  'taken-over-too-soon': ['1', /taken over too soon/],
  'doubt-forgotten': ['33', /repeated in spite of exactly_once/],
  'last-byte-unguarded': ['82', /repeated in spite of exactly_once/],
  'file-not-awaited': ['2', /lost: record \d+ of .* for [\w-]+\/s3/],
  'copied-unlooked': ['2', /in the bucket beside what should be there/],
  'receipt-not-awaited': ['1', /receipt \d+ is missing/],
  'index-believed': ['1', /is in \d/],
  'chain-forked': ['158', /two receipts have the number/],
};
/** The rarest shows in one of a hundred and sixty trials. */
const TRIALS_MAX = '200';

for (const plant of Object.keys(PLANTS)) {
  test(`the simulation finds ${plant}, and nothing in the same trial without it`, async () => {
    const [seed, words] = FOUND[plant] ?? assert.fail(`no seed is known for ${plant}`);
    const trials = ['--seed', seed, '--trials', TRIALS_MAX, '--until-failed', '--no-shrink'];
    const found = (await simulate(...trials, '--plant', plant)).at(-1);
    assert.equal(found?.failed, true);
    assert.match([...(found?.findings ?? []), ...(found?.unfinished ?? [])].join('\n'), words);
    const [unplanted] = await simulate('--seed', found?.seed ?? '', '--no-shrink');
    assert.equal(unplanted?.failed, false);
  });
}

test('a trial that fails is shrunk to strokes of which none can be left out, and these fail again', async () => {
  const options = ['--plant', 'file-not-awaited'];
  const found = (await simulate(...options, '--seed', '1', '--trials', TRIALS_MAX, '--until-failed')).at(-1);
  const { seed = '', shrunk = [] } = found ?? {};
  assert.ok(shrunk.length > 0 && shrunk.length < 10, String(shrunk));
  const [again] = await simulate(...options, '--seed', seed, '--no-shrink', '--only', shrunk.join(','));
  assert.equal(again?.failed, true);
});
