import type { TestContext } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { type Pipeline, provisionPipeline } from '../../local/provision/pipeline.ts';
import { provisionTenant, type TenantSpec } from '../../local/provision/tenant.ts';
import { type CliOptions, type CliRun, cli } from './cli.ts';

/** An embedded AWS with the pipeline and tenants for one test, and the command line on it. No service runs. */
export interface CliCloud {
  readonly cloud: Cloud;
  readonly deps: ProvisionDeps;
  readonly pipeline: Pipeline;
  readonly environment: Readonly<Record<string, string>>;
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<CliRun>;
  put(key: string, body: string | Uint8Array): Promise<void>;
}

export async function startCliCloud(t: TestContext, tenants: readonly TenantSpec[] = []): Promise<CliCloud> {
  const cloud = await startCloud();
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  t.after(async () => {
    deps.close();
    await cloud.close();
  });
  const pipeline = await provisionPipeline(deps);
  for (const tenant of tenants) await provisionTenant(deps, tenant, pipeline);
  const environment = { ...endpointEnvironment(cloud.url, 'us-east-1'), ...serviceEnvironment(pipeline) };
  // The SDK asks the environment for credentials, not us.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  return {
    cloud,
    deps,
    pipeline,
    environment,
    run: (args, options) => cli(args, { environment, ...options }),
    async put(key, body) {
      await deps.s3.send(new PutObjectCommand({ Bucket: pipeline.bucket, Key: key, Body: Buffer.from(body) }));
    },
  };
}
