import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../../local/provision/environment.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import { provisionTenant, type TenantSpec } from '../../../local/provision/tenant.ts';
import { type LogLine, startService } from '../../../local/service-process.ts';
import type { Writer } from './load.ts';
import { LATENCIES } from './stage.ts';

/** The embedded AWS with tenants whose accounts have quotas, two services that deliver to them, and counts of the calls. */
export interface QuotaStage extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly deps: ProvisionDeps;
  /** PutLogEvents calls of a log group so far, by how they ended. */
  puts(group: string): PutCounts;
  /** Puts an object into the bucket, as a collector does: S3 tells SNS, SNS tells SQS. */
  put(object: ReturnType<Writer['next']>): Promise<void>;
  stopServices(): Promise<void>;
}

export interface PutCounts {
  readonly accepted: number;
  readonly refused: number;
}

export const REGION = 'us-east-1';
const SERVICES = 2;
const BAD_REQUEST = 400;

/** @param onLine is told every line that the services log */
export async function openQuotaStage(
  tenants: readonly TenantSpec[],
  onLine: (line: LogLine) => void,
): Promise<QuotaStage> {
  const counts = new Map<string, { accepted: number; refused: number }>();
  const cloud = await startCloud({
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
    observer: {
      executed() {},
      answered({ action, resource }, status) {
        if (action !== 'PutLogEvents') return;
        const group = groupOf(resource);
        const count = counts.get(group) ?? { accepted: 0, refused: 0 };
        counts.set(group, count);
        if (status < BAD_REQUEST) count.accepted++;
        else count.refused++;
      },
    },
  });
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: REGION });
  const pipeline = await provisionPipeline(deps);
  for (const tenant of tenants) await provisionTenant(deps, tenant, pipeline);
  for (const { service, ...latency } of LATENCIES) {
    cloud.faults.add({ service, effect: { kind: 'latency', ...latency } });
  }
  const environment = {
    ...endpointEnvironment(cloud.url, REGION),
    ...serviceEnvironment(pipeline),
    LOG_LEVEL: 'info',
    WORKER_THREADS: '1',
  };
  const services = await Promise.all(Array.from({ length: SERVICES }, () => startService({ environment, onLine })));
  const stopServices = async () => {
    await Promise.all(services.splice(0).map((service) => service.stop()));
  };

  return {
    cloud,
    deps,
    puts: (group) => ({ accepted: 0, refused: 0, ...counts.get(group) }),
    async put({ key, body }) {
      await deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: body }));
    },
    stopServices,
    async [Symbol.asyncDispose]() {
      await stopServices();
      deps.close();
      await cloud.close();
    },
  };
}

/** The log group of `arn:aws:logs:<region>:<account>:log-group:<group>:log-stream:<stream>`. */
function groupOf(resource: string): string {
  return resource.split(':')[6] ?? '';
}
