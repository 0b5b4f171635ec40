/**
 * `npm run demo`: the whole pipeline on one machine, with three tenants in three accounts.
 * `npm run demo -- --once --json`: a fixed load, compared event by event; exit status 1 when anything is not right.
 */
import { Command } from 'commander';
import { exitStatusOf, runLive } from './live.ts';
import { isClean, runOnce } from './once.ts';

interface Options {
  readonly once?: true;
  readonly json?: true;
  readonly seed: string;
}

const { once, json, seed } = new Command('npm run demo --')
  .description('Shows logs of three tenants travel from S3 objects into three AWS accounts, all on this machine.')
  .option('--once', 'run a fixed load, compare what arrived with what was written, and end')
  .option('--json', 'with --once: print one line of JSON')
  .option('--seed <text>', 'of the generated logs', 'demo')
  .parse()
  .opts<Options>();

if (once) {
  // By `exit`, so that the service ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(exitStatusOf(signal)));
  const result = await runOnce(seed, (text) => process.stderr.write(`${text}\n`));
  if (json) console.log(JSON.stringify(result));
  else console.table(result);
  process.exitCode = isClean(result) ? 0 : 1;
} else {
  await runLive(seed);
}
