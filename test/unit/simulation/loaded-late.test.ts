import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const TRIAL = '../../simulation/trial.ts';
/** What needs nothing of the system, so that it may be loaded at any time. */
const PURE = /^service\/(base|core)\//;

/** @returns all files that are loaded together with this one */
async function loadedWith(url: URL, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(url.href)) return found;
  found.add(url.href);
  const text = await readFile(url, 'utf8');
  for (const [, path = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+\.ts)';/gm)) {
    await loadedWith(new URL(path, url), found);
  }
  return found;
}

test('nothing of the service that has a part cut out is loaded before that part is: it would run with the real one', async () => {
  const files = await loadedWith(new URL(TRIAL, import.meta.url));
  const paths = [...files].map((file) => relative(fileURLToPath(root), fileURLToPath(file)));
  assert.ok(paths.includes('test/chaos/judge/judge.ts'), 'the walk finds what is loaded');
  assert.deepEqual(
    paths.filter((path) => path.startsWith('service/') && !PURE.test(path)),
    [],
  );
});
