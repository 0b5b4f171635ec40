import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/**
 * `npm run bundle`: the service and its command line as a few JavaScript files without node_modules, which is what the image has.
 *
 *     node local/bundle.ts [FOLDER]        default dist/
 *
 * Node then strips no types, and each thread loads what it runs and nothing else (docs/decisions/0011-bundle.md). What is rarely needed, such
 * as the SDK's clients and the command line, stays in files of its own, which are read when they are first used.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
/** What is started: the process, and its threads. */
const ENTRIES = ['service/main.ts', 'service/compose/worker.ts'];
/** What the service reads at run time, by its path there. All files of the bundle lie in one folder. */
const ASSETS = { 'service/kernel/kernel.wasm': 'kernel.wasm', 'service/run/watch/page': 'page' } as const;

/**
 * Takes Node's own modules by a call. An `import` asks for each of their exports, also for those that Node makes when somebody asks:
 * `node:http` then loads all of undici, for a class that nobody here uses, 2 MB in every thread. And what tracing changes in these modules
 * (infra/values/containers.ts) does not reach an import.
 */
const LAZY_BUILTINS: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path }) => (isBuiltin(path) ? { path, namespace: 'builtin' } : undefined));
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
  },
};

/** What fastify asks for where a route has a schema, or a test injects a request. None does (run/watch/http.ts). */
const NEVER_ASKED_FOR = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];

/** @returns the file to start */
export async function bundle(folder = join(root, 'dist')): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    entryNames: '[name]',
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [LAZY_BUILTINS],
    external: NEVER_ASKED_FOR,
    legalComments: 'none',
    metafile: true,
  });
  await Promise.all(Object.keys(metafile.outputs).map((file) => requireAscii(join(root, file))));
  for (const [from, to] of Object.entries(ASSETS)) await cp(join(root, from), join(folder, to), { recursive: true });
  await writeFile(join(folder, 'LICENSES.txt'), await licensesOf(Object.keys(metafile.inputs)));
  return join(folder, 'main.js');
}

/** V8 keeps the text of a file, and with one other character in it takes two bytes for each: write it as an escape. */
async function requireAscii(file: string): Promise<void> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII has them
  const found = /.{0,40}[^\x00-\x7f]/.exec(await readFile(file, 'utf8'));
  if (found) throw new Error(`the bundle has a character beyond ASCII behind ${found[0]}`);
}

/** The licences of all packages of which something is in the bundle: most of them ask for that. */
async function licensesOf(inputs: readonly string[]): Promise<string> {
  const folders = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts: string[] = [];
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const text = await firstOf(folder, ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'License']);
    texts.push(`${name} ${version} (${license})\n\n${text ?? ''}`.trim());
  }
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

async function firstOf(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const text = await readFile(join(root, folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder] = process.argv;
  const file = await bundle(folder === undefined ? undefined : resolve(folder));
  console.log(relative(process.cwd(), file));
}
