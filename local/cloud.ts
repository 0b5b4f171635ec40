/**
 * `npm run cloud`: the embedded AWS alone, until SIGINT or SIGTERM. Standard output has nothing but lines to export.
 */
import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { type Cloud, type CloudOptions, startCloud } from 'embedded-aws';
import { AWS_LOGS_QUOTAS } from 'embedded-aws/logs/quotas';
import { provisionDemo } from './provision/demo.ts';
import { createProvisionDeps } from './provision/deps.ts';
import { endpointEnvironment, exportLines, serviceEnvironment } from './provision/environment.ts';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly provision?: true;
  readonly quotas?: true;
  readonly visibleAfter?: number;
  readonly logMegabytes?: number;
  readonly objectMegabytes?: number;
}

const REGION = 'us-east-1';
const MEGABYTE = 1024 * 1024;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

const options = new Command('npm run cloud --')
  .description('Starts the embedded AWS on one port and prints the environment to export.')
  .option('--port <number>', 'port to listen on; 0 takes a free one', wholeNumber, 4566)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--provision', "create the demo's pipeline and tenants")
  .option('--quotas', "hold CloudWatch Logs to AWS's calls a second")
  .option(
    '--visible-after <milliseconds>',
    'how long after CloudWatch Logs accepted events they can be read',
    wholeNumber,
  )
  .option('--log-megabytes <number>', 'CloudWatch Logs kept for an account; the oldest go first', wholeNumber)
  .option('--object-megabytes <number>', 'S3 objects kept; the oldest go first', wholeNumber)
  .parse()
  .opts<Options>();

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

const cloud = await start();
process.stdout.write(exportLines(endpointEnvironment(cloud.url, REGION)));
if (options.provision) await provision(cloud);
if (!stopped.signal.aborted) await once(stopped.signal, 'abort');
await cloud.close();

function delayOf({ visibleAfter }: Options): Pick<CloudOptions, 'logsVisibleAfterMs'> {
  return visibleAfter === undefined ? {} : { logsVisibleAfterMs: () => visibleAfter };
}

async function start(): Promise<Cloud> {
  try {
    return await startCloud({
      port: options.port,
      host: options.host,
      onProblem: (problem) => process.stderr.write(`${problem}\n`),
      ...(options.quotas ? { logsQuotas: AWS_LOGS_QUOTAS } : {}),
      ...delayOf(options),
      ...(options.logMegabytes === undefined ? {} : { logBytesPerAccountMax: options.logMegabytes * MEGABYTE }),
      ...(options.objectMegabytes === undefined ? {} : { objectBytesMax: options.objectMegabytes * MEGABYTE }),
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    process.stderr.write(
      `port ${options.port} of ${options.host} is taken: end what listens there, or choose another --port\n`,
    );
    process.exit(1);
  }
}

async function provision({ url }: Cloud): Promise<void> {
  const deps = createProvisionDeps({ endpointUrl: url, region: REGION });
  try {
    process.stdout.write(exportLines(serviceEnvironment(await provisionDemo(deps))));
  } finally {
    deps.close();
  }
}
