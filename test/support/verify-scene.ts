import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { marshall } from '@aws-sdk/util-dynamodb';
import { startCloud } from 'embedded-aws';
import { createProvisionDeps } from '../../local/provision/deps.ts';
import { PIPELINE_NAMES } from '../../local/provision/pipeline.ts';
import { provisionTable } from '../../local/provision/table.ts';
import { provisionTenant, type TenantSpec } from '../../local/provision/tenant.ts';
import { TENANT_TABLE_KEYS } from '../../service/core/tables.ts';
import { cli, cliEnvironment } from './cli.ts';

export const ACME: TenantSpec = {
  tenantId: 'acme',
  accountId: '111111111111',
  externalId: 'acme-secret-9vLr',
  logGroupPrefix: '/tenant-logs/acme',
  deliveries: [{ type: 'cloudwatch', log_group_name: '/tenant-logs/acme/{application}', retention_days: 7 }],
};
export const ROLE = { RoleName: 'LogDistribution-acme' };

/** What is read of the result. */
export interface VerifyResult {
  readonly deliveries: readonly {
    readonly steps: readonly {
      readonly step: string;
      readonly outcome: string;
      readonly detail: string;
      readonly cause?: string;
      readonly fix?: object;
    }[];
  }[];
}

/** A tenant that is set up well, and `tenants verify` on it. */
export async function setUpVerify(t: TestContext) {
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  const cloud = await startCloud();
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  t.after(async () => {
    deps.close();
    await cloud.close();
  });
  await provisionTable(deps, { name: PIPELINE_NAMES.tenantTable, keys: TENANT_TABLE_KEYS });
  await provisionTenant(deps, ACME, PIPELINE_NAMES);
  const environment = cliEnvironment({ endpointUrl: cloud.url });
  return {
    cloud,
    deps,
    environment,
    iam: deps.iam(ACME.accountId),
    trust: async (statements: readonly object[]) => {
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      await deps.iam(ACME.accountId).send(new UpdateAssumeRolePolicyCommand({ ...ROLE, PolicyDocument }));
    },
    /** Lets the role do this in log groups, and nothing else. */
    allow: async (...Action: string[]) => {
      const Statement = [{ Effect: 'Allow', Action, Resource: '*' }];
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
      await deps
        .iam(ACME.accountId)
        .send(new PutRolePolicyCommand({ ...ROLE, PolicyName: 'WriteLogs', PolicyDocument }));
    },
    putItem: (item: object) =>
      deps.dynamo.send(
        new PutItemCommand({
          TableName: PIPELINE_NAMES.tenantTable,
          Item: marshall({
            tenant_id: 'acme',
            type: 'cloudwatch',
            log_distribution_role_arn: `arn:aws:iam::${ACME.accountId}:role/${ROLE.RoleName}`,
            log_group_name: '/tenant-logs/acme',
            external_id: ACME.externalId,
            ...item,
          }),
        }),
      ),
    async verify(...args: string[]) {
      const { code, err, out, json } = await cli(['tenants', 'verify', 'acme', '--json', ...args], { environment });
      assert.doesNotMatch(out + err, /secret-9vLr/);
      const steps = (json() as VerifyResult).deliveries[0]?.steps ?? [];
      const notRight = steps.filter(({ outcome }) => outcome === 'finding' || outcome === 'failed');
      return {
        code,
        steps,
        notRight: notRight.map(({ step, outcome, cause, fix }) => ({
          step,
          outcome,
          cause,
          fix: JSON.stringify(fix),
        })),
      };
    },
    text: () => cli(['tenants', 'verify', 'acme'], { environment }),
  };
}
