import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);

/** The layers of docs/design.md: a folder imports only from lower ones, from itself, and what `BESIDE` allows. */
const LAYERS: Readonly<Record<string, number>> = {
  base: 0,
  core: 1,
  kernel: 1,
  aws: 2,
  object: 2,
  ledger: 2,
  tenant: 2,
  delivery: 3,
  run: 4,
  cli: 5,
  'serve.ts': 5,
  'main.ts': 5,
};
/** Arrows within a layer: the clients of tables tell AWS faults apart; S3 is a source of bytes. */
const BESIDE = new Set(['ledger → aws', 'tenant → aws', 'aws → object', 'main.ts → cli', 'main.ts → serve.ts']);

/** The kernel's source is another language, with packages of its own. */
const isOurs = (name: string) => name.endsWith('.ts') && !name.startsWith('kernel/assembly/');

interface Arrow {
  readonly file: string;
  readonly target: string;
}

async function arrows(): Promise<Arrow[]> {
  const files = (await readdir(new URL('service/', root), { recursive: true })).filter(isOurs);
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(new URL(`service/${file}`, root), 'utf8');
      const imports = text.matchAll(/(?:from|import|new URL)\s*\(?\s*'(\.[^']+)'/g);
      return [...imports].map(([, path = '']) => ({
        file,
        target: posix.normalize(posix.join(posix.dirname(file), path)),
      }));
    }),
  );
  return found.flat();
}

const place = (file: string) => file.split('/')[0] ?? '';

test('every folder of the service belongs to a layer', async () => {
  const folders = await readdir(new URL('service/', root));
  for (const folder of folders) assert.ok(folder in LAYERS, `service/${folder} is in no layer`);
});

test('arrows point down: no layer imports a higher one, none leaves the service, none crosses a layer unless allowed', async () => {
  const all = await arrows();
  assert.ok(all.length > 100, `only ${all.length} imports were found; the pattern is broken`);
  const wrong = all.filter(({ file, target }) => {
    const [from, to] = [place(file), place(target)];
    // The service tells its version.
    if (file === 'serve.ts' && target === '../package.json') return false;
    if (from === to || BESIDE.has(`${from} → ${to}`)) return false;
    return target.startsWith('..') || !(to in LAYERS) || (LAYERS[from] ?? 0) <= (LAYERS[to] ?? 0);
  });
  assert.deepEqual(wrong, []);
});

test('only entry points read the environment, listen to signals or exit', async () => {
  const files = (await readdir(new URL('service/', root), { recursive: true })).filter(isOurs);
  for (const file of files) {
    if ((LAYERS[place(file)] ?? 0) === 5) continue;
    const text = await readFile(new URL(`service/${file}`, root), 'utf8');
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    assert.doesNotMatch(code, /process\.(env|exit|on|once|kill)\b/, `service/${file}`);
  }
});
