/**
 * `npm run simulate:scale`: many tenants and tasks through hours, on the simulation's virtual clock, without trouble and with it. Prints
 * one line of JSON. Exit status 1 when something is lost, misrouted or beyond a limit, or when quiet tenants wait too long beside trouble.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { installClocks } from '../clocks.ts';
import { replaceModules } from '../replace.ts';
import { SCALE_PLANTS } from './plants.ts';
import type { ScaleResult } from './trial.ts';
import { TROUBLES, type Trouble } from './trouble.ts';

interface Options {
  readonly trouble: Trouble | 'all' | 'none';
  readonly tenants: number;
  readonly tasks: number;
  readonly tasksMin?: number;
  readonly threads: number;
  readonly hours: number;
  readonly terabytesPerDay: number;
  readonly closeSeconds: number;
  readonly objectMegabytes: number;
  readonly flood: number;
  readonly seed: string;
  readonly plant?: string;
  readonly child?: true;
}

/** Of p99 from created to delivered of quiet tenants: beside trouble, divided by that without. */
const RATIO_MAX = 1.5;

const program = new Command('npm run simulate:scale --')
  .description('Simulates many tenants and tasks, first without trouble and then with it, and compares.')
  .addOption(new Option('--trouble <which>', 'what goes wrong').choices([...TROUBLES, 'all', 'none']).default('all'))
  .option('--tenants <n>', "tenants, whose sizes follow Zipf's law", positive, 10_000)
  .option('--tasks <n>', 'tasks of the service', positive, 100)
  .option('--tasks-min <n>', 'let the policy of autoscaling choose between so many tasks and --tasks', positive)
  .option('--threads <n>', 'worker threads of a task', positive, 2)
  .option('--hours <n>', 'virtual length', positive, 1)
  .option('--terabytes-per-day <n>', 'message text of all tenants, TB of 10^12 bytes', positive, 10)
  .option('--close-seconds <n>', "after which a tenant's object is closed", positive, 900)
  .option('--object-megabytes <n>', 'message text after which it is closed before that', positive, 64)
  .option('--flood <n>', 'objects that a flood announces at once', positive, 20_000)
  .option('--seed <text>', 'the same seed gives the same run', '1')
  .option('--plant <name>', `plants a fault into the service first: ${Object.keys(SCALE_PLANTS).join(', ')}`)
  .option('--child', 'one run, in this process');
const options = program.parse().opts<Options>();

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('not a number above 0');
  return number;
}

async function runHere(): Promise<ScaleResult> {
  const plant = options.plant === undefined ? [] : SCALE_PLANTS[options.plant];
  if (!plant) program.error(`error: there is no fault ${options.plant}`);
  replaceModules(plant);
  installClocks();
  const { loadSubject } = await import('../trial.ts');
  const { runScale } = await import('./trial.ts');
  const { trouble, objectMegabytes, tasksMin } = options;
  const troubles = trouble === 'all' ? TROUBLES : trouble === 'none' ? [] : [trouble];
  return runScale(await loadSubject(), {
    ...options,
    tasksMin,
    troubles,
    objectBytesMax: objectMegabytes * 1e6,
    onProgress: (text) => process.stderr.write(`${trouble}: ${text}\n`),
  });
}

/** The simulation makes many small objects and keeps some of them for long: V8's own beginnings are too small for that. */
const HEAP = ['--max-old-space-size=12000', '--min-semi-space-size=32', '--max-semi-space-size=64'];

type Run = ScaleResult & { readonly seconds: number };

async function runApart(trouble: string): Promise<Run> {
  const args = [...HEAP, fileURLToPath(import.meta.url), ...process.argv.slice(2), '--child', '--trouble', trouble];
  const startedMs = performance.now();
  const running = promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
  running.child.stderr?.pipe(process.stderr);
  const { stdout } = await running;
  return { ...JSON.parse(stdout), seconds: Math.round((performance.now() - startedMs) / 1000) };
}

function ratiosOf(alone: Run, beside: Run): Readonly<Record<string, number>> {
  const windows = [...beside.troubles, 'whole'] as const;
  return Object.fromEntries(
    windows.map((window) => [
      window,
      Math.round((100 * beside.quiet[window].p99_ms) / alone.quiet[window].p99_ms) / 100,
    ]),
  );
}

const hasFailed = ({ lost, misrouted, dead_letters, findings }: Run) =>
  lost + misrouted + dead_letters > 0 || findings.length > 0;

if (options.child) {
  console.log(JSON.stringify(await runHere()));
} else {
  const { child: _, ...size } = options;
  const alone = await runApart('none');
  const beside = options.trouble === 'none' ? undefined : await runApart(options.trouble);
  const p99_ratios = beside && ratiosOf(alone, beside);
  console.log(JSON.stringify({ ...size, alone, ...(beside && { beside, p99_ratios }) }));
  const isSlow = Object.values(p99_ratios ?? {}).some((ratio) => !(ratio <= RATIO_MAX));
  process.exitCode = isSlow || [alone, beside].some((run) => run && hasFailed(run)) ? 1 : 0;
}
