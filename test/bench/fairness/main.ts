/**
 * `npm run bench:fairness`: what quiet tenants notice of a flood, a throttled account and a broken role of others.
 * README.md says how it measures.
 */
import { Command, Option } from 'commander';
import { runBench } from './bench.ts';
import { runSilent, SILENT_KINDS, type SilentKind } from './silent.ts';
import { runThrottledBench } from './throttled.ts';

const number = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`must be a number above 0 (got ${text})`);
  return value;
};

const options = new Command('npm run bench:fairness --')
  .description("Measures quiet tenants' delivery lag alone and beside the trouble of others.")
  .option('--throttled', 'instead of that, measure how much is used of what throttled accounts take')
  .option('--json', 'print one line of JSON at the end')
  .option('--quiet-tenants <number>', 'tenants that write an object now and then', number, 50)
  .option('--quiet-rate <number>', 'objects a second of all of them together', number, 10)
  .option('--noisy-objects <number>', 'objects of the noisy tenant, all queued at once', number, 2_000)
  .option('--noisy-events <number>', 'events in each of these', number, 1_000)
  .option('--seconds <number>', 'how long each measurement takes', number, 45)
  .option('--silent <number>', 'instead of that: so many tenants whose accounts do not answer', number)
  .addOption(new Option('--silent-kinds <kinds...>', 'how they fail').choices(SILENT_KINDS).default(SILENT_KINDS))
  .option('--probe-seconds <number>', 'PROBE_SECONDS of the services beside silent tenants', number, 30)
  .parse()
  .opts<{
    readonly throttled?: true;
    readonly json?: true;
    readonly quietTenants: number;
    readonly quietRate: number;
    readonly noisyObjects: number;
    readonly noisyEvents: number;
    readonly seconds: number;
    readonly silent?: number;
    readonly silentKinds: readonly SilentKind[];
    readonly probeSeconds: number;
  }>();

const say = (text: string) => process.stderr.write(`${text}\n`);
const common = {
  quietTenants: options.quietTenants,
  quietObjectsPerSecond: options.quietRate,
  seconds: options.seconds,
};
const result = options.throttled
  ? await runThrottledBench(options.seconds, say)
  : options.silent === undefined
    ? await runBench({ ...common, noisyObjects: options.noisyObjects, noisyEventsPerObject: options.noisyEvents }, say)
    : await runSilent(
        {
          ...common,
          silentTenants: options.silent,
          kinds: options.silentKinds,
          probeSeconds: options.probeSeconds,
        },
        say,
      );
if (options.json) console.log(JSON.stringify(result));
else console.table(result);
process.exitCode = result.lost + result.misrouted === 0 ? 0 : 1;
