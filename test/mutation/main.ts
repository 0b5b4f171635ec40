/**
 * `npm run mutate`: changes the service's code in thousands of small ways, one at a time, and runs the tests of the folder on
 * each. A change that no test notices is printed: a test is missing, or the code says more than it must.
 *
 *     npm run mutate -- --folder service/core
 *     npm run mutate -- --folder service/core --file walk.ts
 *
 * Exit status 1 when fewer changes than `--least` were noticed. The tests of a folder are those in its place below test/unit/.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { type MutationReport, summarize } from './summary.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const OUTPUT = '.local/mutation';
const STRYKER = 'test/mutation/node_modules/@stryker-mutator/core/bin/stryker.js';

interface Options {
  readonly folder: string;
  readonly file: string;
  readonly tests?: string;
  readonly least: number;
  readonly concurrency: number;
  readonly json?: true;
}

const options = new Command('npm run mutate --')
  .description('Changes code in small ways, and says which changes no test notices.')
  .requiredOption('--folder <folder>', 'what is changed, such as service/core')
  .option('--file <pattern>', 'only these files of it', '**/*.ts')
  .option('--tests <pattern>', 'the test files; default: those of the same folder below test/unit/')
  .option('--least <percent>', 'how many of the changes must be noticed', wholeNumber, 90)
  .option('--concurrency <n>', 'tests at the same time', wholeNumber, availableParallelism())
  .option('--json', 'print one line of JSON')
  .parse()
  .opts<Options>();

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('not a whole number above 0');
  return Number(text);
}

const tests = options.tests ?? `${options.folder.replace(/^service\//, 'test/unit/')}/**/*.test.ts`;
const configuration = {
  testRunner: 'tap',
  plugins: ['@stryker-mutator/tap-runner'],
  tap: { testFiles: [tests], nodeArgs: ['-r', '{{hookFile}}', '--test-reporter=tap', '{{testFile}}'], forceBail: true },
  mutate: [`${options.folder}/${options.file}`],
  // Which test files run which line: the others need not run.
  coverageAnalysis: 'perTest',
  // What it cannot copy: a link to a folder.
  ignorePatterns: ['/.local', '/dist', '/k8s/chart/files'],
  tempDirName: `${OUTPUT}/sandbox`,
  jsonReporter: { fileName: `${OUTPUT}/report.json` },
  reporters: ['json', 'progress-append-only'],
  // It reads TypeScript's configuration by a version of TypeScript that has another interface than this one's.
  tsconfigFile: 'none',
  // Beside half again the time that the tests take unchanged. A change that only slows a test on a busy machine must not count as noticed.
  timeoutMS: 30_000,
  dryRunTimeoutMinutes: 20,
  concurrency: options.concurrency,
  allowConsoleColors: false,
};
mkdirSync(`${root}${OUTPUT}`, { recursive: true });
writeFileSync(`${root}${OUTPUT}/stryker.config.json`, JSON.stringify(configuration, null, 2));
const { status } = spawnSync(process.execPath, [STRYKER, 'run', `${OUTPUT}/stryker.config.json`], {
  cwd: root,
  stdio: ['ignore', 2, 2],
  // Each property of fast-check with a tenth of its cases: the tests run once for each change.
  env: { ...process.env, PROPERTY_SHARE: '0.1' },
});
if (status !== 0) process.exit(status ?? 1);

const summary = summarize(JSON.parse(readFileSync(`${root}${OUTPUT}/report.json`, 'utf8')) as MutationReport);
if (options.json) console.log(JSON.stringify({ folder: options.folder, ...summary.figures }));
else for (const line of summary.lines) console.log(line);
if (summary.figures.changes === 0) console.error(`there is nothing to change in ${options.folder}/${options.file}`);
process.exitCode = summary.figures.changes > 0 && summary.figures.score >= options.least ? 0 : 1;
