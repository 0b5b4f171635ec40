import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from '../../infra/config/config.ts';
import { containers } from '../../infra/values/containers.ts';
import { namesOf } from '../../infra/values/names.ts';
import { partitionOfRegion } from '../../infra/values/partition.ts';
import { OF_THE_IMAGE } from '../../local/service-process.ts';
import { readSettings, SETTING_NAMES } from '../../service/base/settings.ts';

const place = { partition: 'aws', region: 'us-east-1', accountId: '111111111111' };

interface Container {
  readonly name: string;
  readonly environment?: readonly { readonly name: string; readonly value: string }[];
  readonly healthCheck?: { readonly command: readonly string[] };
  readonly [key: string]: unknown;
}

function task(environment: string, overrides: Parameters<typeof configOf>[1] = {}) {
  const config = configOf(environment, overrides);
  const names = namesOf(config, { ...place, region: config.region, partition: partitionOfRegion(config.region) });
  const { definitions, volumes } = containers({
    config,
    names,
    image: 'repository:1',
    queueUrl: 'https://sqs.us-east-1.amazonaws.com/111111111111/delivery',
    deadLetterQueueUrl: 'https://sqs.us-east-1.amazonaws.com/111111111111/delivery-dlq',
  });
  const all = definitions as readonly Container[];
  const service = all.find(({ name }) => name === 'log-distributor');
  assert.ok(service);
  const variables = Object.fromEntries((service.environment ?? []).map(({ name, value }) => [name, value]));
  return { config, names, all, service, variables, volumes };
}

for (const environment of ['economy', 'development', 'staging', 'production']) {
  test(`the service accepts the environment of its container in ${environment}, and reads the deployment from it`, () => {
    const { config, names, variables } = task(environment);
    const known: readonly string[] = SETTING_NAMES;
    for (const name of Object.keys(variables)) assert.ok(known.includes(name), `${name} is no setting`);
    const settings = readSettings(variables);
    assert.equal(settings.tenantTable, names.tenantTable);
    assert.equal(settings.ledgerTable, names.ledgerTable);
    assert.equal(settings.objectKeyTemplate, config.objectKeyTemplate);
    assert.equal(settings.quarantinePrefix, config.quarantinePrefix);
    assert.equal(settings.visibilityTimeoutSeconds, config.queue.visibilityTimeoutSeconds);
    assert.equal(settings.logLevel, config.distributor.logLevel);
  });

  test(`objects in flight, process and collector fit into the memory of a task in ${environment}`, () => {
    const { config, variables, all } = task(environment);
    const collectorMb = Number(all.find(({ name }) => name === 'collector')?.memory);
    const budgetMb = readSettings(variables).memoryBudgetBytes / 1024 ** 2;
    assert.ok(
      budgetMb + 150 + collectorMb < config.distributor.memoryMb,
      `${budgetMb} of ${config.distributor.memoryMb}`,
    );
  });
}

test('the service has done with draining before Fargate kills it', () => {
  const { service, variables } = task('production');
  assert.equal(service.stopTimeout, 120);
  assert.ok(readSettings(variables).shutdownGraceMs < 120_000);
});

test('a setting of the service that the environment names wins', () => {
  const { variables } = task('staging', { distributor: { settings: { PARK_HOURS: '48' } } });
  assert.equal(readSettings(variables).parkMs, 48 * 3_600_000);
});

test('in China events are as small as CloudWatch Logs takes them there', () => {
  assert.equal(readSettings(task('staging', { region: 'cn-north-1' }).variables).eventBytesMax, 262_144);
  const smaller = { region: 'cn-north-1', distributor: { settings: { EVENT_BYTES_MAX: '100000' } } };
  assert.equal(readSettings(task('staging', smaller).variables).eventBytesMax, 100_000);
  for (const region of ['us-east-1', 'us-gov-west-1']) {
    assert.equal(task('staging', { region }).variables.EVENT_BYTES_MAX, undefined, region);
  }
});

test('every image is named by a tag or a digest, and traces need no more than their switch', () => {
  const { all } = task('staging', { distributor: { tracing: true } });
  assert.equal(all.length, 3);
  for (const { name, image } of all) {
    assert.match(String(image), /^[\w./-]+(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/, name);
  }
});

test('a comparison with the ledger that is on looks at the central bucket', () => {
  const { variables } = task('staging', { distributor: { settings: { RECONCILE_INTERVAL_SECONDS: '3600' } } });
  const { reconcileIntervalMs, reconcileBucket } = readSettings(variables);
  assert.equal(reconcileIntervalMs, 3_600_000);
  assert.match(reconcileBucket ?? '', /-logs-/);
  assert.equal(task('staging').variables.RECONCILE_BUCKET, undefined);
});

test('canaries that are on go to the central bucket', () => {
  const { variables } = task('staging', { distributor: { settings: { CANARY_INTERVAL_SECONDS: '300' } } });
  const { canaryIntervalMs, canaryBucket } = readSettings(variables);
  assert.equal(canaryIntervalMs, 300_000);
  assert.match(canaryBucket ?? '', /-logs-/);
  assert.equal(task('staging').variables.CANARY_BUCKET, undefined);
});

test('the service runs as nobody special on a root that it cannot write to', () => {
  const { service } = task('production');
  assert.equal(service.user, 'node');
  assert.equal(service.readonlyRootFilesystem, true);
  assert.deepEqual(service.linuxParameters, { initProcessEnabled: true, capabilities: { drop: ['ALL'] } });
});

test('the service starts after its collector, and so stops before it', () => {
  const { service } = task('production');
  assert.deepEqual(service.dependsOn, [{ containerName: 'collector', condition: 'START' }]);
});

test('traces bring the instrumentation, a place to put it, and the switch to load it; without them there is none of it', () => {
  const traced = task('staging', {
    distributor: { tracing: true, tracingImage: 'registry.example.com/instrumentation:1' },
  });
  assert.deepEqual(traced.volumes, ['instrumentation']);
  const options = traced.variables.NODE_OPTIONS ?? '';
  assert.match(options, / --require \/instrumentation\//);
  assert.equal(options.split(' --require ')[0], OF_THE_IMAGE.NODE_OPTIONS, 'it takes the place of what the image sets');
  assert.equal(
    traced.all.find(({ name }) => name === 'instrumentation')?.image,
    'registry.example.com/instrumentation:1',
  );
  const plain = task('staging');
  assert.deepEqual(plain.volumes, []);
  assert.ok(!JSON.stringify(plain.all).match(/instrumentation|NODE_OPTIONS|awsxray/));
});
