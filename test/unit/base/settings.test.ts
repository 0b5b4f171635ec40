import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { readSettings, SETTING_NAMES, SettingsError } from '../../../service/base/settings.ts';

const QUEUES = {
  SQS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/111122223333/logs',
  DLQ_URL: 'https://sqs.us-east-1.amazonaws.com/111122223333/logs-dlq',
};

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
  return [];
}

test('two queues are all that must be set, and the rest has the defaults of the design', () => {
  assert.deepEqual(readSettings(QUEUES), {
    queueUrl: QUEUES.SQS_QUEUE_URL,
    deadLetterQueueUrl: QUEUES.DLQ_URL,
    tenantTable: 'tenant-configurations',
    ledgerTable: 'delivery-ledger',
    region: 'us-east-1',
    endpointUrl: undefined,
    s3ForcePathStyle: false,
    httpPort: 8080,
    httpHost: '0.0.0.0',
    httpHostNames: [],
    workerThreads: availableParallelism(),
    memoryBudgetBytes: 256 * 1024 * 1024,
    objectKeyTemplate: 'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/',
    quarantinePrefix: 'quarantine/',
    distributorRoleArn: undefined,
    shutdownGraceMs: 110_000,
    visibilityTimeoutSeconds: 120,
    leaseMs: 60_000,
    settleMs: 10_000,
    requestTimeoutMs: 30_000,
    applicationGroups: {},
    ecsAgentUri: undefined,
    eventBytesMax: 1_000_000,
    probeMs: 120_000,
    putCompression: 'gzip',
    parkMs: 24 * 3_600_000,
    progressIntervalMs: 60_000,
    canaryIntervalMs: 0,
    canaryBucket: undefined,
    receiptKey: undefined,
    receiptIntervalMs: 3_600_000,
    reconcileIntervalMs: 0,
    reconcileBucket: undefined,
    reconcileGraceMs: 900_000,
    reconcileLateMs: 26 * 3_600_000,
    reconcilePerSecond: 20,
    runbookUrl: undefined,
    usage: true,
    plainDecoder: false,
    kernelPoison: false,
    logLevel: 'info',
  });
});

test('every setting is read, in the units of the code', () => {
  const environment = {
    SQS_QUEUE_URL: 'http://127.0.0.1:4566/000000000000/logs',
    DLQ_URL: 'http://127.0.0.1:4566/000000000000/dead',
    TENANT_CONFIG_TABLE: 'tenants',
    LEDGER_TABLE: 'ledger',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    S3_FORCE_PATH_STYLE: 'true',
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    HTTP_HOST_NAMES: 'logs.example.com,Logs.example.org',
    WORKER_THREADS: '3',
    MEMORY_BUDGET_MB: '64',
    OBJECT_KEY_TEMPLATE: '{cluster_id}/{tenant_id}/',
    QUARANTINE_PREFIX: 'kept/',
    DISTRIBUTOR_ROLE_ARN: 'arn:aws:iam::111122223333:role/path/distributor',
    SHUTDOWN_GRACE_SECONDS: '30',
    VISIBILITY_TIMEOUT_SECONDS: '60',
    EVENT_BYTES_MAX: '262144',
    LEASE_SECONDS: '15',
    SETTLE_SECONDS: '20',
    REQUEST_TIMEOUT_SECONDS: '7',
    APPLICATION_GROUPS: '{"api":["kube-apiserver","gateway"],"none":[]}',
    ECS_AGENT_URI: 'http://169.254.170.2/api/abc',
    PROBE_SECONDS: '30',
    PUT_COMPRESSION: 'none',
    PARK_HOURS: '2',
    PROGRESS_INTERVAL_SECONDS: '0',
    CANARY_INTERVAL_SECONDS: '300',
    CANARY_BUCKET: 'central-logs',
    RECEIPT_KEY: '/run/secrets/receipts.pem',
    RECEIPT_INTERVAL_SECONDS: '900',
    RECONCILE_INTERVAL_SECONDS: '3600',
    RECONCILE_BUCKET: 'central-logs',
    RECONCILE_GRACE_SECONDS: '60',
    RECONCILE_LATE_HOURS: '2',
    RECONCILE_RATE: '100',
    RUNBOOK_URL: 'https://wiki.invalid/operations',
    USAGE: 'false',
    PLAIN_DECODER: 'true',
    KERNEL_POISON: 'true',
    LOG_LEVEL: 'debug',
  };
  assert.deepEqual(Object.keys(environment).sort(), [...SETTING_NAMES].sort(), 'the test knows every setting');
  assert.deepEqual(readSettings(environment), {
    queueUrl: environment.SQS_QUEUE_URL,
    deadLetterQueueUrl: environment.DLQ_URL,
    tenantTable: 'tenants',
    ledgerTable: 'ledger',
    region: 'eu-central-1',
    endpointUrl: 'http://127.0.0.1:4566',
    s3ForcePathStyle: true,
    httpPort: 0,
    httpHost: '127.0.0.1',
    httpHostNames: ['logs.example.com', 'logs.example.org'],
    workerThreads: 3,
    memoryBudgetBytes: 64 * 1024 * 1024,
    objectKeyTemplate: '{cluster_id}/{tenant_id}/',
    quarantinePrefix: 'kept/',
    distributorRoleArn: environment.DISTRIBUTOR_ROLE_ARN,
    shutdownGraceMs: 30_000,
    visibilityTimeoutSeconds: 60,
    leaseMs: 15_000,
    settleMs: 20_000,
    requestTimeoutMs: 7_000,
    applicationGroups: { api: ['kube-apiserver', 'gateway'], none: [] },
    ecsAgentUri: 'http://169.254.170.2/api/abc',
    eventBytesMax: 262_144,
    probeMs: 30_000,
    putCompression: 'none',
    parkMs: 2 * 3_600_000,
    progressIntervalMs: 0,
    canaryIntervalMs: 300_000,
    canaryBucket: 'central-logs',
    receiptKey: '/run/secrets/receipts.pem',
    receiptIntervalMs: 900_000,
    reconcileIntervalMs: 3_600_000,
    reconcileBucket: 'central-logs',
    reconcileGraceMs: 60_000,
    reconcileLateMs: 2 * 3_600_000,
    reconcilePerSecond: 100,
    runbookUrl: 'https://wiki.invalid/operations',
    usage: false,
    plainDecoder: true,
    kernelPoison: true,
    logLevel: 'debug',
  });
});

test('an empty or blank variable counts as absent, and blanks around a value as nothing', () => {
  const settings = readSettings({ ...QUEUES, HTTP_PORT: '', LEDGER_TABLE: '   ', AWS_REGION: ' eu-west-1\n' });
  assert.equal(settings.httpPort, 8080);
  assert.equal(settings.ledgerTable, 'delivery-ledger');
  assert.equal(settings.region, 'eu-west-1');
});

test('variables that are not settings do not matter', () => {
  assert.deepEqual(readSettings({ ...QUEUES, PATH: '/bin', HTTP_PORTS: 'x' }), readSettings(QUEUES));
});

const WRONG: readonly (readonly [name: string, value: string, rule: string])[] = [
  ['SQS_QUEUE_URL', 'logs', 'must be an http or https URL'],
  ['SQS_QUEUE_URL', 'ftp://example.com/logs', 'must be an http or https URL'],
  ['SQS_QUEUE_URL', 'https://sqs.us-east-1.amazonaws.com/', 'must name a queue after the host'],
  ['DLQ_URL', 'https://sqs.us-east-1.amazonaws.com', 'must name a queue after the host'],
  ['TENANT_CONFIG_TABLE', 'no spaces', 'must be a DynamoDB table name (3 to 255 of a-zA-Z0-9_.-)'],
  ['LEDGER_TABLE', 'ab', 'must be a DynamoDB table name (3 to 255 of a-zA-Z0-9_.-)'],
  ['AWS_REGION', 'frankfurt', 'must be an AWS region such as us-east-1'],
  ['AWS_ENDPOINT_URL', '127.0.0.1:4566', 'must be an http or https URL'],
  ['S3_FORCE_PATH_STYLE', 'yes', 'must be true or false'],
  ['HTTP_PORT', '65536', 'must be a whole number from 0 to 65535'],
  ['HTTP_PORT', '-1', 'must be a whole number from 0 to 65535'],
  ['HTTP_PORT', '80.5', 'must be a whole number from 0 to 65535'],
  ['HTTP_PORT', '0x50', 'must be a whole number from 0 to 65535'],
  ['WORKER_THREADS', '0', 'must be a whole number from 1 to 64'],
  ['WORKER_THREADS', '65', 'must be a whole number from 1 to 64'],
  ['MEMORY_BUDGET_MB', '63', 'must be a whole number from 64 to 65536'],
  ['OBJECT_KEY_TEMPLATE', 'logs/', 'must contain {tenant_id}'],
  ['OBJECT_KEY_TEMPLATE', '{tenant_id}/{pod}/{pod}/', 'must not name a placeholder twice'],
  ['QUARANTINE_PREFIX', 'quarantine', 'must be a key prefix that ends with / and does not start with one'],
  ['QUARANTINE_PREFIX', '/quarantine/', 'must be a key prefix that ends with / and does not start with one'],
  ['DISTRIBUTOR_ROLE_ARN', 'arn:aws:iam::1:role/x', 'must be the ARN of an IAM role'],
  ['DISTRIBUTOR_ROLE_ARN', 'arn:aws:iam::111122223333:user/x', 'must be the ARN of an IAM role'],
  ['SHUTDOWN_GRACE_SECONDS', '0', 'must be a whole number from 1 to 3600'],
  ['VISIBILITY_TIMEOUT_SECONDS', '9', 'must be a whole number from 10 to 43200'],
  ['VISIBILITY_TIMEOUT_SECONDS', '43201', 'must be a whole number from 10 to 43200'],
  ['EVENT_BYTES_MAX', '1023', 'must be a whole number from 1024 to 1048576'],
  ['EVENT_BYTES_MAX', '1048577', 'must be a whole number from 1024 to 1048576'],
  ['SETTLE_SECONDS', '301', 'must be a whole number from 0 to 300'],
  ['LEASE_SECONDS', '4', 'must be a whole number from 5 to 3600'],
  ['REQUEST_TIMEOUT_SECONDS', '0', 'must be a whole number from 1 to 300'],
  ['APPLICATION_GROUPS', '{api', 'must be a JSON object of names to lists of applications'],
  ['APPLICATION_GROUPS', '["api"]', 'must be a JSON object of names to lists of applications'],
  ['APPLICATION_GROUPS', '{"api":"gateway"}', 'must be a JSON object of names to lists of applications'],
  ['ECS_AGENT_URI', 'agent', 'must be an http or https URL'],
  ['PUT_COMPRESSION', 'zstd', 'must be gzip or none'],
  ['PROBE_SECONDS', '0', 'must be a whole number from 1 to 3600'],
  ['PARK_HOURS', '337', 'must be a whole number from 1 to 336'],
  ['PROGRESS_INTERVAL_SECONDS', '3601', 'must be a whole number from 0 to 3600'],
  ['CANARY_INTERVAL_SECONDS', '4', 'must be 0 or at least 5'],
  ['CANARY_INTERVAL_SECONDS', '901', 'must be a whole number from 0 to 900'],
  ['RUNBOOK_URL', 'javascript:alert(1)', 'must be an http or https URL'],
  ['CANARY_BUCKET', 's3://central', 'must be the name of a bucket'],
  ['RECEIPT_KEY', 'arn:aws:kms:us-east-1:111122223333:alias/receipts', 'must be the ARN of a KMS key, or a path'],
  ['RECEIPT_INTERVAL_SECONDS', '1', 'must be a whole number from 5 to 86400'],
  ['LOG_LEVEL', 'loud', 'must be trace, debug, info, warn, error, fatal or silent'],
];

for (const [name, value, rule] of WRONG) {
  test(`${name}=${value} is refused with its rule and the value`, () => {
    assert.deepEqual(problemsOf({ ...QUEUES, [name]: value }), [`${name}: ${rule} (got ${JSON.stringify(value)})`]);
  });
}

test('what must be set and is not says so', () => {
  assert.deepEqual(problemsOf({ DLQ_URL: QUEUES.DLQ_URL, SQS_QUEUE_URL: ' ' }), [
    'SQS_QUEUE_URL: is required (not set)',
  ]);
});

test('canaries need a bucket, and without canaries none is needed', () => {
  assert.deepEqual(problemsOf({ ...QUEUES, CANARY_INTERVAL_SECONDS: '60' }), [
    'CANARY_BUCKET: is required where CANARY_INTERVAL_SECONDS is not 0 (not set)',
  ]);
  assert.deepEqual(problemsOf({ ...QUEUES, CANARY_INTERVAL_SECONDS: '0' }), []);
});

test('all problems come in one report, a line each', () => {
  const environment = { DLQ_URL: 'dlq', HTTP_PORT: 'http', LOG_LEVEL: 'LOUD' };
  const problems = [
    'SQS_QUEUE_URL: is required (not set)',
    'DLQ_URL: must be an http or https URL (got "dlq")',
    'HTTP_PORT: must be a whole number from 0 to 65535 (got "http")',
    'LOG_LEVEL: must be trace, debug, info, warn, error, fatal or silent (got "LOUD")',
  ];
  assert.throws(() => readSettings(environment), { name: 'SettingsError', message: problems.join('\n'), problems });
});

test('a queue cannot be its own dead-letter queue', () => {
  assert.deepEqual(problemsOf({ ...QUEUES, DLQ_URL: QUEUES.SQS_QUEUE_URL }), [
    `DLQ_URL: must be another queue than SQS_QUEUE_URL (got "${QUEUES.SQS_QUEUE_URL}")`,
  ]);
});

test('the quarantine cannot lie around the objects, or it would be delivered', () => {
  assert.deepEqual(problemsOf({ ...QUEUES, QUARANTINE_PREFIX: 'logs/' }), [
    'QUARANTINE_PREFIX: must not be a prefix of OBJECT_KEY_TEMPLATE (got "logs/")',
  ]);
});

test('settings that contradict each other stand in the same report as those that are wrong by themselves', () => {
  const environment = {
    SQS_QUEUE_URL: QUEUES.SQS_QUEUE_URL,
    DLQ_URL: QUEUES.SQS_QUEUE_URL,
    HTTP_PORT: 'http',
    QUARANTINE_PREFIX: 'logs/',
  };
  assert.deepEqual(problemsOf(environment), [
    'HTTP_PORT: must be a whole number from 0 to 65535 (got "http")',
    `DLQ_URL: must be another queue than SQS_QUEUE_URL (got "${QUEUES.SQS_QUEUE_URL}")`,
    'QUARANTINE_PREFIX: must not be a prefix of OBJECT_KEY_TEMPLATE (got "logs/")',
  ]);
});

test('a value that is wrong by itself is named once, whatever else it contradicts', () => {
  assert.deepEqual(problemsOf({ SQS_QUEUE_URL: 'logs', DLQ_URL: 'logs', QUARANTINE_PREFIX: 'logs' }), [
    'SQS_QUEUE_URL: must be an http or https URL (got "logs")',
    'DLQ_URL: must be an http or https URL (got "logs")',
    'QUARANTINE_PREFIX: must be a key prefix that ends with / and does not start with one (got "logs")',
  ]);
});

for (const region of ['us-east-1', 'us-gov-west-1', 'cn-northwest-1', 'us-isob-east-1', 'eusc-de-east-1']) {
  test(`${region} is a region`, () => {
    assert.equal(readSettings({ ...QUEUES, AWS_REGION: region }).region, region);
  });
}
