import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PLANTS } from '../../simulation/plants.ts';
import { CUTS } from '../../simulation/replace.ts';

const MAIN = fileURLToPath(new URL('../../simulation/main.ts', import.meta.url));

interface Told {
  readonly seed: string;
  readonly failed: boolean;
  readonly hash: string;
  readonly events: number;
  readonly findings: readonly string[];
  readonly unfinished: readonly string[];
  readonly shrunk?: readonly number[];
}

async function simulate(...args: readonly string[]): Promise<Told[]> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [MAIN, '--child', ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('the same seed gives the same journal, byte for byte, whatever ran before it', async () => {
  const [both, second] = await Promise.all([simulate('--seed', '11', '--trials', '2'), simulate('--seed', '12')]);
  assert.equal(both[1]?.hash, second[0]?.hash);
  assert.notEqual(both[0]?.hash, both[1]?.hash);
});

/** The same seeds find the faults below: what they find is not the simulation's own. */
test('in a storm of everything nothing is lost, and everything has an end', async () => {
  for (const { seed, failed, events, findings, unfinished } of await simulate('--seed', '1', '--trials', '8')) {
    assert.deepEqual({ seed, failed, findings, unfinished }, { seed, failed: false, findings: [], unfinished: [] });
    assert.ok(events > 0);
  }
});

/** A seed that finds each fault, and what it says. Any change of the service may move it to another. */
const FOUND: Readonly<Record<keyof typeof PLANTS, readonly [seed: string, words: RegExp]>> = {
  'host-clock': ['6', /messages are in the queue/],
  'write-without-condition': ['1', /written by who has no lease/],
  'lease-taken-early': ['1', /two leases at once/],
  'deleted-too-early': ['2', /lost: record/],
  'checkpoint-lost': ['3', /were repeated at once: more than a chunk/],
};
/** The rarest shows in one of thirty trials. */
const TRIALS_MAX = '200';

for (const plant of Object.keys(PLANTS)) {
  test(`the simulation finds ${plant}`, async () => {
    const [seed, words] = FOUND[plant] ?? assert.fail(`no seed is known for ${plant}`);
    const trials = ['--seed', seed, '--trials', TRIALS_MAX, '--until-failed', '--no-shrink'];
    const found = (await simulate(...trials, '--plant', plant)).at(-1);
    assert.equal(found?.failed, true);
    assert.match([...(found?.findings ?? []), ...(found?.unfinished ?? [])].join('\n'), words);
  });
}

test('a trial that fails is shrunk to strokes of which none can be left out, and these fail again', async () => {
  const options = ['--plant', 'lease-taken-early'];
  const found = (await simulate(...options, '--seed', '1', '--trials', TRIALS_MAX, '--until-failed')).at(-1);
  const { seed = '', shrunk = [] } = found ?? {};
  assert.ok(shrunk.length > 0 && shrunk.length < 10, String(shrunk));
  const [again] = await simulate(...options, '--seed', seed, '--no-shrink', '--only', shrunk.join(','));
  assert.equal(again?.failed, true);
});

test('its page says what is cut out', async () => {
  const page = await readFile(new URL('../../simulation/README.md', import.meta.url), 'utf8');
  for (const { of, what } of CUTS) assert.ok(page.includes(`| \`${of}\` | ${what} |`), of);
});
