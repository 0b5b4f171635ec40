import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Cloud, startCloud } from 'embedded-aws';
import { DEMO_TENANTS, provisionDemo } from '../provision/demo.ts';
import { createProvisionDeps, type ProvisionDeps } from '../provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../provision/environment.ts';
import type { Pipeline } from '../provision/pipeline.ts';
import { makeReceiptKeys } from '../receipt-keys.ts';
import { type ServiceProcess, type ServiceProcessOptions, startService } from '../service-process.ts';

export const REGION = 'us-east-1';
/** Instead of an hour: somebody is watching. */
const RECEIPT_INTERVAL_SECONDS = '5';

/** An embedded AWS with the demo's pipeline and tenants, and the service at work on it. */
export interface DemoEnvironment extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly deps: ProvisionDeps;
  readonly pipeline: Pipeline;
  readonly service: ServiceProcess;
  readonly tenants: typeof DEMO_TENANTS;
  /** Of the key that signs receipts, PEM. */
  readonly publicKeyFile: string;
  put(key: string, body: Uint8Array): Promise<void>;
}

export interface DemoOptions {
  readonly cloud: Parameters<typeof startCloud>[0];
  readonly service: Readonly<Record<string, string>>;
  readonly onLine?: ServiceProcessOptions['onLine'];
  /** Takes a line about each step of the start, before it begins. */
  readonly onStep: (text: string) => void;
}

export async function startDemo(options: DemoOptions): Promise<DemoEnvironment> {
  options.onStep('Starting the embedded AWS ...');
  const cloud = await startCloud(options.cloud);
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
  options.onStep(`Creating the pipeline and ${DEMO_TENANTS.length} tenants ...`);
  const pipeline = await provisionDemo(deps);
  const keys = await makeReceiptKeys();
  options.onStep('Starting the service ...');
  const service = await startService({
    environment: {
      ...endpointEnvironment(cloud.url, REGION),
      ...serviceEnvironment(pipeline),
      RECEIPT_KEY: keys.privateKeyFile,
      RECEIPT_INTERVAL_SECONDS,
      ...options.service,
    },
    ...(options.onLine ? { onLine: options.onLine } : {}),
  });
  return {
    cloud,
    deps,
    pipeline,
    service,
    tenants: DEMO_TENANTS,
    publicKeyFile: keys.publicKeyFile,
    async put(key, body) {
      await deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body }));
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      await keys[Symbol.asyncDispose]();
      deps.close();
      await cloud.close();
    },
  };
}
