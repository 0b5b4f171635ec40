/**
 * `npm run chaos:ledger`: what the ledger costs. Delivers objects in this process, through everything that a
 * thread of the service has, from an embedded AWS in a process of its own: every other round with a ledger that costs nothing. An
 * object alone waits for each of its writes; among others, as in the service, the thread works meanwhile.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Command } from 'commander';
import { z } from 'zod';
import { createProvisionDeps, type ProvisionDeps } from '../../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../../local/provision/environment.ts';
import { type Pipeline, provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import {
  encodeRecords,
  OBJECT_FORMATS,
  type ObjectFormat,
  objectKey,
  takeRecords,
} from '../../../local/workload/object.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { createLogger } from '../../../service/base/logger.ts';
import { createMetrics } from '../../../service/base/metrics.ts';
import { readSettings } from '../../../service/base/settings.ts';
import { composeDelivery } from '../../../service/compose/delivery.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { deliverObject } from '../../../service/delivery/deliver-object.ts';
import { type Ledger, NO_PROGRESS } from '../../../service/ledger/ledger.ts';
import { createFreeRateLimiter } from '../../support/rate-limiter.ts';
import { TENANTS } from '../tenants.ts';

const ALL = { held: [], watch: UNWATCHED };

const REGION = 'us-east-1';
const MEGABYTE = 1024 * 1024;
const CLOUD = fileURLToPath(new URL('../../../local/cloud.ts', import.meta.url));
/** Rounds before those that count: code is compiled, sessions are opened, groups created. */
const WARM_UP = 2;
const PLACE = { clusterId: 'eu-1', environment: 'prod' };

const { megabytes, rounds, atOnce, format, json } = new Command('npm run chaos:ledger --')
  .description('Measures how many writes to the ledger an object makes, and how much longer it takes for them.')
  .option('--megabytes <n>', 'of message text in an object', '64')
  .option('--rounds <n>', 'how many are measured, with and without the ledger', '10')
  .option('--at-once <n>', 'objects of a round, all at the same time', '4')
  .option('--format <name>', OBJECT_FORMATS.join(', '), 'ndjson+gzip')
  .option('--json', 'print one line of JSON')
  .parse()
  .opts<{
    readonly megabytes: string;
    readonly rounds: string;
    readonly atOnce: string;
    readonly format: ObjectFormat;
    readonly json?: true;
  }>();

const [tenant] = TENANTS;
if (!tenant) throw new Error('there is no tenant');

/** A ledger that costs nothing, and keeps nothing. */
const FREE: Ledger = {
  acquire: async () => {
    const done = async () => {};
    const lease = { renew: done, checkpoint: done, release: done, finish: done, bury: done };
    return { kind: 'acquired', lease, progress: NO_PROGRESS, crashes: 0, inDoubt: false, otherSetup: false };
  },
};

async function measure(url: string, deps: ProvisionDeps, pipeline: Pipeline) {
  const tenantId = TENANTS[0]?.tenantId ?? '';
  const environment = { ...endpointEnvironment(url, REGION), ...serviceEnvironment(pipeline), LOG_LEVEL: 'warn' };
  // The SDK's clients look for credentials there.
  Object.assign(process.env, environment);
  const settings = readSettings(environment);
  const composed = composeDelivery({
    settings,
    metrics: createMetrics(),
    logger: createLogger(settings.logLevel),
    rateLimiter: createFreeRateLimiter(),
    onAccounted: () => {},
  });
  const nowMs = Date.now();
  const source = createRecordSource({ seed: 'ledger', tenantId, ...PLACE });
  const records = takeRecords(source, Number(megabytes) * MEGABYTE, nowMs - 60_000, nowMs);
  const body = await encodeRecords(records, format);
  const version = createHash('md5').update(body).digest('hex');
  const never = new AbortController().signal;

  let objects = 0;
  const deliver = async (key: string, ledger: Ledger) => {
    const [result] = await deliverObject(
      { ...composed.deliverObject, ledger },
      {
        ref: { bucket: pipeline.bucket, key, version, versionId: undefined, size: body.length, createdMs: nowMs },
        keyFields: { tenant_id: tenantId, cluster_id: PLACE.clusterId, environment: PLACE.environment },
      },
      ALL,
      { drain: never, abort: never },
    );
    if (result?.kind !== 'done') throw new Error(`the object was not delivered: ${JSON.stringify(result)}`);
  };
  const round = async (ledger: Ledger): Promise<Taken> => {
    const keys = Array.from({ length: Number(atOnce) }, () =>
      objectKey({ seed: `ledger ${objects++}`, tenantId, ...PLACE, format, timeMs: nowMs }),
    );
    for (const key of keys) {
      await deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body }));
    }
    const startedMs = performance.now();
    const startedCpu = process.cpuUsage();
    await Promise.all(keys.map((key) => deliver(key, ledger)));
    const { user, system } = process.cpuUsage(startedCpu);
    return { ms: performance.now() - startedMs, cpuMs: (user + system) / 1_000 };
  };

  const real = composed.deliverObject.ledger;
  for (let number = 0; number < WARM_UP; number++) await round(real);
  await fetch(`${url}/_cloud/calls`, { method: 'DELETE' });
  const withLedger: Taken[] = [];
  const without: Taken[] = [];
  for (let number = 0; number < Number(rounds); number++) {
    withLedger.push(await round(real));
    without.push(await round(FREE));
  }
  const writes = CALLS.parse(await (await fetch(`${url}/_cloud/calls`)).json())
    .filter(({ action }) => action === 'UpdateItem')
    .reduce((sum, { count }) => sum + count, 0);
  return {
    format,
    message_megabytes: Number(megabytes),
    rounds: Number(rounds),
    at_once: Number(atOnce),
    writes_per_object: writes / (Number(rounds) * Number(atOnce)),
    ...compare(
      'milliseconds',
      withLedger.map(({ ms }) => ms),
      without.map(({ ms }) => ms),
    ),
    ...compare(
      'cpu_milliseconds',
      withLedger.map(({ cpuMs }) => cpuMs),
      without.map(({ cpuMs }) => cpuMs),
    ),
  };
}

/** What a round takes. */
interface Taken {
  readonly ms: number;
  /** Of this process: other people's load on the machine shows here least. */
  readonly cpuMs: number;
}

function compare(what: string, withLedger: readonly number[], without: readonly number[]): Record<string, number> {
  const [more, less] = [median(withLedger), median(without)];
  return {
    [`${what}_with`]: Math.round(more),
    [`${what}_without`]: Math.round(less),
    [`${what}_percent`]: Math.round((1_000 * (more - less)) / less) / 10,
  };
}

const CALLS = z.array(z.object({ action: z.string(), count: z.number() }));

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Starts the embedded AWS apart from what is measured. */
async function startCloudApart() {
  const child = spawn(process.execPath, [CLOUD, '--port', '0', '--log-megabytes', '32', '--object-megabytes', '1024'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /^export AWS_ENDPOINT_URL=(.+)$/.exec(line) ?? [];
    if (url === undefined) continue;
    const stop = async () => {
      child.kill('SIGTERM');
      await ended;
    };
    return { url, stop };
  }
  throw new Error('the embedded AWS did not start');
}

const cloud = await startCloudApart();
const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
const pipeline = await provisionPipeline(deps);
await provisionTenant(deps, tenant, pipeline);
const result = await measure(cloud.url, deps, pipeline);
if (json) console.log(JSON.stringify(result));
else console.table(result);
deps.close();
await cloud.stop();
// Connections that are kept alive would hold the process for a while.
process.exit(0);
