/**
 * `npm run conformance -- --corpus FOLDER`: decodes every file of a folder as the service would, and compares what comes out of Parquet
 * with what pyarrow reads, value by value. Prints one line of JSON; what is wrong is told on standard error. README.md says what it means.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { readWithPyarrow } from './pyarrow.ts';
import { createTally } from './tally.ts';
import { createWatched } from './watched.ts';

interface Options {
  readonly corpus: readonly string[];
  readonly python: string;
  readonly seconds: string;
  readonly rows: string;
}

const options = new Command('npm run conformance --')
  .description('Decodes the files of a folder and compares them with what pyarrow reads.')
  .requiredOption('--corpus <folder...>', 'all files in it, and in the folders in it')
  .option('--python <program>', 'a Python that may have pyarrow', 'python3')
  .option('--seconds <n>', 'how long a file may take before it hangs', '120')
  .option('--rows <n>', 'rows of a file that are compared at most', '100000')
  .parse()
  .opts<Options>();

const files = options.corpus.flatMap(filesOf);
const rowsMax = Number(options.rows);
const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
try {
  const pyarrow = await readWithPyarrow(options.python, files, folder, rowsMax);
  if (!pyarrow) console.error(`left out: the comparison, as ${options.python} has no pyarrow`);
  const tally = createTally(pyarrow?.version);
  await using watched = createWatched(Number(options.seconds) * 1_000);
  for (const [n, file] of files.entries()) {
    const outcome = await watched.decode({ file, expected: pyarrow?.rowsOf(n), rowsMax });
    tally.add(relative('.', file), outcome, pyarrow?.errorOf(n) === undefined);
  }
  for (const problem of tally.problems) console.error(problem);
  console.log(JSON.stringify(tally.result()));
  process.exitCode = tally.problems.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

function filesOf(place: string): string[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .map((name) => join(place, name))
    .filter((name) => statSync(name).isFile())
    .toSorted();
}
