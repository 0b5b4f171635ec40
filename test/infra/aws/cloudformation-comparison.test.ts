import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parametersOf } from '../../../infra/cloudformation/parameters.ts';
import { configOf } from '../../../infra/config/config.ts';
import { partitionOfRegion } from '../../../infra/values/partition.ts';
import { type Difference, differencesOf } from '../support/cloudformation/compare.ts';
import { OUTPUTS, resolveMade } from '../support/cloudformation/made.ts';
import { evaluateDeployment } from '../support/cloudformation/stacks.ts';
import { terraformMade } from '../support/cloudformation/terraform-made.ts';
import { EVERYTHING, everythingIn } from '../support/everything.ts';
import { synthesis } from '../support/synth.ts';

/** A difference that is wanted, as infra/cloudformation/differences.yaml describes it. */
interface Purpose {
  readonly resource: string;
  readonly path?: string;
  /** The way that has it; left out where both have it, and it is not the same. */
  readonly only?: 'terraform' | 'cloudformation';
  readonly reason: string;
}

const PURPOSES: readonly Purpose[] = parse(
  readFileSync(new URL('../../../infra/cloudformation/differences.yaml', import.meta.url), 'utf8'),
);
const ACCOUNT = '111111111111';

type Overrides = NonNullable<Parameters<typeof configOf>[1]>;
/** Settings that together turn every switch on and off. */
const SETTINGS: readonly (readonly [name: string, environment: string, overrides: Overrides, imageTag?: string])[] = [
  ['development as it is', 'development', {}, '0.1.0'],
  ['economy as it is', 'economy', {}, '0.1.0'],
  ['staging as it is', 'staging', {}, '0.1.0'],
  ['staging before there is an image', 'staging', {}],
  ['production as it is', 'production', {}, '0.1.0'],
  [
    'production with everything',
    'production',
    {
      ...EVERYTHING,
      storage: { ...EVERYTHING.storage, intelligentTiering: true },
      ingestion: { partitionValues: { cluster_id: ['c-1', 'c-2'] }, deaggregate: true },
      writers: {
        ...EVERYTHING.writers,
        principals: ['arn:aws:iam::222222222222:role/collector', 'arn:aws:iam::333333333333:root'],
      },
      alerts: { emails: ['somebody@example.com', 'else@example.com'], queueAgeSeconds: 900, queueDepth: 77_000 },
      distributor: {
        ...EVERYTHING.distributor,
        settings: {
          CANARY_INTERVAL_SECONDS: '300',
          RECONCILE_INTERVAL_SECONDS: '3600',
          PARK_HOURS: '48',
          WORKER_THREADS: '3',
        },
        spotPercent: 0,
        scaleOutAgeSeconds: 333,
      },
      network: { ...EVERYTHING.network, metricsSources: ['10.0.0.0/16', 'sg-0a1b2c'] },
      budget: { alertPercents: [50, 100, 150] },
      queue: { retentionDays: 7, visibilityTimeoutSeconds: 90 },
    },
    `sha256:${'0a'.repeat(32)}`,
  ],
  [
    'economy with Firehose, NAT and more tasks',
    'economy',
    {
      ingestion: { firehose: true },
      network: { natGateways: 1, ipv6: true },
      distributor: { tasksMax: 8, receipts: true, settings: { USAGE: 'false' } },
      storage: { intelligentTiering: true },
    },
    '0.1.0',
  ],
  [
    'development with everything, in GovCloud',
    'development',
    {
      ...everythingIn('us-gov-west-1', 'aws-us-gov'),
      // There is no such thing in its CloudFormation.
      budget: { monthlyUsd: null, anomalyUsd: null },
      distributor: {
        ...EVERYTHING.distributor,
        prometheusRemoteWriteUrl:
          'https://aps-workspaces.us-gov-east-1.amazonaws.com/workspaces/ws-1234abcd/api/v1/remote_write',
      },
    },
    '0.1.0',
  ],
  [
    'staging without Firehose, with keys of AWS, in a VPC that exists',
    'staging',
    {
      encryptWithOwnKeys: false,
      ingestion: { firehose: false },
      network: { existing: { vpcId: 'vpc-0a1b', privateSubnetIds: ['subnet-0a1b', 'subnet-0c2d'] } },
      writers: {
        principals: ['arn:aws:iam::222222222222:role/collector'],
        externalId: 'between-cluster-and-platform',
      },
    },
    '0.1.0',
  ],
  [
    'production without Firehose, with our keys and other names',
    'production',
    {
      project: 'logs',
      names: {
        tenantTable: 'tenants',
        ledgerTable: 'ledger',
        taskRole: 'known-to-customers',
        metricsNamespace: 'Logs',
      },
      budget: { monthlyUsd: null, anomalyUsd: null },
      quarantinePrefix: 'aside/',
      ingestion: { firehose: false },
      network: { natGateways: 2, cidr: '10.1.0.0/16', interfaceEndpoints: false },
      storage: { infrequentAccessDays: null, glacierDays: 60, deepArchiveDays: null },
      writers: { eks: { oidcIssuer: 'https://oidc.example.com/id/A', namespace: 'vector', serviceAccount: 'vector' } },
      distributor: { spotPercent: 100, cpuUnits: 4096, memoryMb: 30_720 },
    },
    '0.1.0',
  ],
];

const used = new Set<Purpose>();

for (const [name, environment, overrides, imageTag] of SETTINGS) {
  test(`both ways make the same of ${name}, but for what differs on purpose`, async (t) => {
    const config = configOf(environment, overrides);
    const place = { partition: partitionOfRegion(config.region), region: config.region, accountId: ACCOUNT };
    const it = await synthesis(environment, overrides, { imageTag });
    t.after(() => it.remove());
    const terraform = resolveMade(terraformMade(it, place), place);
    const deployment = evaluateDeployment({ ...parametersOf(config), ImageTag: imageTag ?? '' }, place);
    const outputs = { address: 'main.outputs', type: OUTPUTS, properties: deployment.outputs };
    const cloudformation = resolveMade([...deployment.resources, outputs], place);
    const differences = differencesOf(terraform, cloudformation);
    const unexplained = differences.filter((difference) => !explain(difference));
    assert.deepEqual(unexplained.map(describe), []);
    const different = new Set(differences.map(({ resource }) => resource));
    // The outputs are compared too, and are no resource.
    const compared = new Set([...terraform.keys(), ...cloudformation.keys()]).size - 1;
    assert.ok(compared > 40, String(compared));
    t.diagnostic(
      `${compared} resources of CloudFormation's types: ${compared - different.size} equal, ` +
        `${different.size} differ on purpose (${it.count} resources of Terraform)`,
    );
  });
}

test('every difference that is written down is there', () => {
  assert.deepEqual(
    PURPOSES.filter((purpose) => !used.has(purpose)),
    [],
  );
});

function explain(difference: Difference): boolean {
  const sides = (['terraform', 'cloudformation'] as const).filter((side) => difference[side] !== undefined);
  const side = sides.length === 1 ? sides[0] : undefined;
  const purpose = PURPOSES.find(
    ({ resource, path = '', only }) =>
      difference.resource.startsWith(`${resource} `) && difference.path === path && only === side,
  );
  if (purpose) used.add(purpose);
  return purpose !== undefined;
}

function describe({ resource, path, terraform, cloudformation }: Difference): string {
  const text = (value: unknown) => JSON.stringify(value)?.slice(0, 600) ?? 'nothing';
  return `${resource} ${path}: ${text(terraform)} by Terraform, ${text(cloudformation)} by CloudFormation`;
}
