import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../chaos/main.ts', import.meta.url));
const skip = process.env.AWS_ENDPOINT_URL ? 'it brings its own AWS' : false;
/** A trial takes half a minute, and on a busy machine minutes. */
const TIMEOUT_MS = 600_000;

/** Trials with every format, two kills, a second signal and a halt among them. */
const ARGUMENTS = ['--seed', '14', '--trials', '2', '--parallel', '2', '--json'];

test('in a storm of faults and signals nothing is lost, misrouted, uncounted, or repeated without a reason', {
  skip,
  timeout: TIMEOUT_MS,
}, async () => {
  const trials = spawn(process.execPath, [MAIN, ...ARGUMENTS], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(trials, 'exit');
  const [output, report] = await Promise.all([text(trials.stdout), text(trials.stderr)]);
  const summary = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
  const { lost, misrouted, unaccounted, unexplained, duplicated_after_term, failed, not_ended, events } = summary;
  assert.deepEqual(
    { lost, misrouted, unaccounted, unexplained, duplicated_after_term, failed, not_ended },
    { lost: 0, misrouted: 0, unaccounted: 0, unexplained: 0, duplicated_after_term: 0, failed: [], not_ended: [] },
    report,
  );
  assert.ok(events > 10_000);
  assert.deepEqual(await ended, [0, null]);
});
