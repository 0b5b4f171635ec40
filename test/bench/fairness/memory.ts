/**
 * What a service's memory has to do with the number of its tenants: a service delivers objects of one tenant until it is
 * warm, as many again, so that it is known what a heap that is not collected yet adds, and then as many of many tenants, so that it
 * holds everybody's configuration, sessions, clients and status. Prints one line of JSON.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Command, InvalidArgumentError } from 'commander';
import { startCloud } from 'embedded-aws';
import pLimit from 'p-limit';
import { parseSamples, sumOf } from '../../../local/demo/metrics.ts';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../../local/provision/environment.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import { startService } from '../../../local/service-process.ts';
import { peakRssBytesOf, rssBytesOf } from '../usage.ts';
import { createWriter, type Writer } from './load.ts';
import { castOf } from './tenants.ts';

const REGION = 'us-east-1';
const EVENTS_PER_OBJECT = 100;
const THREADS = 2;
const MB = 1_000_000;
/** The page of metrics names every tenant: to ask for it oftener would be most of the work. */
const LOOK_EVERY_MS = 2_000;

const options = new Command('npm run bench:tenants --')
  .description('Measures what tenants take of the memory of one service.')
  .option('--tenants <n>', 'how many', wholeNumber, 1_000)
  .option('--alone <n>', 'objects of one tenant, and as many again', wholeNumber, 2_000)
  .option('--objects <n>', 'objects of all of them', wholeNumber, 2_000)
  .parse()
  .opts<{ tenants: number; alone: number; objects: number }>();

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('not a whole number above 0');
  return Number(text);
}

const { quiet, noisy } = castOf(options.tenants);
const cloud = await startCloud({ onProblem: (problem) => process.stderr.write(`${problem}\n`) });
const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
const pipeline = await provisionPipeline(deps);
const atOnce = pLimit(8);
await Promise.all([noisy, ...quiet].map((tenant) => atOnce(() => provisionTenant(deps, tenant, pipeline))));
const service = await startService({
  environment: {
    ...endpointEnvironment(cloud.url, REGION),
    ...serviceEnvironment(pipeline),
    WORKER_THREADS: String(THREADS),
  },
});
const ended = service.ended.then((status) => {
  throw new Error(`the service ended with ${status}`);
});

const page = async () => (await fetch(`${service.url}/metrics`)).text();
const samples = async () => parseSamples(await page());
let written = 0;
let reservedMax = 0;
const untilDone = async () => {
  for (;;) {
    const now = await samples();
    reservedMax = Math.max(reservedMax, sumOf(now, 'log_distributor_memory_reserved_bytes'));
    if (sumOf(now, 'log_distributor_objects_total', { outcome: 'done' }) >= written) return;
    await delay(LOOK_EVERY_MS);
  }
};
/** @returns resident memory once everything is delivered, MB */
const deliver = async (writers: readonly Writer[], objects: number): Promise<number> => {
  for (let at = 0; at < objects; at++) {
    const { key, body } = writers[at % writers.length]?.next() ?? { key: '', body: '' };
    await deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body }));
  }
  written += objects;
  await Promise.race([untilDone(), ended]);
  return inMb(await rssBytesOf(service.pid, samples));
};
const inMb = (bytes: number) => Math.round(bytes / MB);

const alone = [createWriter(noisy.tenantId, EVENTS_PER_OBJECT)];
const warm = await deliver(alone, options.alone);
const before = await deliver(alone, options.alone);
const writers = quiet.map(({ tenantId }) => createWriter(tenantId, EVENTS_PER_OBJECT));
const after = await deliver(writers, options.objects);
const sessions = sumOf(await samples(), 'log_distributor_credentials_cached');
const askedMs = performance.now();
const pageBytes = (await page()).length;
const pageMs = performance.now() - askedMs;
const statusBytes = (await (await fetch(`${service.url}/status`)).text()).length;
const peak = inMb(await peakRssBytesOf(service.pid, samples));
ended.catch(() => {});
await service.stop();
deps.close();
await cloud.close();
console.log(
  JSON.stringify({
    ...options,
    threads: THREADS,
    sessions,
    resident_mb_warm: warm,
    resident_mb_before: before,
    resident_mb_after: after,
    resident_mb_peak: peak,
    tenants_mb: after - before,
    without_mb: before - warm,
    reserved_mb_max: inMb(reservedMax),
    metrics_mb: pageBytes / MB,
    metrics_ms: Math.round(pageMs),
    status_mb: statusBytes / MB,
  }),
);
