import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from '../../infra/config.ts';
import { problemsOf } from '../../infra/config-rules.ts';
import { readSettings } from '../../service/base/settings.ts';
import { MAX_RECEIVE_COUNT_MIN, RECEIVES_MAX, RENEW_AT_RECEIVES } from '../../service/core/receives.ts';

const SERVICE = readSettings({ SQS_QUEUE_URL: 'https://sqs/queue', DLQ_URL: 'https://sqs/dead-letters' });

for (const environment of ['development', 'staging', 'production', 'anything']) {
  test(`the settings of ${environment} break no rule`, () => {
    assert.deepEqual(problemsOf(configOf(environment)), []);
  });
}

test('tables, prefixes and the key template are what the service has by default', () => {
  const config = configOf('staging');
  assert.equal(config.tenantTable, SERVICE.tenantTable);
  assert.equal(config.ledgerTable, SERVICE.ledgerTable);
  assert.equal(config.objectKeyTemplate, SERVICE.objectKeyTemplate);
  assert.equal(config.quarantinePrefix, SERVICE.quarantinePrefix);
});

test('only production is production, and it survives the loss of a zone', () => {
  assert.equal(configOf('production').production, true);
  assert.equal(configOf('staging').production, false);
  const { network, distributor } = configOf('production');
  assert.equal(network.natGateways, network.availabilityZones);
  assert.ok(distributor.tasksMin >= network.availabilityZones);
});

test('an override changes its setting and leaves the others of its group', () => {
  const config = configOf('staging', { storage: { quarantineRetentionDays: 10 } });
  assert.deepEqual(config.storage, { ...configOf('staging').storage, quarantineRetentionDays: 10 });
});

const WRONG: readonly [name: string, overrides: Parameters<typeof configOf>[1]][] = [
  ['region', { region: 'mars' }],
  ['region', { region: 'us-iso-east-1' }],
  ['project', { project: 'Logs' }],
  ['project', { project: 'the-distributor-of-all-our-logs' }],
  ['accountId', { accountId: '12' }],
  ['objectKeyTemplate', { objectKeyTemplate: 'logs/{cluster_id}/' }],
  ['objectKeyTemplate', { objectKeyTemplate: '{cluster_id}/{tenant_id}/' }],
  ['objectKeyTemplate', { objectKeyTemplate: 'logs/{tenant_id}/{pod_name}/' }],
  ['quarantinePrefix', { quarantinePrefix: 'logs/quarantine/' }],
  ['ingestion.bufferSizeMb', { ingestion: { bufferSizeMb: 32 } }],
  ['ingestion.bufferIntervalSeconds', { ingestion: { bufferIntervalSeconds: 901 } }],
  ['ingestion.parquetBlockMb', { ingestion: { parquetBlockMb: 32 } }],
  ['storage', { storage: { glacierDays: 20 } }],
  ['storage.infrequentAccessDays', { storage: { infrequentAccessDays: 7 } }],
  [
    'storage.retentionDays',
    { storage: { infrequentAccessDays: null, glacierDays: null, deepArchiveDays: null, retentionDays: 7 } },
  ],
  ['queue.retentionDays', { queue: { retentionDays: 15 } }],
  ['queue.maxReceiveCount', { queue: { maxReceiveCount: RECEIVES_MAX } }],
  ['distributor.cpuUnits', { distributor: { cpuUnits: 1000 } }],
  ['distributor.memoryMb', { distributor: { memoryMb: 2048 } }],
  ['distributor.tasksMax', { distributor: { tasksMin: 5, tasksMax: 4 } }],
  ['distributor.logRetentionDays', { distributor: { logRetentionDays: 31 } }],
  ['distributor.settings', { distributor: { settings: { LOG_LEVLE: 'info' } } }],
  // A port that nobody opens; a grace that ends after the task; what has a name of its own.
  ['distributor.settings', { distributor: { settings: { HTTP_PORT: '9090' } } }],
  ['distributor.settings', { distributor: { settings: { SHUTDOWN_GRACE_SECONDS: '300' } } }],
  ['distributor.settings', { distributor: { settings: { LOG_LEVEL: 'debug' } } }],
  // A call under way would outlast the drain, and be repeated.
  ['distributor.settings', { distributor: { settings: { REQUEST_TIMEOUT_SECONDS: '110' } } }],
  // What the service would not start with.
  ['distributor.settings', { distributor: { settings: { PARK_HOURS: '0' } } }],
  ['distributor.settings', { queue: { visibilityTimeoutSeconds: 5 } }],
  ['distributor.settings', { distributor: { logLevel: 'loud' } }],
  ['network.natGateways', { network: { availabilityZones: 2, natGateways: 3 } }],
  ['network.existing', { network: { existing: { vpcId: 'vpc-1', privateSubnetIds: ['subnet-1'] } } }],
  ['network.metricsSources', { network: { metricsSources: ['0.0.0.0/0'] } }],
  ['writers.externalId', { writers: { principals: ['arn:aws:iam::111111111111:role/collector'] } }],
  ['budget.alertPercents', { budget: { alertPercents: [1, 2, 3, 4, 5, 6] } }],
];
for (const [name, overrides] of WRONG) {
  test(`a wrong ${name} is told by name: ${JSON.stringify(overrides)}`, () => {
    const problems = problemsOf(configOf('staging', overrides));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.ok(problems[0]?.startsWith(`${name}: `), problems.join());
    assert.match(problems[0] ?? '', /\(got .+\)$/);
  });
}

test('a template of other fields is fine where Firehose does not write', () => {
  const overrides = { objectKeyTemplate: 'logs/{tenant_id}/{pod_name}/', ingestion: { firehose: false } };
  assert.deepEqual(problemsOf(configOf('staging', overrides)), []);
});

test('a queue lets a message be received until the service has given it up with a reason, and once more', () => {
  assert.deepEqual(problemsOf(configOf('staging', { queue: { maxReceiveCount: MAX_RECEIVE_COUNT_MIN } })), []);
  assert.ok(RENEW_AT_RECEIVES < RECEIVES_MAX && RECEIVES_MAX < MAX_RECEIVE_COUNT_MIN);
  assert.ok(configOf('production').queue.maxReceiveCount >= MAX_RECEIVE_COUNT_MIN);
});

test('what the service would not start with is told in its own words', () => {
  const [problem] = problemsOf(configOf('staging', { distributor: { settings: { PROBE_SECONDS: 'often' } } }));
  assert.match(problem ?? '', /PROBE_SECONDS: must be a whole number from 1 to 3600/);
});
