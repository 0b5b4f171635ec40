/**
 * What a service's memory has to do with the number of its tenants: a service delivers objects of one tenant until it is
 * warm, as many again, so that it is known what a heap that is not collected yet adds, and then as many of a thousand tenants, so that it holds everybody's configuration, sessions, clients and status. Prints one line of JSON.
 */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { startCloud } from 'embedded-aws';
import pLimit from 'p-limit';
import { fetchSamples, sumOf } from '../../../local/demo/metrics.ts';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../../local/provision/environment.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import { startService } from '../../../local/service-process.ts';
import { until } from '../../support/until.ts';
import { createWriter, type Writer } from './load.ts';
import { castOf } from './tenants.ts';

const REGION = 'us-east-1';
const TENANTS = 1_000;
const OBJECTS = 2_000;
const EVENTS_PER_OBJECT = 100;
const THREADS = 2;
const MB = 1_000_000;

const { quiet, noisy } = castOf(TENANTS);
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

const metric = async (name: string, labels = {}) => sumOf(await fetchSamples(service.url), name, labels);
let written = 0;
const deliver = async (writers: readonly Writer[]): Promise<number> => {
  for (let at = 0; at < OBJECTS; at++) {
    const { key, body } = writers[at % writers.length]?.next() ?? { key: '', body: '' };
    await deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body }));
  }
  written += OBJECTS;
  await until(async () => (await metric('log_distributor_objects_total', { outcome: 'done' })) >= written);
  return metric('process_resident_memory_bytes');
};

const alone = [createWriter(noisy.tenantId, EVENTS_PER_OBJECT)];
const warm = await deliver(alone);
const before = await deliver(alone);
const after = await deliver(quiet.map(({ tenantId }) => createWriter(tenantId, EVENTS_PER_OBJECT)));
const sessions = await metric('log_distributor_credentials_cached');
await service.stop();
deps.close();
await cloud.close();
console.log(
  JSON.stringify({
    tenants: TENANTS,
    threads: THREADS,
    sessions,
    resident_mb_warm: Math.round(warm / MB),
    resident_mb_before: Math.round(before / MB),
    resident_mb_after: Math.round(after / MB),
    tenants_mb: Math.round((after - before) / MB),
    without_mb: Math.round((before - warm) / MB),
  }),
);
