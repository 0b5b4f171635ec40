/**
 * `npm test`: every test of the repository, and where more can be tested on a machine, that too.
 *
 *     npm test                    all
 *     npm test -- unit golden     only these folders of test/
 *
 * What depends on the kernel runs in several modes (modes.ts), unless KERNEL_POISON or PLAIN_DECODER asks for one.
 *
 * Exit status 1 when anything failed. What a machine cannot do is said in a line, and is no failure.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Endpoint, findEndpoints } from './e2e/endpoints.ts';
import { dependsOnKernel, endToEndModes, modes } from './modes.ts';

const here = new URL('./', import.meta.url);
const root = fileURLToPath(new URL('../', import.meta.url));
/** These run by themselves, in this order, after everything that can run side by side. */
const E2E = 'e2e';
/** Not tests of a machine's correctness: they have commands of their own. */
const APART = new Set(['bench', 'chaos', 'support']);

async function testFiles(folder: string): Promise<string[]> {
  const names = await readdir(new URL(`${folder}/`, here), { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(root, fileURLToPath(new URL(`${folder}/${name}`, here))))
    .sort();
}

async function allFolders(): Promise<string[]> {
  const entries = await readdir(here, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !APART.has(entry.name)).map(({ name }) => name);
}

/** Runs Node's test runner over files. @returns whether all passed */
async function runTests(
  files: readonly string[],
  concurrency: number,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  if (files.length === 0) return true;
  const args = [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=./test/reporter.ts',
    '--test-timeout=120000',
  ];
  const child = spawn(process.execPath, [...args, ...files], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('exit', resolve);
  return (await promise) === 0;
}

async function runEndToEnd(files: readonly string[]): Promise<boolean> {
  let passed = true;
  for (const found of await findEndpoints()) {
    if ('missing' in found) {
      console.log(`end to end against ${found.name}: left out, ${found.missing}`);
      continue;
    }
    const leftOut = found.leavesOut ? ` (left out there: ${found.leavesOut})` : '';
    for (const { name, environment: kernel } of endToEndModes(found)) {
      console.log(`end to end against ${found.name}${leftOut}, ${name}`);
      const run = (environment: NodeJS.ProcessEnv) => runTests(files, 1, { ...environment, ...kernel });
      passed = (await withEndpoint(found, run)) && passed;
    }
  }
  return passed;
}

/** All files in the first mode; in the others those whose result may be another there. */
async function runInModes(files: readonly string[], environment: NodeJS.ProcessEnv): Promise<boolean> {
  const kernelFiles = await dependsOnKernel(files);
  let passed = true;
  for (const [at, mode] of modes().entries()) {
    const ofMode = at === 0 ? files : kernelFiles;
    if (ofMode.length === 0) continue;
    console.log(`${ofMode.length} files of tests, ${mode.name}`);
    passed = (await runTests(ofMode, availableParallelism(), { ...environment, ...mode.environment })) && passed;
  }
  return passed;
}

async function withEndpoint<T>(endpoint: Endpoint, use: (environment: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const running = await endpoint.start();
  try {
    return await use(running.environment);
  } finally {
    await running.stop();
  }
}

const asked = process.argv.slice(2);
const known = await allFolders();
const unknown = asked.filter((folder) => !existsSync(new URL(`${folder}/`, here)));
if (unknown.length > 0) {
  console.error(
    `usage: npm test -- [FOLDER ...], of ${known.join(', ')}; all if none is given (got ${unknown.join(' ')})`,
  );
  process.exit(2);
}
const folders = asked.length > 0 ? asked : known;
const files = await Promise.all(folders.filter((folder) => folder !== E2E).map(testFiles));
const startedMs = performance.now();
// Told before anything runs: a test that hangs tells nothing.
const FUZZ_SEED = process.env.FUZZ_SEED ?? String(randomInt(2 ** 31));
if (folders.includes('fuzz')) console.log(`fuzzing with FUZZ_SEED=${FUZZ_SEED}`);
let passed = await runInModes(files.flat(), { FUZZ_SEED });
if (folders.includes(E2E)) passed = (await runEndToEnd(await testFiles(E2E))) && passed;
console.log(
  `${passed ? 'all tests passed' : 'tests FAILED'} in ${Math.round((performance.now() - startedMs) / 1000)} s`,
);
process.exitCode = passed ? 0 : 1;
