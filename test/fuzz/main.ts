/**
 * `npm run fuzz`: the tests of this folder for as long as one likes.
 *
 *     npm run fuzz -- --seconds 600             each test for ten minutes
 *     npm run fuzz -- --seed 42 --seconds 600   what another run has found, again
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

const { seconds, seed = String(randomInt(2 ** 31)) } = new Command('npm run fuzz --')
  .description('Looks for input that breaks a promise.')
  .option('--seconds <n>', 'for each test', '60')
  .option('--seed <n>', 'to repeat a run; its beginning tells which')
  .parse()
  .opts<{ readonly seconds: string; readonly seed?: string }>();

console.log(`FUZZ_SEED=${seed}`);
const here = new URL('./', import.meta.url);
const files = readdirSync(here).filter((name) => name.endsWith('.test.ts'));
const child = spawn(process.execPath, ['--test', ...files.map((name) => fileURLToPath(new URL(name, here)))], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_SECONDS: seconds, FUZZ_SEED: seed },
});
child.on('exit', (status) => {
  process.exitCode = status ?? 1;
});
