/**
 * `npm run bench`: the service as it ships against a sink, beside the floor and a naive pipeline (README.md). Prints a table;
 * with --json the table goes to standard error, and standard output has one line of JSON.
 */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { bundle } from '../../local/bundle.ts';
import { loadDataSet } from './data/dataset.ts';
import { findParquetWriter } from './data/parquet.ts';
import { type ThreadsResult, toResult, toResults, toThreadsResult, type WorkloadResult } from './results.ts';
import { runThreads } from './run-threads.ts';
import { runWorkload } from './run-workload.ts';
import { openScene, PUT_COMPRESSIONS, type PutCompression } from './scene.ts';
import { threadsTable, workloadTable } from './table.ts';
import { QUICK_THREADS_WORKLOADS, QUICK_WORKLOADS, THREADS_WORKLOADS, WORKLOADS, type Workload } from './workloads.ts';

interface Options {
  readonly json?: true;
  readonly quick?: true;
  readonly rounds?: number;
  readonly only?: string;
  readonly threads: boolean;
  readonly putCompression: PutCompression;
}

const ROUNDS = 3;

function atLeastOne(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}

const options = new Command('npm run bench --')
  .description('Measures how fast the service moves log bytes, and what that costs, on this machine.')
  .option('--json', 'print one line of JSON; the table goes to standard error')
  .option('--quick', 'half a minute instead of eight: 32 MB instead of 128, one round, fewer workloads')
  .option(
    '--rounds <number>',
    `rounds of each workload; the medians are reported (default ${ROUNDS}, quick 1)`,
    atLeastOne,
  )
  .option('--only <text>', 'only workloads with this in their name')
  .option('--no-threads', 'leave out the comparison of one worker thread with two')
  .addOption(
    new Option('--put-compression <how>', 'the setting PUT_COMPRESSION of the service')
      .choices(PUT_COMPRESSIONS)
      .default('gzip'),
  )
  .parse()
  .opts<Options>();

const say = options.json ? console.error : console.log;
const rounds = options.rounds ?? (options.quick ? 1 : ROUNDS);
const isWanted = ({ name }: Workload) => name.includes(options.only ?? '');
const workloads = (options.quick ? QUICK_WORKLOADS : WORKLOADS).filter(isWanted);
const threads = (options.quick ? QUICK_THREADS_WORKLOADS : THREADS_WORKLOADS).filter(isWanted);

// What is to be ended and removed listens to the exit of this process; without these there would be none.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const startedMs = performance.now();
// What ships is the bundle; SERVICE_MAIN may name another one, to compare it with.
process.env.SERVICE_MAIN ||= await bundle(join(import.meta.dirname, '../../.local/bundle-bench'));
const writer = findParquetWriter();
await using scene = await openScene(options.putCompression);

say(
  `${availableParallelism()} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
);
say(`Parquet by ${writer.name}; rounds: ${rounds}`);
const load = (workload: Workload) => loadDataSet(scene.dataFolder, workload, writer, say, Date.now());
for (const workload of [...workloads, ...threads]) await load(workload);

const measured: WorkloadResult[] = [];
const table = workloadTable(workloads.map(({ name }) => name));
say(`\n${table.head}`);
for (const workload of workloads) {
  if (workload.tls && !scene.certificate) {
    say(`${workload.name}: left out, there is no openssl to make a certificate with`);
    continue;
  }
  const result = toResult(await runWorkload(scene, workload, await load(workload), rounds));
  measured.push(result);
  say(table.line(result));
}

const compared: ThreadsResult[] = [];
if (options.threads && threads.length > 0) {
  const lines = threadsTable(threads.map(({ name }) => name));
  say(`\n${lines.head}`);
  for (const workload of threads) {
    const result = toThreadsResult(await runThreads(scene, workload, await load(workload), rounds));
    compared.push(result);
    say(lines.line(result));
  }
}

const describeCalls = scene.cloud.calls
  .list()
  .filter(({ service, action }) => service === 'logs' && action.startsWith('Describe'))
  .reduce((sum, { count }) => sum + count, 0);
say(
  `\nDescribe calls in tenants' accounts: ${describeCalls}; ${Math.round((performance.now() - startedMs) / 1000)} s in all`,
);
if (options.json) console.log(JSON.stringify(toResults(measured, compared, describeCalls)));
