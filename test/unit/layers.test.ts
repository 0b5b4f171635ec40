import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { test } from 'node:test';

const root = new URL('../../', import.meta.url);

/**
 * The layers of docs/design.md: a folder imports only from lower ones, from itself, and what `BESIDE` allows. The rooms of
 * `run` are layers among themselves.
 */
const LAYERS: Readonly<Record<string, number>> = {
  base: 0,
  core: 1,
  kernel: 1,
  aws: 2,
  object: 2,
  ledger: 2,
  tenant: 2,
  quarantine: 2,
  delivery: 3,
  reconcile: 3,
  destination: 4,
  'run/queue': 5,
  'run/schedule': 5,
  'run/threads': 6,
  'run/stats': 6,
  'run/messages': 7,
  'run/receipts': 5,
  'run/watch': 8,
  cli: 9,
  compose: 9,
  'version.ts': 0,
  'serve.ts': 10,
  'main.ts': 11,
};
const ENTRY_POINTS: readonly string[] = ['cli', 'compose/worker.ts', 'serve.ts', 'main.ts'];
/** Arrows within a layer: the clients of tables tell AWS faults apart; S3 is a source of bytes. */
const BESIDE = new Set(['ledger → aws', 'tenant → aws', 'quarantine → aws', 'aws → object']);

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

/** The folder that is a layer; within `run`, its room. */
const place = (file: string) =>
  file
    .split('/')
    .slice(0, file.startsWith('run/') ? 2 : 1)
    .join('/');

test('every folder of the service belongs to a layer', async () => {
  const folders = await readdir(new URL('service/', root));
  const rooms = (await readdir(new URL('service/run/', root))).map((room) => `run/${room}`);
  const places = [...folders.filter((folder) => folder !== 'run'), ...rooms];
  assert.deepEqual(places.sort(), Object.keys(LAYERS).sort());
});

test('arrows point down: no layer imports a higher one, none leaves the service, none crosses a layer unless allowed', async () => {
  const all = await arrows();
  assert.ok(all.length > 100, `only ${all.length} imports were found; the pattern is broken`);
  const wrong = all.filter(({ file, target }) => {
    const [from, to] = [place(file), place(target)];
    // The service tells its version.
    if (file === 'version.ts' && target === '../package.json') return false;
    if (from === to || BESIDE.has(`${from} → ${to}`)) return false;
    return target.startsWith('..') || !(to in LAYERS) || (LAYERS[from] ?? 0) <= (LAYERS[to] ?? 0);
  });
  assert.deepEqual(wrong, []);
});

test('no file imports itself, however long the way', async () => {
  const targets = Map.groupBy(await arrows(), ({ file }) => file);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const { target } of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

test('the embedded AWS is a package of its own: it imports nothing of the log distributor', async () => {
  const files = (await readdir(new URL('embedded-aws/', root), { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('node_modules'),
  );
  assert.ok(files.length > 40, `only ${files.length} files were found`);
  for (const file of files) {
    const text = await readFile(new URL(`embedded-aws/${file}`, root), 'utf8');
    for (const [, path = ''] of text.matchAll(/from '(\.[^']+)'/g)) {
      const target = posix.normalize(posix.join(posix.dirname(file), path));
      assert.doesNotMatch(target, /^\.\./, `embedded-aws/${file} imports ${path}`);
    }
  }
});

test('only entry points read the environment, listen to signals or exit', async () => {
  const files = (await readdir(new URL('service/', root), { recursive: true })).filter(isOurs);
  for (const file of files) {
    if (ENTRY_POINTS.includes(file) || ENTRY_POINTS.includes(place(file))) continue;
    const text = await readFile(new URL(`service/${file}`, root), 'utf8');
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    assert.doesNotMatch(code, /process\.(env|exit|on|once|kill)\b/, `service/${file}`);
  }
});
