/**
 * Writes objects of the demo's tenants to any endpoint, until it is ended: the producer of docker-compose.yml.
 * AWS_ENDPOINT_URL and AWS_REGION say where.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DEMO_TENANTS } from '../provision/demo.ts';
import { createProvisionDeps } from '../provision/deps.ts';
import { PIPELINE_NAMES } from '../provision/pipeline.ts';
import { createWriters } from './load.ts';

const WRITE_EVERY_MS = 2_000;
const OBJECT_MESSAGE_BYTES = 1_000_000;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const { AWS_ENDPOINT_URL: endpointUrl = 'http://127.0.0.1:4566', AWS_REGION: region = 'us-east-1' } = process.env;
const deps = createProvisionDeps({ endpointUrl, region });
const writers = createWriters(
  DEMO_TENANTS.map(({ tenantId }) => tenantId),
  `produce/${Date.now()}`,
);
for (let turn = 0; !stop.signal.aborted; turn++) {
  const writer = writers[turn % writers.length];
  const nowMs = Date.now();
  const object = await writer?.next(OBJECT_MESSAGE_BYTES, nowMs - WRITE_EVERY_MS, nowMs);
  if (!object) break;
  await deps.s3.send(new PutObjectCommand({ Bucket: PIPELINE_NAMES.bucket, Key: object.key, Body: object.body }));
  console.log(`${object.key}: ${object.records.length} records`);
  await delay(WRITE_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {});
}
deps.close();
