/**
 * `npm run weather`: a real Vector on a node of a real API server, in good and bad weather, and every line compared with what
 * arrives in the tenants' accounts (README.md). Exit status 1 when a line is missing or wrong.
 */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { startCluster, withoutCluster } from '../support/cluster.ts';
import { withoutKubectl } from '../support/kustomize.ts';
import { runWeather, type WeatherResult } from './run-weather.ts';
import { HEAD, lineOf } from './table.ts';
import { withoutVector } from './vector.ts';
import { LOSSES, WEATHERS } from './weathers.ts';

interface Options {
  readonly json?: true;
  readonly only?: string;
  readonly keep?: string;
}

const options = new Command('npm run weather --')
  .description('Runs a real Vector with the rendered configuration, from the files of pods to the accounts of tenants.')
  .option('--json', 'print one line of JSON; the table goes to standard error')
  .option('--only <text>', 'only weathers with this in their name')
  .option('--keep <folder>', "write there each Vector's log, and what its exporter said")
  .parse()
  .opts<Options>();

const missing = withoutVector ?? withoutCluster ?? withoutKubectl;
if (missing !== undefined) {
  console.error(`left out: ${missing}`);
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const say = options.json ? console.error : console.log;
const cluster = await startCluster();
const results: Omit<WeatherResult, 'kept'>[] = [];
say(HEAD);
try {
  for (const weather of [...WEATHERS, LOSSES].filter(({ name }) => name.includes(options.only ?? ''))) {
    const { kept, ...result } = await runWeather(cluster, weather);
    for (const [what, text] of Object.entries(options.keep === undefined ? {} : kept)) {
      writeFileSync(`${options.keep}/${weather.name}, ${what}.txt`, text);
    }
    results.push(result);
    say(lineOf(result));
  }
} finally {
  await cluster.stop();
}
if (options.json) console.log(JSON.stringify(results));
const failed = results.filter(({ name, missing, wrong }) => name !== LOSSES.name && missing + wrong > 0);
process.exitCode = failed.length === 0 ? 0 : 1;
