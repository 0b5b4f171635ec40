/**
 * `npm test`: what a change is likely to break, in some minutes. `npm run test:all`: all that can be tested on this machine.
 *
 *     npm test                     the suites of QUICK without the files of long.ts, each once, and short searches
 *     npm test -- unit golden      these suites only: a suite is a folder of test/
 *     npm run test:all             every suite and file, with each kind of kernel (modes.ts), on each emulator that is there;
 *                                  suites that wait run beside those that compute
 *
 * Exit status 1 when a test failed, or a suite was empty. What a machine cannot do is said in a line, and is no failure.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
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
const QUICK = ['unit', 'golden', 'e2e', 'k8s'];
/** One searches for as long as it is given; the other needs packages of its own, which are large. */
const ONLY_IN_ALL = ['fuzz', 'infra'];
const SUITES = [...QUICK, ...ONLY_IN_ALL];
/** Their tests wait for processes more than they compute. They are a lane of their own, which runs beside that of the others. */
const WAITING = new Set(['e2e', 'k8s']);
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

/** What a suite runs with. */
interface Context {
  readonly all: boolean;
  readonly environment: Readonly<Record<string, string>>;
  write(text: string): void;
}

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
async function runPass({ write }: Context, { title, files, concurrency, environment }: Pass): Promise<boolean> {
  write(`\n${title}: ${files.length} files\n`);
  const startedMs = performance.now();
  const events = run({
    files: [...files],
    cwd: root,
    concurrency,
    execArgv: [`--test-timeout=${TEST_TIMEOUT_MS}`],
    env: { ...process.env, ...environment },
  });
  const passed = await report(events, files.length, write);
  write(`  ${title} ${passed ? 'passed' : 'FAILED'} in ${secondsSince(startedMs)} s\n`);
  return passed && files.length > 0;
}

/** All files in the first mode; in the others those whose result may be another there. */
async function runInModes(suite: string, context: Context): Promise<boolean> {
  const files = await testFiles(suite, context.all);
  const used: readonly Mode[] = modes(context.all);
  const kernelFiles = used.length > 1 ? await dependsOnKernel(files) : [];
  let passed = true;
  for (const [at, mode] of used.entries()) {
    const ofMode = at === 0 ? files : kernelFiles;
    if (at > 0 && ofMode.length === 0) continue;
    const title = used.length > 1 ? `${suite}, ${mode.name}` : suite;
    const concurrency = availableParallelism();
    const pass = { title, files: ofMode, concurrency, environment: { ...context.environment, ...mode.environment } };
    passed = (await runPass(context, pass)) && passed;
  }
  return passed;
}

async function runEndToEnd(context: Context): Promise<boolean> {
  const files = await testFiles('e2e', context.all);
  let passed = true;
  for (const found of await findEndpoints(context.all)) {
    if ('missing' in found) {
      context.write(`\ne2e on ${found.name}: left out, ${found.missing}\n`);
      continue;
    }
    const ofEndpoint = found.leavesOut === '' ? files : await onAnyEndpoint(files);
    for (const [at, mode] of endToEndModes(found, context.all).entries()) {
      const ofMode = at === 0 ? ofEndpoint : files.filter((file) => OF_THE_KERNEL.has(file));
      const title = `e2e on ${found.name}, ${mode.name}`;
      if (found.leavesOut) context.write(`\nOn ${found.name} these are left out: ${found.leavesOut}\n`);
      const { concurrency } = found;
      const ofBundle = mode.ofBundle ? { SERVICE_MAIN: await bundle(BUNDLE) } : {};
      const used = { ...context.environment, ...mode.environment, ...ofBundle };
      passed = (await runOn(context, found, { title, files: ofMode, concurrency, environment: used })) && passed;
    }
  }
  return passed;
}

/** Files that run on the endpoint that the environment names, and not on an embedded AWS of their own. */
async function onAnyEndpoint(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, new URL('../', here)), 'utf8')));
  return files.filter((_, at) => texts[at]?.includes("from './pipeline.ts'"));
}

async function runOn(context: Context, endpoint: Endpoint, pass: Pass): Promise<boolean> {
  const running = await endpoint.start();
  try {
    return await runPass(context, { ...pass, environment: { ...pass.environment, ...running.environment } });
  } finally {
    await running.stop();
  }
}

async function runSuite(suite: string, context: Context): Promise<boolean> {
  if (suite === 'e2e') return runEndToEnd(context);
  if (suite === 'k8s') await untilBuilt();
  if (suite === 'unit' && context.all) return runInModes(suite, { ...context, environment: later(context) });
  return runInModes(suite, context);
}

/** Unit tests have dates written down, as they have clocks of their own. */
function later({ environment, write }: Context): Context['environment'] {
  const ahead = laterEnvironment();
  const clock = ahead ? `ahead: ${ahead.FAKETIME}` : 'the real one (left out: another, as there is no faketime)';
  write(`\nThe clock of the unit tests is ${clock}\n`);
  return { ...environment, ...ahead };
}

/** One after another. @returns those that failed */
async function runLane(suites: readonly string[], context: Omit<Context, 'write'>, alone: boolean): Promise<string[]> {
  const failed: string[] = [];
  for (const suite of suites) {
    const write = alone ? writeAtOnce : byLine(suite);
    if (!(await runSuite(suite, { ...context, write }))) failed.push(suite);
  }
  return failed;
}

function writeAtOnce(text: string): void {
  process.stdout.write(text);
}

/** Whole lines only, each with the name of its suite: those of two lanes come mixed. */
function byLine(suite: string): Context['write'] {
  let begun = '';
  return (text) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(line === '' ? '\n' : `${suite} | ${line}\n`);
  };
}

/** `.ci/steps` starts the tests while a process still builds what those of Kubernetes use (`.ci/cluster`). */
async function untilBuilt(): Promise<void> {
  const builder = Number(process.env.CLUSTER_BUILDER_PID ?? 0);
  while (builder > 0 && isAlive(builder)) await delay(500);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
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
if (suites.includes('infra')) installInfra();
const lanes = [false, true]
  .map((waits) => suites.filter((suite) => WAITING.has(suite) === waits))
  .filter((suitesOfLane) => suitesOfLane.length > 0);
const running = lanes.map((lane) => runLane(lane, { all, environment }, lanes.length === 1));
const failed = (await Promise.all(running)).flat();
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
