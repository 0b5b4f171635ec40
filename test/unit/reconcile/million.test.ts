import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../support/million-keys.ts', import.meta.url));
/** A list of two million names alone would not fit. */
const HEAP_MB = 64;

test('two million keys are compared in a heap that their names would not fit', { timeout: 600_000 }, async (t) => {
  const args = [`--max-old-space-size=${HEAP_MB}`, PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { lost, listCalls, delivered, missing, foreign, peakMb } = JSON.parse(stdout) as Record<string, number>;
  t.diagnostic(`peak of the process: ${peakMb} MB`);
  assert.deepEqual(
    { lost, listCalls, delivered, missing, foreign },
    { lost: 5_000, listCalls: 2_000, delivered: 995_000, missing: 5_000, foreign: 1_000_000 },
  );
});
