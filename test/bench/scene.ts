import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../local/provision/deps.ts';
import { PIPELINE_NAMES, type Pipeline, provisionPipeline } from '../../local/provision/pipeline.ts';
import { provisionTenant } from '../../local/provision/tenant.ts';
import { type Certificate, makeCertificate } from '../support/certificate.ts';
import { type Child, startChild } from './child.ts';
import { tenantId } from './data/dataset.ts';
import type { FloorCalls } from './floor/calls.ts';
import type { NaiveCalls } from './naive/calls.ts';
import type { SinkCalls, SinkPorts } from './sink/calls.ts';

/** All that is there for the whole run: the embedded AWS in this process, the sink, the other two pipelines. */
export interface Scene extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly deps: ProvisionDeps;
  readonly sink: Child<SinkCalls>;
  readonly floor: Child<FloorCalls>;
  readonly naive: Child<NaiveCalls>;
  /** undefined: no openssl, so no HTTPS. */
  readonly certificate: Certificate | undefined;
  /** The service's setting. */
  readonly putCompression: PutCompression;
  /** Where AWS is, for everything that is measured. */
  sinkUrl(tls: boolean): string;
  /** Data sets are kept here from run to run. */
  readonly dataFolder: string;
  /** For this run only. */
  readonly runFolder: string;
  /** A queue of its own; bucket and tables are the same for all. */
  pipeline(name: string): Promise<Pipeline>;
}

export const REGION = 'us-east-1';
export const TENANTS = 100;
const FIRST_ACCOUNT = 600_000_000_000;
const DATA_FOLDER = fileURLToPath(new URL('../../.local/bench/', import.meta.url));

export function groupOf(tenant: string): string {
  return `/bench/${tenant}`;
}

export const PUT_COMPRESSIONS = ['gzip', 'none'] as const;
export type PutCompression = (typeof PUT_COMPRESSIONS)[number];

export async function openScene(putCompression: PutCompression): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  try {
    const runFolder = makeRunFolder();
    const cloud = await startCloud();
    stack.defer(() => cloud.close());
    const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
    stack.defer(() => deps.close());
    const certificate = makeCertificate(runFolder);
    const sink = stack.use(startChild<SinkCalls>(new URL('./sink/main.ts', import.meta.url)));
    const floor = stack.use(startChild<FloorCalls>(new URL('./floor/main.ts', import.meta.url)));
    const naive = stack.use(startChild<NaiveCalls>(new URL('./naive/main.ts', import.meta.url)));
    const ports = await sink.call('open', { cloudPort: cloud.port, tls: certificate });
    const pipelines = new Map<string, Pipeline>();
    const pipeline = async (name: string) => {
      const known = pipelines.get(name);
      if (known) return known;
      const { topic, queue, deadLetterQueue } = PIPELINE_NAMES;
      const names = {
        topic: `${topic}-${name}`,
        queue: `${queue}-${name}`,
        deadLetterQueue: `${deadLetterQueue}-${name}`,
      };
      const made = await provisionPipeline(deps, { ...PIPELINE_NAMES, ...names });
      // S3 has told the new topic of itself by a test event, which the service would delete in the middle of a round.
      await deps.sqs.send(new PurgeQueueCommand({ QueueUrl: made.queueUrl }));
      pipelines.set(name, made);
      return made;
    };
    await provisionTenants(deps, await pipeline('1'));
    return {
      cloud,
      deps,
      sink,
      floor,
      naive,
      certificate,
      putCompression,
      sinkUrl: (tls) => urlOf(ports, tls),
      dataFolder: DATA_FOLDER,
      runFolder,
      pipeline,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Holds bodies of hundreds of megabytes: it goes however the process ends, unless it is killed. */
function makeRunFolder(): string {
  const folder = join(DATA_FOLDER, `run-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function urlOf(ports: SinkPorts, tls: boolean): string {
  return tls ? `https://127.0.0.1:${ports.https}` : `http://127.0.0.1:${ports.http}`;
}

/** @param attributes of each delivery, beside its type and log group */
export async function provisionTenants(
  deps: ProvisionDeps,
  pipeline: Pipeline,
  attributes: (tenant: string) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<void> {
  for (let at = 0; at < TENANTS; at++) {
    const id = tenantId(at);
    const tenant = {
      tenantId: id,
      accountId: String(FIRST_ACCOUNT + at),
      externalId: `external-id-of-${id}`,
      logGroupPrefix: groupOf(id),
      deliveries: [{ type: 'cloudwatch', log_group_name: groupOf(id), ...attributes(id) }],
    };
    await provisionTenant(deps, tenant, pipeline);
  }
}
