/**
 * `npm run simulate`: the service's own code against models of AWS, on a virtual clock, with all chance from a seed. Exit status 1 when a
 * trial failed; it prints the fewest strokes that still fail, and how to run them again.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import pLimit from 'p-limit';
import { installClocks } from './clocks.ts';
import { DEFAULT_SIZE, planTrial, type TrialPlan } from './plan.ts';
import { PLANTS } from './plants.ts';
import { replaceModules } from './replace.ts';
import { shrink } from './shrink.ts';
import { addTrial, NO_TRIALS } from './summary.ts';
import type { TrialResult } from './trial.ts';

interface Options {
  readonly seed: number;
  readonly trials: number;
  readonly hours: number;
  readonly tenants: number;
  readonly tasks: number;
  readonly parallel: number;
  readonly only?: readonly number[];
  readonly plant?: string;
  readonly journal?: string;
  readonly shrink: boolean;
  readonly untilFailed?: true;
  readonly json?: true;
  readonly child?: true;
}

/** What an empty list is printed and given as: an argument has to say something. */
const NONE = '-';

const program = new Command('npm run simulate --')
  .description(
    'Simulates the service in a storm of faults: trials with seeds from --seed on, each the same on every machine.',
  )
  .option('--seed <n>', 'of the first trial; each next one has the next number', wholeNumber, 1)
  .option('--trials <n>', 'how many', atLeastOne, 1)
  .option('--hours <n>', 'virtual length of a storm; a longer one has more of everything', positive, DEFAULT_SIZE.hours)
  .option(
    '--tenants <n>',
    'tenants; the first four use every feature that moves a batch',
    atLeastOne,
    DEFAULT_SIZE.tenants,
  )
  .option('--tasks <n>', 'tasks of the service', atLeastOne, DEFAULT_SIZE.tasks)
  .option('--parallel <n>', 'processes that share the trials', atLeastOne, Math.min(2, availableParallelism()))
  .option('--only <numbers>', 'only these strokes of the plan, by their numbers from 0; - for none', numbers)
  .option('--no-shrink', 'do not look for the fewest strokes of a trial that fails')
  .option('--until-failed', 'end with the first trial that fails')
  .option('--plant <name>', `plants a fault into the service first: ${Object.keys(PLANTS).join(', ')}`)
  .option('--journal <file>', 'write the journal of the (last) trial there')
  .option('--json', 'print one line of JSON at the end')
  .option('--child', 'print a line of JSON for each trial: for the process that shares the trials out');
const options = program.parse().opts<Options>();

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('not a whole number');
  return Number(value);
}

function atLeastOne(value: string): number {
  const number = wholeNumber(value);
  if (number === 0) throw new InvalidArgumentError('not a number above 0');
  return number;
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('not a number above 0');
  return number;
}

function numbers(value: string): number[] {
  if (value === NONE) return [];
  return value
    .split(',')
    .filter((text) => text !== '')
    .map(wholeNumber);
}

/** As it comes from another process. */
type Told = Omit<TrialResult, 'journal'> & { readonly hash: string; readonly shrunk?: readonly number[] };

const TRIALS_OF_SHRINKING = 300;

async function runHere(tell: (told: Told) => void): Promise<void> {
  const plant = options.plant === undefined ? [] : PLANTS[options.plant];
  if (!plant) program.error(`error: there is no fault ${options.plant}`);
  replaceModules(plant);
  installClocks();
  const { loadSubject, runTrial } = await import('./trial.ts');
  const subject = await loadSubject();
  for (let at = 0; at < options.trials; at++) {
    const plan = planTrial(String(options.seed + at), options);
    const all = [...plan.strokes.keys()];
    const chosen = options.only ?? all;
    const { journal, ...result } = await runTrial(subject, only(plan, chosen));
    if (options.journal !== undefined) writeFileSync(options.journal, `${journal.lines.join('\n')}\n`);
    const fails = async (some: readonly number[]) => (await runTrial(subject, only(plan, some))).failed;
    const shrunk = result.failed && options.shrink ? await shrink(chosen, fails, TRIALS_OF_SHRINKING) : undefined;
    tell({ ...result, hash: journal.hash(), ...(shrunk && { shrunk }) });
    if (result.failed && options.untilFailed) return;
  }
}

function only(plan: TrialPlan, numbers: readonly number[]): TrialPlan {
  return { ...plan, strokes: numbers.flatMap((number) => plan.strokes[number] ?? []) };
}

/**
 * Trials of one process. Waits of simulated processes that were killed never end, and Node keeps whom their signals would wake: 0.7 MB a
 * trial.
 */
const TRIALS_PER_PROCESS = 200;

/** Shares the trials out: each process has its own row of seeds. */
async function runShared(tell: (told: Told) => void): Promise<void> {
  const shares = Math.max(Math.min(options.parallel, options.trials), Math.ceil(options.trials / TRIALS_PER_PROCESS));
  const share = (at: number) => Math.floor((options.trials * at) / shares);
  await pLimit(options.parallel).map(Array(shares).keys(), async (at) => {
    const args = process.argv.slice(2).concat('--child');
    args.push('--seed', String(options.seed + share(at)), '--trials', String(share(at + 1) - share(at)));
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    for await (const line of createInterface({ input: child.stdout })) tell(JSON.parse(line));
    const status = await ended;
    if (status !== 0) throw new Error(`a process of trials ended with status ${status}`);
  });
}

if (options.child) {
  await runHere((told) => console.log(JSON.stringify(told)));
} else {
  let sum = NO_TRIALS;
  const startedMs = performance.now();
  const tell = (told: Told) => {
    sum = addTrial(sum, told);
    if (told.failed) console.error(describe(told));
  };
  await (options.trials > 1 ? runShared(tell) : runHere(tell));
  const result = { ...sum, seconds: Math.round((performance.now() - startedMs) / 1000) };
  if (options.json) console.log(JSON.stringify(result));
  else console.table(result);
  process.exitCode = sum.failed > 0 ? 1 : 0;
}

function describe({ seed, findings, unfinished, shrunk }: Told): string {
  const size = [
    ...(options.hours === DEFAULT_SIZE.hours ? [] : ['--hours', options.hours]),
    ...(options.tenants === DEFAULT_SIZE.tenants ? [] : ['--tenants', options.tenants]),
    ...(options.tasks === DEFAULT_SIZE.tasks ? [] : ['--tasks', options.tasks]),
    ...(options.plant === undefined ? [] : ['--plant', options.plant]),
    ...(shrunk ? ['--only', shrunk.join(',') || NONE] : []),
  ];
  const again = `npm run simulate -- --seed ${seed} ${size.join(' ')} --journal journal.txt`;
  const strokes = shrunk ? [`${shrunk.length} strokes still fail`] : [];
  return [`FAILED seed ${seed}`, ...findings, ...unfinished, ...strokes, again].join('\n    ');
}
