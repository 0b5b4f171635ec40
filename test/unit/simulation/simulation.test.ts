import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { CUTS } from '../../simulation/replace.ts';
import { simulate } from '../../support/simulate.ts';

test('the same seed gives the same journal, byte for byte, whatever ran before it', async () => {
  const [both, second] = await Promise.all([simulate('--seed', '11', '--trials', '2'), simulate('--seed', '12')]);
  assert.equal(both[1]?.hash, second[0]?.hash);
  assert.notEqual(both[0]?.hash, both[1]?.hash);
});

/** Among them are the seeds that find the faults of plants.test.ts: what these find is not the simulation's own. */
test('in a storm of everything nothing is lost, and everything has an end', async () => {
  for (const { seed, failed, events, findings, unfinished } of await simulate('--seed', '1', '--trials', '8')) {
    assert.deepEqual({ seed, failed, findings, unfinished }, { seed, failed: false, findings: [], unfinished: [] });
    assert.ok(events > 0);
  }
});

test('a trial of no strokes can be run, as it is printed when a trial fails without any', async () => {
  const [{ events, failed, kills, terms, freezes } = assert.fail('no trial ran')] = await simulate(
    '--seed',
    '1',
    '--only',
    '-',
  );
  assert.deepEqual({ events, failed }, { events: 0, failed: false });
  // The trial ends its tasks itself, and that counts as nothing.
  assert.deepEqual({ kills, terms, freezes }, { kills: 0, terms: 0, freezes: 0 });
});

test('its page says what is cut out', async () => {
  const page = await readFile(new URL('../../simulation/README.md', import.meta.url), 'utf8');
  for (const { of, what } of CUTS) assert.ok(page.includes(`| \`${of}\` | ${what} |`), of);
});
