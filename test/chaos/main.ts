/**
 * `npm run chaos`: real service processes against the embedded AWS in a storm of faults and signals, and then every
 * event compared. Exit status 1 when anything was lost, misrouted or unaccounted for, or repeated without a reason; 3 when
 * nothing was, and a trial had not ended when its patience did, or more than half did too little to prove anything.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import pLimit from 'p-limit';
import { bundle } from '../../local/bundle.ts';
import { PUT_COMPRESSIONS, type PutCompression } from './services.ts';
import { addTrial, NO_TRIALS, outcomeOf, statusOf } from './summary.ts';
import { runTrial, type TrialResult } from './trial.ts';

interface Options {
  readonly seed: number;
  readonly trials: number;
  readonly parallel: number;
  readonly putCompression: PutCompression;
  readonly json?: true;
  readonly logs?: string;
  readonly child?: true;
}

const { seed, trials, parallel, putCompression, json, logs, child } = new Command('npm run chaos --')
  .description('Tries to make the service lose, misroute or repeat events: trials with seeds from --seed on.')
  .option('--seed <n>', 'of the first trial; each next one has the next number', wholeNumber, 1)
  .option('--trials <n>', 'how many', wholeNumber, 10)
  .option('--parallel <n>', 'trials at once; they wait more than they work', wholeNumber, 3)
  .addOption(
    new Option('--put-compression <how>', 'of PutLogEvents; refused: by CloudWatch Logs, for good')
      .choices(PUT_COMPRESSIONS)
      .default('gzip'),
  )
  .option('--json', 'print one line of JSON at the end')
  .option('--logs <folder>', 'write what happened in each trial, and what its services logged, into a file there')
  .option('--child', 'run one trial in this very process and print its result')
  .parse()
  .opts<Options>();

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('not a whole number');
  return Number(value);
}

/** Services start by the dozen: compiled once, their code is loaded by all. */
const codeCache = mkdtempSync(join(tmpdir(), 'chaos-code-'));
process.once('exit', () => rmSync(codeCache, { recursive: true, force: true }));

/** In a process of its own: a trial is one embedded AWS, and trials shall not hold each other up. */
async function inProcess(number: number): Promise<TrialResult> {
  const args = ['--child', '--seed', String(number), '--put-compression', putCompression];
  if (logs !== undefined) args.push('--logs', logs);
  const trial = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: codeCache },
  });
  running.add(trial);
  try {
    return JSON.parse(await text(trial.stdout));
  } catch (cause) {
    throw new Error(`the trial of seed ${number} ended without a result`, { cause });
  } finally {
    running.delete(trial);
  }
}

const running = new Set<ReturnType<typeof spawn>>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const trial of running) trial.kill('SIGTERM');
    // Also ends the services: whoever started them ends them when it exits.
    process.exit(1);
  });
}

if (child) {
  if (logs !== undefined) mkdirSync(logs, { recursive: true });
  const file = logs === undefined ? undefined : createWriteStream(`${logs}/${seed}.log`);
  const startedMs = performance.now();
  const result = await runTrial(String(seed), putCompression, (line) => {
    file?.write(`${((performance.now() - startedMs) / 1000).toFixed(3)} ${line}\n`);
  });
  file?.end();
  console.log(JSON.stringify(result));
} else {
  // What ships is the bundle.
  process.env.SERVICE_MAIN ||= await bundle(join(import.meta.dirname, '../../.local/bundle-chaos'));
  const limit = pLimit(parallel);
  let sum = NO_TRIALS;
  const startedMs = performance.now();
  const all = Array.from({ length: trials }, (_, at) =>
    limit(async () => {
      const result = await inProcess(seed + at);
      sum = addTrial(sum, result);
      console.error(lineOf(result));
      for (const sentence of [...result.findings, ...result.unfinished, ...result.short]) {
        console.error(`    ${sentence}`);
      }
      if (outcomeOf(result) === 'failed') console.error(`    again: ${commandOf(result)}`);
    }),
  );
  await Promise.all(all);
  const result = { ...sum, seconds: Math.round((performance.now() - startedMs) / 1000) };
  if (json) console.log(JSON.stringify(result));
  else console.table(result);
  process.exitCode = statusOf(sum);
}

function commandOf({ seed: failed }: TrialResult): string {
  const how = putCompression === 'gzip' ? '' : ` --put-compression ${putCompression}`;
  return `npm run chaos -- --seed ${failed} --trials 1${how} --logs FOLDER`;
}

function lineOf(result: TrialResult): string {
  const { findings, unfinished, short, struck, features, ...figures } = result;
  const outcome = {
    ok: 'ok',
    failed: 'FAILED',
    'not ended': `NOT ENDED after ${result.seconds} s: ${unfinished[0]};`,
    void: `VOID: ${short.join(', ')};`,
  };
  const kinds = Object.entries(struck).map(([kind, calls]) => `${kind} ${calls}`);
  const parts = [
    ...Object.entries(figures).map(([name, value]) => `${name} ${value}`),
    `struck by ${kinds.join(', ')}`,
    `with ${features.join(', ')}`,
  ];
  return `${outcome[outcomeOf(result)].padEnd(6)} ${parts.join(', ')}`;
}
