/**
 * `npm test`: what a change is likely to break, in some minutes. `npm run test:all`: all that can be tested on this machine.
 *
 *     npm test                     the suites of QUICK without the files of long.ts, each once, and short searches
 *     npm test -- unit golden      these suites only: a suite is a folder of test/
 *     npm run test:all             every suite and file, with each kind of kernel (modes.ts), on each emulator that is there
 *
 * Exit status 1 when a test failed, or a suite was empty. What a machine cannot do is said in a line, and is no failure.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundle } from '../local/bundle.ts';
import { type Endpoint, findEndpoints } from './e2e/endpoints.ts';
import { laterEnvironment } from './later.ts';
import { LONG, OF_THE_KERNEL } from './long.ts';
import { dependsOnKernel, endToEndModes, type Mode, modes } from './modes.ts';
import { report } from './reporter.ts';

const here = new URL('./', import.meta.url);
const root = fileURLToPath(new URL('../', import.meta.url));
/** In the order in which they run: the sooner a suite ends, the sooner it does. */
const QUICK = ['unit', 'golden', 'k8s', 'e2e'];
/** One searches for as long as it is given; the other needs packages of its own, which are large. */
const ONLY_IN_ALL = ['fuzz', 'infra'];
const SUITES = [...QUICK, ...ONLY_IN_ALL];
/** A test that takes this long hangs, even on a busy machine. */
const TEST_TIMEOUT_MS = 300_000;
/** How long each property of test/fuzz/ looks for input that breaks it. */
const FUZZ_SECONDS = { quick: 1, all: 2 };
/** How much of its cases each property of the other tests is checked with (support/property.ts). */
const PROPERTY_SHARE = { quick: 0.1, all: 1 };
/** Where the service's bundle is put for tests. */
const BUNDLE = fileURLToPath(new URL('../.local/bundle-e2e', import.meta.url));
/** What Node makes of TypeScript, for every process of every test; by content, so that it is never out of date. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url));

interface Pass {
  readonly title: string;
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** @param all the long ones too */
async function testFiles(suite: string, all: boolean): Promise<string[]> {
  const names = await readdir(new URL(`${suite}/`, here), { recursive: true });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(root, fileURLToPath(new URL(`${suite}/${name}`, here))))
    .filter((file) => all || !LONG.has(file))
    .sort();
}

/** @returns whether all passed */
async function runPass({ title, files, concurrency, environment }: Pass): Promise<boolean> {
  console.log(`\n${title}: ${files.length} files`);
  const startedMs = performance.now();
  const events = run({
    files: [...files],
    cwd: root,
    concurrency,
    execArgv: [`--test-timeout=${TEST_TIMEOUT_MS}`],
    env: { ...process.env, ...environment },
  });
  const passed = await report(events, files.length, (text) => process.stdout.write(text));
  console.log(`  ${title} ${passed ? 'passed' : 'FAILED'} in ${secondsSince(startedMs)} s`);
  return passed && files.length > 0;
}

/** All files in the first mode; in the others those whose result may be another there. */
async function runInModes(suite: string, all: boolean, environment: Pass['environment']): Promise<boolean> {
  const files = await testFiles(suite, all);
  const used: readonly Mode[] = modes(all);
  const kernelFiles = used.length > 1 ? await dependsOnKernel(files) : [];
  let passed = true;
  for (const [at, mode] of used.entries()) {
    const ofMode = at === 0 ? files : kernelFiles;
    if (at > 0 && ofMode.length === 0) continue;
    const title = used.length > 1 ? `${suite}, ${mode.name}` : suite;
    const concurrency = availableParallelism();
    const pass = { title, files: ofMode, concurrency, environment: { ...environment, ...mode.environment } };
    passed = (await runPass(pass)) && passed;
  }
  return passed;
}

async function runEndToEnd(everywhere: boolean, environment: Pass['environment']): Promise<boolean> {
  const files = await testFiles('e2e', everywhere);
  let passed = true;
  for (const found of await findEndpoints(everywhere)) {
    if ('missing' in found) {
      console.log(`\ne2e on ${found.name}: left out, ${found.missing}`);
      continue;
    }
    const ofEndpoint = found.leavesOut === '' ? files : await onAnyEndpoint(files);
    for (const [at, mode] of endToEndModes(found, everywhere).entries()) {
      const ofMode = at === 0 ? ofEndpoint : files.filter((file) => OF_THE_KERNEL.has(file));
      const title = `e2e on ${found.name}, ${mode.name}`;
      if (found.leavesOut) console.log(`\nOn ${found.name} these are left out: ${found.leavesOut}`);
      const { concurrency } = found;
      const ofBundle = mode.ofBundle ? { SERVICE_MAIN: await bundle(BUNDLE) } : {};
      const used = { ...environment, ...mode.environment, ...ofBundle };
      passed = (await runOn(found, { title, files: ofMode, concurrency, environment: used })) && passed;
    }
  }
  return passed;
}

/** Files that run on the endpoint that the environment names, and not on an embedded AWS of their own. */
async function onAnyEndpoint(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, new URL('../', here)), 'utf8')));
  return files.filter((_, at) => texts[at]?.includes("from './pipeline.ts'"));
}

async function runOn(endpoint: Endpoint, pass: Pass): Promise<boolean> {
  const running = await endpoint.start();
  try {
    return await runPass({ ...pass, environment: { ...pass.environment, ...running.environment } });
  } finally {
    await running.stop();
  }
}

async function runSuite(suite: string, all: boolean, environment: Pass['environment']): Promise<boolean> {
  if (suite === 'e2e') return runEndToEnd(all, environment);
  if (suite === 'infra') installInfra();
  if (suite === 'unit' && all) return runInModes(suite, all, { ...environment, ...later() });
  return runInModes(suite, all, environment);
}

/** Unit tests have dates written down, as they have clocks of their own. */
function later(): Record<string, string> {
  const environment = laterEnvironment();
  const clock = environment
    ? `ahead: ${environment.FAKETIME}`
    : 'the real one (left out: another, as there is no faketime)';
  console.log(`\nThe clock of the unit tests is ${clock}`);
  return environment ?? {};
}

/** The launcher installs before it starts anything; Node's version is the least that it can start. */
function installInfra(): void {
  const args = ['local/launch.mjs', '--in', 'infra', '--tools', 'node', '--version'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(1);
}

function secondsSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 1000);
}

const asked = process.argv.slice(2);
const all = asked[0] === '--all';
if (all) asked.shift();
const unknown = asked.filter((suite) => !SUITES.includes(suite));
if (unknown.length > 0) {
  console.error(`usage: npm test -- [SUITE ...], each one of ${SUITES.join(', ')} (got ${unknown.join(' ')})`);
  process.exit(2);
}
const suites = asked.length > 0 ? asked : all ? SUITES : QUICK;
const startedMs = performance.now();
// Told before anything runs: a test that hangs tells nothing.
const FUZZ_SEED = process.env.FUZZ_SEED ?? String(randomInt(2 ** 31));
const depth = all ? 'all' : 'quick';
const environment = {
  FUZZ_SEED,
  FUZZ_SECONDS: process.env.FUZZ_SECONDS ?? String(FUZZ_SECONDS[depth]),
  PROPERTY_SHARE: process.env.PROPERTY_SHARE ?? String(PROPERTY_SHARE[depth]),
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? COMPILE_CACHE,
};
console.log(`Suites: ${suites.join(', ')}${suites.includes('fuzz') ? ` (FUZZ_SEED=${FUZZ_SEED})` : ''}`);
const failed: string[] = [];
for (const suite of suites) {
  if (!(await runSuite(suite, all, environment))) failed.push(suite);
}
console.log(
  `\n${failed.length === 0 ? 'all tests passed' : `FAILED: ${failed.join(', ')}`} in ${secondsSince(startedMs)} s`,
);
if (!all) {
  console.log(
    `Left to npm run test:all: infrastructure, other emulators, longer searches, and ${LONG.size} long files:`,
  );
  for (const file of LONG) console.log(`  ${file}`);
}
process.exitCode = failed.length === 0 ? 0 : 1;
