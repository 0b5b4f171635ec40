import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundle } from '../../local/bundle.ts';

test("no file of the bundle imports a module of Node's: undici would be loaded in each thread, and tracing passed by", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
  t.after(() => rm(folder, { recursive: true }));
  const main = await bundle(folder);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const imported = new Set<string>();
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/(?:^|[;}])(?:import|export)\b[^;"']*["']([^"']+)["']/gm))
      imported.add(name);
  }
  assert.ok(imported.size > 10, 'the files import one another');
  assert.deepEqual(
    [...imported].filter((name) => !name.startsWith('./')),
    [],
  );
  // It also runs, where nothing but the bundle is.
  const { status, stdout } = spawnSync(process.execPath, [main, '--version'], { encoding: 'utf8', cwd: folder });
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+/);
});
