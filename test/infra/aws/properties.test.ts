import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tagsOf } from '../../../infra/app.ts';
import { configOf, type Overrides } from '../../../infra/config/config.ts';
import { ADDRESSES } from '../../../infra/deploy/kept-names.ts';
import { logTableOf } from '../../../infra/values/athena.ts';
import { backlogPerTask } from '../../../infra/values/backlog.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { layoutOf } from '../../../infra/values/object-layout.ts';
import { compileKeyTemplate } from '../../../service/core/object-key.ts';
import { MAX_RECEIVE_COUNT } from '../../../service/core/receives.ts';
import { type Resource, type Synthesis, synthesis } from '../support/synth.ts';

let production: Synthesis;
let plain: Synthesis;
let direct: Synthesis;
let existing: Synthesis;
let economy: Synthesis;

before(async () => {
  production = await synthesis('production', {
    writers: { principals: ['arn:aws:iam::111111111111:role/collector'], externalId: 'between-cluster-and-platform' },
    alerts: { emails: ['somebody@example.com'] },
    network: { metricsSources: ['10.0.0.0/16', 'sg-0a1b2c'] },
  });
  plain = await synthesis('staging', { encryptWithOwnKeys: false, storage: { intelligentTiering: true } });
  direct = await synthesis('development', { ingestion: { firehose: false } }, { imageTag: undefined });
  economy = await synthesis('economy');
  existing = await synthesis('staging', {
    network: { existing: { vpcId: 'vpc-1', privateSubnetIds: ['subnet-1', 'subnet-2'] } },
  });
});
after(async () => {
  for (const each of [production, plain, direct, existing, economy]) await each?.remove();
});

/** JSON that Terraform passes on as text. */
const parsed = (resource: Resource, attribute: string) => JSON.parse(String(resource[attribute]));
const one = <T = Resource>(value: unknown): T => (Array.isArray(value) ? value[0] : value) as T;

test('everything that keeps data is encrypted with a key of ours', () => {
  for (const queue of production.resources('aws_sqs_queue'))
    assert.match(String(queue.kms_master_key_id), /aws_kms_key/);
  for (const topic of production.resources('aws_sns_topic'))
    assert.match(String(topic.kms_master_key_id), /aws_kms_key/);
  for (const group of production.resources('aws_cloudwatch_log_group'))
    assert.match(String(group.kms_key_id), /aws_kms_key/);
  for (const table of production.resources('aws_dynamodb_table')) {
    const encryption = one(table.server_side_encryption);
    assert.equal(encryption.enabled, true);
    assert.match(String(encryption.kms_key_arn), /aws_kms_key/);
  }
  const rule = one(production.only('aws_s3_bucket_server_side_encryption_configuration').rule);
  assert.equal(rule.bucket_key_enabled, true);
  assert.equal(one(rule.apply_server_side_encryption_by_default).sse_algorithm, 'aws:kms');
  assert.equal(one(production.only('aws_ecr_repository').encryption_configuration).encryption_type, 'KMS');
  const stream = one(production.only('aws_kinesis_firehose_delivery_stream').server_side_encryption);
  assert.equal(stream.key_type, 'CUSTOMER_MANAGED_CMK');
  for (const key of production.resources('aws_kms_key')) assert.equal(key.enable_key_rotation, true);
});

test("with AWS's keys everything is encrypted all the same", () => {
  assert.deepEqual(plain.resources('aws_kms_key'), []);
  for (const queue of plain.resources('aws_sqs_queue')) assert.equal(queue.sqs_managed_sse_enabled, true);
  const rule = one(plain.only('aws_s3_bucket_server_side_encryption_configuration').rule);
  assert.equal(one(rule.apply_server_side_encryption_by_default).sse_algorithm, 'AES256');
  assert.equal(
    one(plain.only('aws_kinesis_firehose_delivery_stream').server_side_encryption).key_type,
    'AWS_OWNED_CMK',
  );
  assert.ok(!JSON.stringify(plain.resources('aws_iam_role_policy')).includes('kms:'));
});

test('the bucket is private, versioned, owned by us alone, and kept where it is production', () => {
  const block = production.only('aws_s3_bucket_public_access_block');
  for (const name of ['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets']) {
    assert.equal(block[name], true, name);
  }
  assert.equal(one(production.only('aws_s3_bucket_versioning').versioning_configuration).status, 'Enabled');
  assert.equal(one(production.only('aws_s3_bucket_ownership_controls').rule).object_ownership, 'BucketOwnerEnforced');
  assert.equal(production.only('aws_s3_bucket').force_destroy, false);
  assert.equal(plain.only('aws_s3_bucket').force_destroy, true);
  for (const table of production.resources('aws_dynamodb_table')) assert.equal(table.deletion_protection_enabled, true);
});

test('production keeps its keys, tables and bucket whatever is planned; elsewhere they can go', () => {
  for (const [type, count] of [
    ['aws_kms_key', 3],
    ['aws_dynamodb_table', 2],
    ['aws_s3_bucket', 1],
  ] as const) {
    const kept = production.resources(type);
    assert.equal(kept.length, count, type);
    for (const { lifecycle } of kept) assert.deepEqual(lifecycle, { prevent_destroy: true }, type);
    for (const { lifecycle } of existing.resources(type)) assert.equal(lifecycle, undefined, type);
  }
});

test('every table and role whose name can be kept stands where its old name is looked for', () => {
  const addresses = production.addresses.filter((address) => /^aws_(dynamodb_table|iam_role)\./.test(address));
  const found = Object.values(ADDRESSES).map((prefix) => addresses.filter((address) => address.startsWith(prefix)));
  for (const [at, matches] of found.entries()) assert.equal(matches.length, 1, String(Object.keys(ADDRESSES)[at]));
  assert.equal(new Set(found.flat()).size, addresses.length);
});

test('budget and anomaly monitor look at this deployment alone, by a tag that everything has', () => {
  const monitor = production.only('aws_ce_anomaly_monitor');
  assert.deepEqual(parsed(monitor, 'monitor_specification').Tags, {
    Key: 'Deployment',
    Values: ['log-distributor-production-us-east-1'],
    MatchOptions: ['EQUALS'],
  });
  assert.deepEqual(production.only('aws_budgets_budget').cost_filter, [
    { name: 'TagKeyValue', values: ['user:Deployment$log-distributor-production-us-east-1'] },
  ]);
  assert.equal(tagsOf(configOf('production')).Deployment, 'log-distributor-production-us-east-1');
});

test('budget and anomaly detection can be left out, each by itself', async (t) => {
  const spendingOf = async (budget: Overrides['budget']) => {
    const it = await synthesis('staging', { budget });
    t.after(() => it.remove());
    return it.types.filter((type) => /^aws_(budgets|ce)_/.test(type)).sort();
  };
  const detection = ['aws_ce_anomaly_monitor', 'aws_ce_anomaly_subscription'];
  assert.deepEqual(await spendingOf({}), ['aws_budgets_budget', ...detection]);
  assert.deepEqual(await spendingOf({ monthlyUsd: null }), detection);
  assert.deepEqual(await spendingOf({ anomalyUsd: null }), ['aws_budgets_budget']);
  assert.deepEqual(await spendingOf({ monthlyUsd: null, anomalyUsd: null }), []);
});

interface Rule {
  readonly id: string;
  readonly filter: readonly {
    readonly prefix?: string;
    readonly and?: readonly { readonly prefix: string; readonly object_size_greater_than: number }[];
  }[];
  readonly transition?: readonly { readonly days: number; readonly storage_class: string }[];
  readonly expiration: readonly { readonly days?: number }[];
  readonly abort_incomplete_multipart_upload?: readonly { readonly days_after_initiation: number }[];
}
const rulesOf = (it: Synthesis) => it.only('aws_s3_bucket_lifecycle_configuration').rule as readonly Rule[];

test('logs move through the classes and go; quarantine and errors go on their own days; nothing is left over', () => {
  const config = configOf('production');
  const rules = rulesOf(production);
  const rule = (id: string) => rules.find((it) => it.id === id);
  assert.deepEqual(rule('move-logs')?.transition, [
    { days: 30, storage_class: 'STANDARD_IA' },
    { days: 90, storage_class: 'GLACIER' },
    { days: 365, storage_class: 'DEEP_ARCHIVE' },
  ]);
  assert.deepEqual(rule('move-logs')?.filter[0]?.and, [{ prefix: 'logs/', object_size_greater_than: 128 * 1024 }]);
  assert.equal(rule('logs')?.expiration[0]?.days, 2555);
  assert.equal(rule('logs')?.filter[0]?.prefix, 'logs/');
  assert.equal(rule('quarantine')?.filter[0]?.prefix, config.quarantinePrefix);
  assert.equal(rule('quarantine')?.expiration[0]?.days, config.storage.quarantineRetentionDays);
  assert.equal(rule('without-tenant')?.expiration[0]?.days, config.storage.quarantineRetentionDays);
  assert.equal(rule('firehose-errors')?.expiration[0]?.days, config.storage.firehoseErrorRetentionDays);
  assert.equal(rule('leftovers')?.abort_incomplete_multipart_upload?.[0]?.days_after_initiation, 7);
});

test('intelligent tiering takes the place of the three transitions', () => {
  assert.deepEqual(rulesOf(plain).find(({ id }) => id === 'move-logs')?.transition, [
    { days: 0, storage_class: 'INTELLIGENT_TIERING' },
  ]);
  assert.equal(plain.resources('aws_s3_bucket_intelligent_tiering_configuration').length, 1);
  assert.equal(production.resources('aws_s3_bucket_intelligent_tiering_configuration').length, 0);
});

test('objects under the literal prefix of the key template are announced, and only those', () => {
  const { objectKeyTemplate, quarantinePrefix } = configOf('production');
  const topic = one(production.only('aws_s3_bucket_notification').topic);
  const prefix = String(topic.filter_prefix);
  assert.ok(compileKeyTemplate(objectKeyTemplate).literalPrefix.startsWith(prefix));
  assert.ok(!quarantinePrefix.startsWith(prefix));
  assert.deepEqual(topic.events, ['s3:ObjectCreated:*']);
});

test('a message that kills its process ends in the dead-letter queue, and so does one that SNS cannot deliver', () => {
  const queues = production.resources('aws_sqs_queue');
  const queue = queues.find((it) => it.name === 'log-distributor-production-delivery');
  const deadLetters = queues.find((it) => it.name === 'log-distributor-production-delivery-dlq');
  assert.ok(queue && deadLetters);
  const redrive = parsed(queue, 'redrive_policy');
  assert.equal(redrive.maxReceiveCount, MAX_RECEIVE_COUNT);
  assert.match(redrive.deadLetterTargetArn, /dead-letters/);
  assert.equal(queue.message_retention_seconds, 14 * 86_400);
  assert.equal(deadLetters.message_retention_seconds, 14 * 86_400);
  // A dead letter is a message of the queue: neither may be smaller than the other.
  assert.equal(queue.max_message_size, deadLetters.max_message_size);
  const subscription = production.resources('aws_sns_topic_subscription').find(({ protocol }) => protocol === 'sqs');
  assert.ok(subscription);
  assert.match(parsed(subscription, 'redrive_policy').deadLetterTargetArn, /dead-letters/);
  // Its policy lets SNS, or the redrive would be refused as well.
  for (const it of queues) assert.match(String(it.policy), /sns\.amazonaws\.com/);
});

test('the tables have the keys, the TTL and the recovery that the service counts on', () => {
  const tables = new Map(production.resources('aws_dynamodb_table').map((table) => [table.name, table]));
  const tenants = tables.get('log-distributor-production-tenant-configurations');
  const ledger = tables.get('log-distributor-production-delivery-ledger');
  assert.deepEqual([tenants?.hash_key, tenants?.range_key], ['tenant_id', 'type']);
  assert.deepEqual([ledger?.hash_key, ledger?.range_key], ['object', 'delivery']);
  assert.deepEqual(ledger?.ttl, { attribute_name: 'expires_at', enabled: true });
  for (const table of tables.values()) {
    assert.equal(table.billing_mode, 'PAY_PER_REQUEST');
    assert.deepEqual(table.point_in_time_recovery, { enabled: true });
  }
});

test('the table that Athena queries is the one of infra/values/athena.ts, with and without Firehose', () => {
  for (const [it, config] of [
    [production, configOf('production')],
    [direct, configOf('development', { ingestion: { firehose: false } })],
  ] as const) {
    const table = it.only('aws_glue_catalog_table');
    const wanted = logTableOf(config, namesOf(config, it.place), layoutOf(config));
    const storage = one(table.storage_descriptor);
    assert.deepEqual(storage.columns, wanted.columns);
    assert.equal(one(storage.ser_de_info).serialization_library, wanted.serializationLibrary);
    assert.equal(storage.input_format, wanted.inputFormat);
    assert.equal(storage.location, wanted.location);
    assert.deepEqual(table.partition_keys, wanted.partitionKeys);
    // Terraform makes `${` of `$${`.
    const text = JSON.stringify(table.parameters).replaceAll('$${', '${');
    assert.deepEqual(JSON.parse(text), wanted.parameters);
    assert.doesNotMatch(JSON.stringify(table.parameters), /(?<!\$)\$\{(year|tenant_id)/);
  }
});

test('Firehose converts into blocks of 64 MiB', () => {
  const s3 = one(production.only('aws_kinesis_firehose_delivery_stream').extended_s3_configuration);
  assert.deepEqual([s3.buffering_size, s3.buffering_interval, s3.compression_format], [128, 900, 'UNCOMPRESSED']);
  const conversion = JSON.stringify(s3.data_format_conversion_configuration);
  assert.match(conversion, /"block_size_bytes":67108864/);
  assert.match(conversion, /"compression":"SNAPPY"/);
  assert.match(String(s3.prefix), /^logs\/tenant_id=!\{partitionKeyFromQuery:customer_tenant\}\//);
  assert.equal(one(s3.dynamic_partitioning_configuration).enabled, true);
  assert.equal(one(s3.cloudwatch_logging_options).enabled, true);
});

test('Firehose parts records that hold several lines only where the settings say so, and before it reads a partition', async () => {
  const processorsOf = (it: Synthesis) => {
    const s3 = one(it.only('aws_kinesis_firehose_delivery_stream').extended_s3_configuration);
    const { processors } = one<{ processors: readonly Resource[] }>(s3.processing_configuration);
    return processors.map(({ type, parameters }) => [
      type,
      (parameters as readonly Resource[]).map(({ parameter_name, parameter_value }) => [
        parameter_name,
        parameter_value,
      ]),
    ]);
  };
  const extraction = processorsOf(production);
  assert.deepEqual(
    extraction.map(([type]) => type),
    ['MetadataExtraction'],
  );
  const packed = await synthesis('production', { ingestion: { deaggregate: true } });
  try {
    assert.deepEqual(processorsOf(packed), [['RecordDeAggregation', [['SubRecordType', 'JSON']]], ...extraction]);
  } finally {
    await packed.remove();
  }
});

test('without Firehose there is no stream and no role for it', () => {
  for (const type of direct.types) assert.ok(!/firehose/.test(type), type);
  assert.ok(!JSON.stringify(direct.resources('aws_iam_role')).includes('firehose'));
});

test('the service runs on ARM in private subnets without an address, deploys with a breaker, and is scaled by others', () => {
  const service = production.only('aws_ecs_service');
  const task = production.only('aws_ecs_task_definition');
  assert.equal(one(task.runtime_platform).cpu_architecture, 'ARM64');
  assert.deepEqual(service.deployment_circuit_breaker, { enable: true, rollback: true });
  assert.deepEqual(service.lifecycle, { ignore_changes: ['desired_count'] });
  const network = one<{ assign_public_ip: boolean; subnets: string[] }>(service.network_configuration);
  assert.equal(network.assign_public_ip, false);
  assert.equal(network.subnets.length, 3);
  for (const subnet of network.subnets) assert.match(subnet, /private/);
});

test('the least number of tasks is on demand, and most of the others on Spot', () => {
  assert.deepEqual(production.only('aws_ecs_service').capacity_provider_strategy, [
    { base: 3, capacity_provider: 'FARGATE', weight: 25 },
    { capacity_provider: 'FARGATE_SPOT', weight: 75 },
  ]);
});

test('tasks follow the messages that wait for capacity, and the age of the oldest of them', () => {
  const config = configOf('production');
  const names = namesOf(config, { partition: 'aws', region: config.region, accountId: '' });
  const policies = production.resources('aws_appautoscaling_policy');
  const backlog = policies.find((policy) => policy.policy_type === 'TargetTrackingScaling');
  const tracking = JSON.stringify(backlog?.target_tracking_scaling_policy_configuration);
  assert.match(tracking, /ApproximateNumberOfMessagesVisible/);
  assert.match(tracking, /RunningTaskCount/);
  assert.match(tracking, /log_distributor_workable_messages/);
  assert.match(tracking, /log_distributor_saturated/);
  for (const metric of backlogPerTask(config, names)) {
    if ('expression' in metric) assert.ok(tracking.includes(JSON.stringify(metric.expression)), metric.id);
  }
  assert.equal(policies.filter((policy) => policy.policy_type === 'StepScaling').length, 1);
  const alarm = production
    .resources('aws_cloudwatch_metric_alarm')
    .find((it) => it.metric_name === 'log_distributor_workable_oldest_age_seconds');
  assert.match(String(alarm?.alarm_actions), /aws_appautoscaling_policy/);
});

test('before there is an image everything is there but the service and its scaling', () => {
  assert.deepEqual(direct.resources('aws_ecs_service'), []);
  assert.deepEqual(direct.resources('aws_appautoscaling_target'), []);
  assert.equal(direct.resources('aws_ecs_task_definition').length, 1);
  const silent = (it: Synthesis) =>
    JSON.stringify(it.resources('aws_cloudwatch_metric_alarm')).includes('distributor-silent');
  assert.deepEqual([silent(direct), silent(production)], [false, true]);
});

test('tasks let nobody in but scrapes of the metrics port from where the settings say', () => {
  const rules = production.resources('aws_vpc_security_group_ingress_rule');
  const scrapes = rules.filter((rule) => rule.from_port === 8080);
  assert.deepEqual(
    scrapes.map((rule) => rule.cidr_ipv4 ?? rule.referenced_security_group_id),
    ['10.0.0.0/16', 'sg-0a1b2c'],
  );
  for (const rule of rules) assert.notEqual(rule.cidr_ipv4, '0.0.0.0/0');
  const others = plain.resources('aws_vpc_security_group_ingress_rule');
  assert.deepEqual(others, []);
  for (const rule of production.resources('aws_vpc_security_group_egress_rule')) {
    assert.deepEqual([rule.from_port, rule.to_port], [443, 443]);
  }
});

test('a VPC of our own has its endpoints; one that exists is left alone', () => {
  const kinds = production.resources('aws_vpc_endpoint').map((endpoint) => endpoint.vpc_endpoint_type);
  assert.equal(kinds.filter((kind) => kind === 'Gateway').length, 2);
  assert.equal(kinds.filter((kind) => kind === 'Interface').length, 7);
  assert.equal(plain.resources('aws_vpc_endpoint').length, 2);
  for (const type of ['aws_vpc', 'aws_subnet', 'aws_nat_gateway', 'aws_vpc_endpoint']) {
    assert.deepEqual(existing.resources(type), [], type);
  }
  assert.deepEqual(one(existing.only('aws_ecs_service').network_configuration).subnets, ['subnet-1', 'subnet-2']);
});

test('an image that is tagged stays what it is', () => {
  assert.equal(production.only('aws_ecr_repository').image_tag_mutability, 'IMMUTABLE');
  assert.equal(one(production.only('aws_ecr_repository').image_scanning_configuration).scan_on_push, true);
});

test('every alarm says what happened and tells the alerts topic', () => {
  const alarms = production
    .resources('aws_cloudwatch_metric_alarm')
    .filter((alarm) => !String(alarm.alarm_name).includes('scale-out'));
  assert.ok(alarms.length >= 15, String(alarms.length));
  for (const alarm of alarms) {
    assert.match(String(alarm.alarm_actions), /aws_sns_topic/, String(alarm.alarm_name));
    assert.ok(String(alarm.alarm_description).length > 40, String(alarm.alarm_name));
  }
});

test('the budget warns of what was spent and of what will be', () => {
  const notifications = production.only('aws_budgets_budget').notification as readonly Resource[];
  assert.deepEqual(
    notifications.map((it) => [it.threshold, it.notification_type]),
    [
      [80, 'ACTUAL'],
      [100, 'ACTUAL'],
      [120, 'FORECASTED'],
    ],
  );
  assert.equal(production.resources('aws_ce_anomaly_subscription').length, 1);
});

test('roles have one inline policy each and no managed ones', () => {
  assert.equal(production.resources('aws_iam_role').length, production.resources('aws_iam_role_policy').length);
  for (const type of production.types) assert.ok(!/policy_attachment/.test(type), type);
});

test("the task role's name is fixed, as it stands in customers' trust policies", () => {
  const names = production.resources('aws_iam_role').map((role) => role.name);
  assert.ok(names.includes('log-distributor-production-us-east-1-task'), names.join(', '));
});

test('without NAT, tasks have public addresses, and nothing lets anybody reach them', () => {
  assert.equal(economy.resources('aws_nat_gateway').length, 0);
  assert.equal(economy.resources('aws_eip').length, 0);
  const service = economy.only('aws_ecs_service');
  assert.equal(one(service.network_configuration).assign_public_ip, true);
  assert.deepEqual(service.capacity_provider_strategy, [{ capacity_provider: 'FARGATE_SPOT', weight: 1 }]);
  assert.deepEqual(economy.resources('aws_vpc_security_group_ingress_rule'), []);
  // S3 and DynamoDB by the gateway endpoints; nothing that costs by the hour.
  assert.deepEqual(
    economy.resources('aws_vpc_endpoint').map(({ vpc_endpoint_type }) => vpc_endpoint_type),
    ['Gateway', 'Gateway'],
  );
  assert.equal(economy.resources('aws_network_acl').length, 2);
  assert.equal(one(plain.only('aws_ecs_service').network_configuration).assign_public_ip, false);
});

test('one task needs no autoscaling, and nobody pays for counting it', () => {
  assert.equal(economy.resources('aws_appautoscaling_policy').length, 0);
  assert.deepEqual(economy.only('aws_ecs_cluster').setting, [{ name: 'containerInsights', value: 'disabled' }]);
  assert.equal(economy.resources('aws_cloudwatch_dashboard').length, 0);
  assert.ok(economy.resources('aws_cloudwatch_metric_alarm').length < 15);
});
