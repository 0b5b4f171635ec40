import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../../local/provision/environment.ts';
import { PIPELINE_NAMES, type Pipeline, provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../local/provision/tenant.ts';
import { type LogLine, startService } from '../../../local/service-process.ts';
import type { Writer } from './load.ts';
import type { Cast } from './tenants.ts';

/** The embedded AWS with everybody's accounts, and two services that share its queue. */
export interface Stage extends AsyncDisposable {
  readonly cloud: Cloud;
  /** Writes an object, as a collector does: S3 tells SNS, SNS tells SQS. */
  put(writer: Writer): Promise<void>;
  /** Announces objects that lie in the bucket already, so many a second. */
  announce(objects: readonly StoredObject[], perSecond: number): Promise<void>;
  /** When AWS refused to let anybody assume the broken tenant's role, in order; milliseconds of the monotonic clock. */
  readonly refusalsMs: readonly number[];
  /** Messages that are in the queue or in its dead-letter queue, visible or not. */
  messages(): Promise<number>;
  /** Answers take as long as AWS's, about; so it is from the beginning, until the faults are cleared. */
  delayAnswers(): void;
  startServices(): Promise<void>;
  stopServices(): Promise<void>;
}

export interface StoredObject {
  readonly key: string;
  readonly eTag: string;
  readonly size: number;
}

const REGION = 'us-east-1';
const REFUSED = 403;
const SERVICES = 2;
/** Two services with a thread each on two cores: as many as there are to run them. */
const WORKER_THREADS = '1';
/**
 * Milliseconds that calls take on AWS within a region, about; without them everything here would be a matter of CPU, and
 * all of it would share two of those.
 */
export const LATENCIES = [
  { service: 'sqs', ms: 8, jitterMs: 8 },
  { service: 'dynamodb', ms: 4, jitterMs: 4 },
  { service: 's3', ms: 25, jitterMs: 25 },
  { service: 'logs', ms: 25, jitterMs: 25 },
  { service: 'sts', ms: 30, jitterMs: 30 },
] as const;

/** @param flood objects that are to lie in the bucket before anybody is told of objects */
export async function openStage(
  cast: Cast,
  flood: Iterable<{ readonly key: string; readonly body: Buffer }>,
  onLine: (line: LogLine) => void,
  settings: Readonly<Record<string, string>> = {},
): Promise<Stage & { readonly stored: readonly StoredObject[] }> {
  const refusalsMs: number[] = [];
  const cloud = await startCloud({
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
    observer: {
      executed() {},
      answered({ action, resource }, status) {
        const refused =
          action === 'AssumeRole' && status === REFUSED && resource.includes(`:${cast.broken.accountId}:`);
        if (refused) refusalsMs.push(performance.now());
      },
    },
  });
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
  const { bucket } = PIPELINE_NAMES;
  await deps.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const stored: StoredObject[] = [];
  for (const { key, body } of flood) {
    const { ETag = '' } = await deps.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    stored.push({ key, eTag: ETag, size: body.length });
  }
  const pipeline = await provisionPipeline(deps);
  for (const tenant of [...cast.quiet, cast.noisy, cast.throttled, cast.broken, ...(cast.silent ?? [])]) {
    await provisionTenant(deps, tenant, pipeline);
  }
  const delayAnswers = () => {
    for (const { service, ...latency } of LATENCIES) {
      cloud.faults.add({ service, effect: { kind: 'latency', ...latency } });
    }
  };
  delayAnswers();
  const environment = {
    ...endpointEnvironment(cloud.url, REGION),
    ...serviceEnvironment(pipeline),
    LOG_LEVEL: 'info',
    WORKER_THREADS,
    ...settings,
  };
  let services: Awaited<ReturnType<typeof startService>>[] = [];
  const stopServices = async () => {
    await Promise.all(services.map((service) => service.stop()));
    services = [];
  };

  return {
    cloud,
    stored,
    refusalsMs,
    delayAnswers,
    async put(writer) {
      const { key, body } = writer.next();
      await deps.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    announce: (objects, perSecond) => announce(deps, pipeline, objects, perSecond),
    messages: async () =>
      (await messagesIn(deps, pipeline.queueUrl)) + (await messagesIn(deps, pipeline.deadLetterQueueUrl)),
    async startServices() {
      services = await Promise.all(Array.from({ length: SERVICES }, () => startService({ environment, onLine })));
    },
    stopServices,
    async [Symbol.asyncDispose]() {
      await stopServices();
      deps.close();
      await cloud.close();
    },
  };
}

async function announce(
  { sqs }: ProvisionDeps,
  { bucket, queueUrl }: Pipeline,
  objects: readonly StoredObject[],
  perSecond: number,
): Promise<void> {
  const startedMs = performance.now();
  const eventTime = new Date().toISOString();
  const bodies = objects.map(({ key, eTag, size }) => {
    const object = { key: encodeURIComponent(key), eTag: eTag.replaceAll('"', ''), size };
    const record = { eventName: 'ObjectCreated:Put', eventTime, s3: { bucket: { name: bucket }, object } };
    return JSON.stringify({ Records: [record] });
  });
  for (let at = 0; at < bodies.length; at += 10) {
    await delay(Math.max(0, startedMs + (at * 1000) / perSecond - performance.now()));
    const Entries = bodies.slice(at, at + 10).map((MessageBody, n) => ({ Id: String(n), MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

async function messagesIn({ sqs }: ProvisionDeps, QueueUrl: string): Promise<number> {
  const names = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}
