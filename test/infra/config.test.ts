import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { configOf, type Overrides, readConfig } from '../../infra/config/config.ts';
import { environmentFile, knownEnvironments } from '../../infra/config/file.ts';
import { layered } from '../../infra/config/layers.ts';
import { ConfigError } from '../../infra/config/problems.ts';
import { SETTING_PATHS } from '../../infra/config/schema.ts';
import { readSettings } from '../../service/base/settings.ts';
import { MAX_RECEIVE_COUNT_MIN, RECEIVES_MAX, RENEW_AT_RECEIVES } from '../../service/core/receives.ts';

const SERVICE = readSettings({ SQS_QUEUE_URL: 'https://sqs/queue', DLQ_URL: 'https://sqs/dead-letters' });

/** Whatever a file may hold, on top of an environment's own file. */
function problemsIn(environment: string, given: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    readConfig(layered(environmentFile(environment), { environment }, given));
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
}

for (const environment of ['development', 'staging', 'production', 'anything']) {
  test(`the settings of ${environment} break no rule`, () => {
    assert.deepEqual(problemsIn(environment, {}), []);
  });
}

test('every environment that has a file is the one that its file names', () => {
  assert.deepEqual([...knownEnvironments()].sort(), ['development', 'economy', 'production', 'staging']);
  for (const name of knownEnvironments()) assert.equal(environmentFile(name).environment, name);
});

test('prefixes and the key template are what the service has by default', () => {
  const config = configOf('staging');
  assert.equal(config.objectKeyTemplate, SERVICE.objectKeyTemplate);
  assert.equal(config.quarantinePrefix, SERVICE.quarantinePrefix);
});

test('only production is production, and it survives the loss of a zone', () => {
  assert.equal(configOf('production').production, true);
  for (const other of ['staging', 'development', 'economy']) assert.equal(configOf(other).production, false);
  const { network, distributor } = configOf('production');
  assert.equal(network.natGateways, network.availabilityZones);
  assert.ok(distributor.tasksMin >= network.availabilityZones);
});

test('an override changes its setting and leaves the others of its group', () => {
  const config = configOf('staging', { storage: { quarantineRetentionDays: 10 } });
  assert.deepEqual(config.storage, { ...configOf('staging').storage, quarantineRetentionDays: 10 });
});

const PRINCIPAL = 'arn:aws:iam::111111111111:role/collector';
const named = (principal: unknown) => ({ writers: { principals: [principal], externalId: 'between-us' } });
const settings = (given: Readonly<Record<string, unknown>>) => ({ distributor: { settings: given } });
const storage = (given: Readonly<Record<string, unknown>>) => ({ storage: given });
const KEY = 'arn:aws:kms:us-east-1:111111111111:key/0a1b';
const SUBNETS = ['subnet-0a', 'subnet-0b'];
const EXISTING = { vpcId: 'vpc-0a', privateSubnetIds: SUBNETS };

/** What somebody may write into a file, and the one sentence about it. */
const DOUBTFUL: readonly [given: Readonly<Record<string, unknown>>, sentence: string][] = [
  [{ region: 'mars' }, 'region: must be an AWS region of aws, aws-us-gov, aws-cn (got "mars")'],
  [{ region: 'us-iso-east-1' }, 'region: must be an AWS region of aws, aws-us-gov, aws-cn (got "us-iso-east-1")'],
  [
    { iam: { path: 'platform' } },
    'iam.path: must begin and end with / and have at most 512 characters, such as /platform/logs/ (got "platform")',
  ],
  [
    { iam: { permissionsBoundary: 'boundary' } },
    'iam.permissionsBoundary: must be the ARN of an IAM policy (got "boundary")',
  ],
  [
    { ingestion: { partitionValues: { cluster: ['a'] } } },
    'ingestion.partitionValues.cluster: must be of a placeholder of objectKeyTemplate (got ["a"])',
  ],
  [
    { ingestion: { partitionValues: { cluster_id: ['a,b'] } } },
    'ingestion.partitionValues.cluster_id[0]: must be a value without commas, slashes and spaces (got "a,b")',
  ],
  [
    storage({ accessLogRetentionDays: 0 }),
    'storage.accessLogRetentionDays: must be a whole number from 1 to 36500 (got 0)',
  ],
  [
    { distributor: { prometheusRemoteWriteUrl: 'https://prometheus.example.com/api/v1/write' } },
    'distributor.prometheusRemoteWriteUrl: must be https://aps-workspaces.REGION.amazonaws.com/workspaces/ws-ID/api/v1/remote_write (got "https://prometheus.example.com/api/v1/write")',
  ],
  [
    { region: 'cn-north-1', distributor: { settings: { EVENT_BYTES_MAX: 1_000_000 } } },
    'distributor.settings.EVENT_BYTES_MAX: must be at most 262144 in cn-north-1 (got 1000000)',
  ],
  [
    { network: { existing: EXISTING, flowLogRetentionDays: 30 } },
    'network.flowLogRetentionDays: must be null with network.existing: flow logs are made only of a VPC of our own (got 30)',
  ],
  [
    { network: { existing: EXISTING, networkAcls: true } },
    'network.networkAcls: must be false with network.existing: network ACLs are made only in a VPC of our own (got true)',
  ],
  [{ project: 'Logs' }, 'project: must be words of a-z0-9 joined by -, and begin with a letter (got "Logs")'],
  [
    { project: 'the-distributor-of-all-our-logs' },
    'project: must be shorter by 4 characters (got "the-distributor-of-all-our-logs")',
  ],
  [
    { project: 'the-distributor-of-all-our-logs', ...storage({ accessLogRetentionDays: 90 }) },
    'project: must be shorter by 6 characters (got "the-distributor-of-all-our-logs")',
  ],
  [{ project: 7 }, 'project: must be words of a-z0-9 joined by -, and begin with a letter (got 7)'],
  [{ accountId: '12' }, 'accountId: must be the 12 digits of an account in quotes (got "12")'],
  [{ accountId: 12345678901 }, 'accountId: must be the 12 digits of an account in quotes (got 12345678901)'],
  [{ costCenter: 'a|b' }, 'costCenter: must be 1 to 256 characters that a tag may have (got "a|b")'],
  [{ production: 'yes' }, 'production: must be true or false (got "yes")'],
  [{ storage: 5 }, 'storage: must be a group of settings (got 5)'],
  [{ storage: null }, 'storage: must be a group of settings (got null)'],

  [{ retentionDays: 30 }, 'retentionDays: is no setting here; did you mean storage.retentionDays? (got 30)'],
  [{ stroage: {} }, 'stroage: is no setting; did you mean storage? (got {})'],
  [{ queue: { maxRecieveCount: 50 } }, 'queue.maxRecieveCount: is no setting; did you mean maxReceiveCount? (got 50)'],
  [{ network: { cidrs: '10.0.0.0/20' } }, 'network.cidrs: is no setting; did you mean cidr? (got "10.0.0.0/20")'],
  [{ color: 'blue' }, 'color: is no setting (got "blue")'],
  [
    { alerts: { retentionDays: 1 } },
    'alerts.retentionDays: is no setting here; did you mean storage.retentionDays? (got 1)',
  ],

  [
    { names: { taskRole: 'a role' } },
    'names.taskRole: must be the name of an IAM role (1 to 64 of a-zA-Z0-9_+=,.@-) (got "a role")',
  ],
  [
    { names: { tenantTable: 'x' } },
    'names.tenantTable: must be the name of a DynamoDB table (3 to 255 of a-zA-Z0-9_.-) (got "x")',
  ],
  [
    { names: { tenantTable: 'logs', ledgerTable: 'logs' } },
    'names.ledgerTable: must be another table than names.tenantTable (got "logs")',
  ],
  [
    { names: { metricsNamespace: 'AWS/Logs' } },
    'names.metricsNamespace: must be a namespace of CloudWatch metrics (1 to 255 of a-zA-Z0-9_./#:-, not under AWS/) (got "AWS/Logs")',
  ],

  [
    { objectKeyTemplate: 'logs/{cluster_id}/' },
    'objectKeyTemplate: must contain {tenant_id} (got "logs/{cluster_id}/")',
  ],
  [
    { objectKeyTemplate: '{cluster_id}/{tenant_id}/' },
    'objectKeyTemplate: must begin with a literal folder such as logs/ (got "{cluster_id}/{tenant_id}/")',
  ],
  [
    { objectKeyTemplate: 'logs/{tenant_id}/{pod_name}/' },
    'objectKeyTemplate: must name only fields of a record, because Firehose writes the objects (ingestion.firehose) (got "logs/{tenant_id}/{pod_name}/")',
  ],
  [
    { quarantinePrefix: 'logs/quarantine/' },
    'quarantinePrefix: must not lie under logs/, where objectKeyTemplate begins (got "logs/quarantine/")',
  ],
  [
    { quarantinePrefix: '/q/' },
    'quarantinePrefix: must be a key prefix that ends with / and does not start with one (got "/q/")',
  ],

  [{ ingestion: { bufferSizeMb: 32 } }, 'ingestion.bufferSizeMb: must be a whole number from 64 to 128 (got 32)'],
  [
    { ingestion: { bufferIntervalSeconds: 901 } },
    'ingestion.bufferIntervalSeconds: must be a whole number from 60 to 900 (got 901)',
  ],
  [
    { ingestion: { parquetBlockMb: 64.5 } },
    'ingestion.parquetBlockMb: must be a whole number from 64 to 256 (got 64.5)',
  ],

  [
    storage({ infrequentAccessDays: 7 }),
    'storage.infrequentAccessDays: must be a whole number from 30 to 36500 (got 7)',
  ],
  [
    storage({ glacierDays: 31 }),
    'storage.glacierDays: must be at least 60, because infrequentAccessDays is 30 (got 31)',
  ],
  [
    storage({ deepArchiveDays: 90 }),
    'storage.deepArchiveDays: must be at least 91, because glacierDays is 90 (got 90)',
  ],
  [storage({ retentionDays: 90 }), 'storage.retentionDays: must be at least 91, because glacierDays is 90 (got 90)'],
  [storage({ retentionDays: 0 }), 'storage.retentionDays: must be a whole number from 14 to 36500 (got 0)'],
  [
    storage({ quarantineRetentionDays: 0 }),
    'storage.quarantineRetentionDays: must be a whole number from 1 to 36500 (got 0)',
  ],
  [
    storage({ noncurrentVersionDays: '30 days' }),
    'storage.noncurrentVersionDays: must be a whole number from 1 to 36500 (got "30 days")',
  ],

  [{ queue: { retentionDays: 0 } }, 'queue.retentionDays: must be a whole number from 1 to 14 (got 0)'],
  [
    { queue: { maxReceiveCount: RECEIVES_MAX } },
    `queue.maxReceiveCount: must be a whole number from ${MAX_RECEIVE_COUNT_MIN} to 1000 (got ${RECEIVES_MAX})`,
  ],
  [
    { queue: { visibilityTimeoutSeconds: 99_999 } },
    'queue.visibilityTimeoutSeconds: must be a whole number from 10 to 43200 (got "99999")',
  ],

  [
    { distributor: { cpuUnits: 1000 } },
    'distributor.cpuUnits: must be one of 512, 1024, 2048, 4096, 8192, 16384 (got 1000)',
  ],
  [
    { distributor: { memoryMb: 2048 } },
    'distributor.memoryMb: must be 4096 to 16384 in steps of 1024, because distributor.cpuUnits is 2048 (got 2048)',
  ],
  [
    { distributor: { receipts: true, receiptKeySpec: 'RSA_2048' } },
    'distributor.receiptKeySpec: must be one of ECC_NIST_EDWARDS25519, ECC_NIST_P256 (got "RSA_2048")',
  ],
  [
    { distributor: { receipts: true, receiptKeyArn: 'arn:aws:kms:us-east-1:111111111111:alias/receipts' } },
    'distributor.receiptKeyArn: must be the ARN of a KMS key (got "arn:aws:kms:us-east-1:111111111111:alias/receipts")',
  ],
  [
    { distributor: { receiptKeyArn: KEY } },
    `distributor.receiptKeyArn: must be left out unless distributor.receipts is true (got "${KEY}")`,
  ],
  [
    settings({ RECEIPT_KEY: KEY }),
    `distributor.settings.RECEIPT_KEY: must not be set: use distributor.receiptKeyArn (got "${KEY}")`,
  ],
  [
    { distributor: { tasksMin: 5, tasksMax: 4 } },
    'distributor.tasksMax: must be at least distributor.tasksMin, which is 5 (got 4)',
  ],
  [{ distributor: { spotPercent: 101 } }, 'distributor.spotPercent: must be a whole number from 0 to 100 (got 101)'],
  [
    { distributor: { logRetentionDays: 31 } },
    'distributor.logRetentionDays: must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 31)',
  ],
  [
    { distributor: { logLevel: 'loud' } },
    'distributor.logLevel: must be trace, debug, info, warn, error, fatal or silent (got "loud")',
  ],
  [
    { distributor: { collectorImage: 'public.ecr.aws/aws-observability/aws-otel-collector' } },
    'distributor.collectorImage: must be the full name of an image with its tag or digest (got "public.ecr.aws/aws-observability/aws-otel-collector")',
  ],
  [
    settings({ WORKER_THREADS: 'many' }),
    'distributor.settings.WORKER_THREADS: must be a whole number from 1 to 64 (got "many")',
  ],
  [settings({ PARK_HOURS: 0 }), 'distributor.settings.PARK_HOURS: must be a whole number from 1 to 336 (got "0")'],
  [
    settings({ PARK_HOURS: [24] }),
    'distributor.settings.PARK_HOURS: must be a text, a number, true or false (got [24])',
  ],
  [
    settings({ LOG_LEVLE: 'info' }),
    'distributor.settings.LOG_LEVLE: is no setting of the service; did you mean LOG_LEVEL? (got "info")',
  ],
  [settings({ SPEED: 'high' }), 'distributor.settings.SPEED: is no setting of the service (got "high")'],
  [
    settings({ LOG_LEVEL: 'debug' }),
    'distributor.settings.LOG_LEVEL: must not be set: use distributor.logLevel (got "debug")',
  ],
  // A port that nobody opens; a grace that ends after the task.
  [
    settings({ HTTP_PORT: 9090 }),
    'distributor.settings.HTTP_PORT: must not be set: it follows from the rest (got "9090")',
  ],
  [
    settings({ SHUTDOWN_GRACE_SECONDS: 300 }),
    'distributor.settings.SHUTDOWN_GRACE_SECONDS: must not be set: it follows from the rest (got "300")',
  ],
  // A call under way would outlast the drain, and be repeated.
  [
    settings({ REQUEST_TIMEOUT_SECONDS: 110 }),
    'distributor.settings.REQUEST_TIMEOUT_SECONDS: must be less than the 110 seconds that a task has to drain (got 110)',
  ],

  [
    { network: { cidr: 'nonsense' } },
    'network.cidr: must be a CIDR block from /16 to /24, such as 10.64.0.0/20 (got "nonsense")',
  ],
  [
    { network: { cidr: '10.0.0.0/28' } },
    'network.cidr: must be a CIDR block from /16 to /24, such as 10.64.0.0/20 (got "10.0.0.0/28")',
  ],
  [
    { network: { metricsSources: ['999.0.0.0/99'] } },
    'network.metricsSources[0]: must be a CIDR block from /8 to /32 without host bits, such as 10.0.0.0/16, or the id of a security group (got "999.0.0.0/99")',
  ],
  [
    { network: { metricsSources: ['10.0.0.0/16', '0.0.0.0/0'] } },
    'network.metricsSources[1]: must be a CIDR block from /8 to /32 without host bits, such as 10.0.0.0/16, or the id of a security group (got "0.0.0.0/0")',
  ],
  [
    { network: { metricsSources: ['10.0.0.7/16'] } },
    'network.metricsSources[0]: must be a CIDR block from /8 to /32 without host bits, such as 10.0.0.0/16, or the id of a security group (got "10.0.0.7/16")',
  ],
  [
    { network: { metricsSources: ['10.0.0.0/16', '10.0.0.0/16'] } },
    'network.metricsSources: must not name anything twice (got ["10.0.0.0/16","10.0.0.0/16"])',
  ],
  [
    { network: { availabilityZones: 2, natGateways: 3 } },
    'network.natGateways: must be at most network.availabilityZones, which is 2 (got 3)',
  ],
  [
    { network: { existing: EXISTING, interfaceEndpoints: true } },
    'network.interfaceEndpoints: must be false with network.existing: endpoints are made only in a VPC of our own (got true)',
  ],
  [
    { network: { existing: EXISTING, natGateways: 0 } },
    'network.natGateways: must be at least 1 with network.existing: tasks have public addresses only in a VPC of our own (got 0)',
  ],
  [
    { storage: { transitionAboveBytes: -1 } },
    'storage.transitionAboveBytes: must be a whole number from 0 to 5368709120 (got -1)',
  ],
  [{ distributor: { spotOnly: 'yes' } }, 'distributor.spotOnly: must be true or false (got "yes")'],
  [{ alerts: { essential: 1 } }, 'alerts.essential: must be true or false (got 1)'],
  [
    { network: { existing: { ...EXISTING, privateSubnetIds: ['subnet-0a'] } } },
    'network.existing.privateSubnetIds: must be a list of at least 2 and at most 100 (got ["subnet-0a"])',
  ],
  [
    { network: { existing: { ...EXISTING, vpcId: 'the-vpc' } } },
    'network.existing.vpcId: must be the id of a VPC such as vpc-0a1b2c3d4e5f67890 (got "the-vpc")',
  ],
  [
    { network: { existing: { privateSubnetIds: SUBNETS } } },
    'network.existing.vpcId: must be the id of a VPC such as vpc-0a1b2c3d4e5f67890 (got nothing)',
  ],

  [named('*'), 'writers.principals[0]: must be the ARN of one IAM role, user or account, without * (got "*")'],
  [
    named('arn:aws:iam::111111111111:role/*'),
    'writers.principals[0]: must be the ARN of one IAM role, user or account, without * (got "arn:aws:iam::111111111111:role/*")',
  ],
  [
    named('arn:aws:s3:::bucket'),
    'writers.principals[0]: must be the ARN of one IAM role, user or account, without * (got "arn:aws:s3:::bucket")',
  ],
  [
    { writers: { principals: [PRINCIPAL] } },
    'writers.externalId: must be set when writers.principals names somebody (got nothing)',
  ],
  [
    { writers: { eks: { oidcIssuer: 'oidc.eks.us-east-1.amazonaws.com/id/A' } } },
    'writers.eks.oidcIssuer: must be the https URL of an OIDC issuer (got "oidc.eks.us-east-1.amazonaws.com/id/A")',
  ],
  [
    { writers: { eks: { namespace: 'vector' } } },
    'writers.eks.oidcIssuer: must be the https URL of an OIDC issuer (got nothing)',
  ],
  [
    { writers: { eks: { oidcIssuer: 'https://oidc.example.com/id/A', serviceAccount: '*' } } },
    'writers.eks.serviceAccount: must be a name of Kubernetes (got "*")',
  ],

  [{ alerts: { emails: ['somebody'] } }, 'alerts.emails[0]: must be a mail address (got "somebody")'],
  [{ alerts: { emails: 'me@example.com' } }, 'alerts.emails: must be a list of at most 10 (got "me@example.com")'],
  [
    { alerts: { emails: ['a@example.com', 'a@example.com'] } },
    'alerts.emails: must not name anything twice (got ["a@example.com","a@example.com"])',
  ],
  [{ alerts: { queueDepth: 0 } }, 'alerts.queueDepth: must be a whole number from 1 to 100000000 (got 0)'],
  [{ budget: { monthlyUsd: -5 } }, 'budget.monthlyUsd: must be a whole number from 1 to 10000000 (got -5)'],
  [{ budget: { anomalyUsd: 0 } }, 'budget.anomalyUsd: must be a whole number from 1 to 10000000 (got 0)'],
  [
    { budget: { alertPercents: [1, 2, 3, 4, 5, 6] } },
    'budget.alertPercents: must be a list of at most 5 (got [1,2,3,4,5,6])',
  ],
  [{ budget: { alertPercents: [0] } }, 'budget.alertPercents[0]: must be a whole number from 1 to 1000 (got 0)'],
];
for (const [given, sentence] of DOUBTFUL) {
  test(`a doubtful setting gets one sentence: ${sentence}`, () => {
    assert.deepEqual(problemsIn('staging', given), [sentence]);
  });
}

test('all problems are told at once: what is wrong by itself, and what contradicts another setting', () => {
  const problems = problemsIn('Staging', {
    budget: { monthlyUsd: -5 },
    distributor: { tasksMin: 50, tasksMax: 4, settings: { WORKER_THREADS: 'many' } },
    writers: { eks: {} },
    colour: 'blue',
  });
  assert.deepEqual(
    problems.map((problem) => problem.slice(0, problem.indexOf(':'))),
    [
      'environment',
      'writers.eks.oidcIssuer',
      'budget.monthlyUsd',
      'colour',
      'distributor.tasksMax',
      'distributor.settings.WORKER_THREADS',
    ],
  );
});

test('what contradicts a setting that is wrong by itself is not told before that is right', () => {
  const problems = problemsIn('staging', { storage: { infrequentAccessDays: 'soon', glacierDays: 31 } });
  assert.deepEqual(problems, ['storage.infrequentAccessDays: must be a whole number from 30 to 36500 (got "soon")']);
});

test('every setting that the schema has can be meant by a misspelt one', () => {
  const leaves = (value: object, path: readonly string[]): string[] =>
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner) && key !== 'settings'
        ? leaves(inner, [...path, key])
        : [[...path, key].join('.')],
    );
  for (const path of leaves(configOf('production'), [])) assert.ok(SETTING_PATHS.includes(path), path);
});

const FINE: readonly Overrides[] = [
  // A template of other fields, where Firehose does not write.
  { objectKeyTemplate: 'logs/{tenant_id}/{pod_name}/', ingestion: { firehose: false } },
  {
    distributor: { settings: { WORKER_THREADS: 2, PLAIN_DECODER: true, RUNBOOK_URL: 'https://wiki.example.com/logs' } },
  },
  { network: { existing: EXISTING, metricsSources: ['10.0.0.0/16', 'sg-0a1b2c', '192.0.2.7/32'] } },
  {
    writers: { principals: [PRINCIPAL, 'arn:aws-us-gov:iam::111111111111:role/path/of/it'], externalId: 'between-us' },
  },
  { storage: { infrequentAccessDays: null, glacierDays: 1, deepArchiveDays: null, retentionDays: 14 } },
  { budget: { monthlyUsd: null, anomalyUsd: null } },
  { distributor: { collectorImage: `registry.example.com:5000/a/b@sha256:${'0'.repeat(64)}` } },
  { queue: { maxReceiveCount: MAX_RECEIVE_COUNT_MIN } },
];
for (const given of FINE) {
  test(`what can be is not refused: ${JSON.stringify(given)}`, () => {
    assert.deepEqual(problemsIn('staging', given), []);
  });
}

test('a queue lets a message be received until the service has given it up with a reason, and once more', () => {
  assert.ok(RENEW_AT_RECEIVES < RECEIVES_MAX && RECEIVES_MAX < MAX_RECEIVE_COUNT_MIN);
  assert.ok(configOf('production').queue.maxReceiveCount >= MAX_RECEIVE_COUNT_MIN);
});

test('Vector is looked for where its manifests put it', async () => {
  const base = new URL('../../k8s/vector/base/', import.meta.url);
  const read = async (name: string) => parse(await readFile(new URL(name, base), 'utf8'));
  const { eks } = configOf('staging', { writers: { eks: { oidcIssuer: 'https://oidc.example.com' } } }).writers;
  assert.equal(eks?.namespace, (await read('kustomization.yaml')).namespace);
  assert.equal(eks?.serviceAccount, (await read('service-account.yaml')).metadata.name);
});

test('numbers of the service come as its own environment would have them', () => {
  const { settings: given } = configOf('staging', { distributor: { settings: { WORKER_THREADS: 2 } } }).distributor;
  assert.deepEqual(given, { WORKER_THREADS: '2' });
});
