import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const root = new URL('../../../', import.meta.url);

const FOLDERS = ['service', 'embedded-aws', 'local', 'infra', 'k8s', 'test', 'docs'];
/** Layers of the service are named without it. */
const LAYERS = [
  'aws',
  'base',
  'cli',
  'compose',
  'core',
  'delivery',
  'kernel',
  'ledger',
  'object',
  'quarantine',
  'run',
  'tenant',
];
const PATH = new RegExp(
  `(?<![\\w./@-])((?:${[...FOLDERS, ...LAYERS].join('|')})/(?:[\\w-]+/)*[\\w.-]+\\.(?:ts|js|mjs|md|ya?ml|json|wasm))\\b`,
  'g',
);

async function texts(): Promise<Map<string, string>> {
  const names = (
    await Promise.all(
      FOLDERS.map((folder) =>
        readdir(new URL(`${folder}/`, root), { recursive: true }).then((files) =>
          files.map((file) => `${folder}/${file}`),
        ),
      ),
    )
  )
    .flat()
    .concat(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'])
    .filter((name) => /\.(ts|js|md|ya?ml)$/.test(name) && !/node_modules|golden|assembly/.test(name));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, root), 'utf8')] as const)),
  );
}

/** Comments of code, and all of a page but its examples. */
function prose(name: string, text: string): string {
  if (name.endsWith('.md')) return text.replace(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm)].join('\n');
}

test('every file that a page or a comment names is there', async () => {
  const missing: string[] = [];
  let found = 0;
  for (const [name, text] of await texts()) {
    for (const [, path = ''] of prose(name, text).matchAll(PATH)) {
      found++;
      if (
        ['', 'service/', 'infra/', 'docs/', 'test/', 'embedded-aws/'].some((place) =>
          existsSync(new URL(place + path, root)),
        )
      )
        continue;
      if (existsSync(new URL(path, new URL(name, root)))) continue;
      missing.push(`${name}: ${path}`);
    }
  }
  assert.ok(found > 100, `only ${found} paths were found; the pattern is broken`);
  assert.deepEqual(missing, []);
});
