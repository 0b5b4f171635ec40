import type { ProvisionDeps } from './deps.ts';
import { PIPELINE_NAMES, type Pipeline, type PipelineNames, provisionPipeline } from './pipeline.ts';
import { provisionTenant, type TenantSpec } from './tenant.ts';

/** Three tenants in three accounts, each with another feature of the tenant table. */
export const DEMO_TENANTS: readonly TenantSpec[] = [
  {
    tenantId: 'acme-corp',
    accountId: '111111111111',
    externalId: 'acme-corp-7Qm2xT9vLr4K',
    logGroupPrefix: '/tenant-logs/acme-corp',
    // Only these applications; receipts in a bucket of its own.
    deliveries: [
      {
        type: 'cloudwatch',
        log_group_name: '/tenant-logs/acme-corp',
        desired_logs: ['gateway', 'checkout', 'payments'],
        receipts: 's3://acme-corp-receipts',
      },
    ],
  },
  {
    tenantId: 'globex',
    accountId: '222222222222',
    externalId: 'globex-Zp8nB3sWd6Hf',
    logGroupPrefix: '/tenant-logs/globex',
    // Nothing below a warning; receipts in a log group of their own.
    deliveries: [
      {
        type: 'cloudwatch',
        log_group_name: '/tenant-logs/globex',
        min_log_level: 'WARN',
        receipts: 'log-group:/tenant-logs/globex/receipts',
      },
    ],
  },
  {
    tenantId: 'initech',
    accountId: '333333333333',
    externalId: 'initech-Ck5gJ1yVe0Ru',
    logGroupPrefix: '/tenant-logs/initech',
    // A log group for each application, kept for a month, of the class that takes events for half the price.
    deliveries: [
      {
        type: 'cloudwatch',
        log_group_name: '/tenant-logs/initech/{application}',
        retention_days: 30,
        log_group_class: 'INFREQUENT_ACCESS',
        log_group_tags: { 'cost-centre': 'platform' },
      },
    ],
  },
];

/** The pipeline with the demo's tenants. */
export async function provisionDemo(deps: ProvisionDeps, names: PipelineNames = PIPELINE_NAMES): Promise<Pipeline> {
  const pipeline = await provisionPipeline(deps, names);
  for (const tenant of DEMO_TENANTS) await provisionTenant(deps, tenant, names);
  return pipeline;
}
