import { readSettings, SETTING_NAMES, SettingsError } from '../service/base/settings.ts';
import { MESSAGE_DAYS_MAX, RETENTION_DAYS } from '../service/core/limits.ts';
import { hasRegion } from '../service/core/partition.ts';
import { MAX_RECEIVE_COUNT_MIN } from '../service/core/receives.ts';
import type { Config } from './config.ts';
import { namesOf } from './names.ts';
import { literalFolderOf } from './object-layout.ts';
import { eventBytesMax, PARTITIONS, partitionOfRegion } from './partition.ts';
import { RECORD_COLUMNS } from './record.ts';
import { remoteWriteWorkspace } from './remote-write.ts';
import { deploymentSettings, serviceEnvironment } from './service-environment.ts';

/** Memory in MB that Fargate has for each size of CPU: from, to, step (ECS developer guide, "Task size"). */
const FARGATE_MEMORY: Readonly<Record<number, readonly [from: number, to: number, step: number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};

/**
 * Everything that is wrong with settings, each `name: rule (got value)`. Checked before anything is synthesized: what
 * AWS would refuse after minutes is told in a second.
 */
export function problemsOf(config: Config): readonly string[] {
  const problems: string[] = [];
  const rule = (name: string, holds: boolean, text: string, got: unknown) => {
    if (!holds) problems.push(`${name}: ${text} (got ${JSON.stringify(got) ?? 'nothing'})`);
  };
  const between = (name: string, value: number, least: number, most: number) =>
    rule(
      name,
      Number.isInteger(value) && value >= least && value <= most,
      `must be a whole number from ${least} to ${most}`,
      value,
    );

  rule(
    'environment',
    /^[a-z][a-z0-9]{0,11}$/.test(config.environment),
    'must be 1 to 12 of a-z0-9 and begin with a letter',
    config.environment,
  );
  const { accessLogBucket } = namesOf(config, { partition: 'aws', region: config.region, accountId: '0'.repeat(12) });
  rule(
    'project',
    /^[a-z][a-z0-9-]*$/.test(config.project),
    'must be of a-z0-9- and begin with a letter',
    config.project,
  );
  rule(
    'project',
    accessLogBucket.length <= 63,
    'must be shorter: a bucket has a name of at most 63 characters',
    accessLogBucket,
  );
  const known = PARTITIONS.some((partition) => hasRegion(partition, config.region));
  rule('region', known, `must be a region of ${PARTITIONS.join(', ')}`, config.region);
  rule(
    'accountId',
    config.accountId === undefined || /^\d{12}$/.test(config.accountId),
    'must be 12 digits',
    config.accountId,
  );
  checkKeyTemplate(config, rule);

  between('ingestion.bufferSizeMb', config.ingestion.bufferSizeMb, 64, 128);
  between('ingestion.bufferIntervalSeconds', config.ingestion.bufferIntervalSeconds, 60, 900);
  between('ingestion.parquetBlockMb', config.ingestion.parquetBlockMb, 64, 256);
  checkPartitionValues(config, rule);
  checkStorage(config, rule);

  between('queue.retentionDays', config.queue.retentionDays, 1, MESSAGE_DAYS_MAX);
  // With fewer SQS would move messages without a reason, before the service gives them up with one.
  between('queue.maxReceiveCount', config.queue.maxReceiveCount, MAX_RECEIVE_COUNT_MIN, 1000);

  const { distributor, network } = config;
  const [from, to, step] = FARGATE_MEMORY[distributor.cpuUnits] ?? [];
  rule(
    'distributor.cpuUnits',
    from !== undefined,
    `must be one of ${Object.keys(FARGATE_MEMORY).join(', ')}`,
    distributor.cpuUnits,
  );
  if (from !== undefined && to !== undefined && step !== undefined) {
    const fits = distributor.memoryMb >= from && distributor.memoryMb <= to && distributor.memoryMb % step === 0;
    rule(
      'distributor.memoryMb',
      fits,
      `must be ${from} to ${to} in steps of ${step} with ${distributor.cpuUnits} CPU units`,
      distributor.memoryMb,
    );
  }
  between('distributor.tasksMin', distributor.tasksMin, 1, 1000);
  between('distributor.tasksMax', distributor.tasksMax, distributor.tasksMin, 1000);
  between('distributor.spotPercent', distributor.spotPercent, 0, 100);
  between('distributor.backlogPerTask', distributor.backlogPerTask, 1, 100_000);
  rule(
    'distributor.logRetentionDays',
    RETENTION_DAYS.includes(distributor.logRetentionDays),
    `must be one of ${RETENTION_DAYS.join(', ')}`,
    distributor.logRetentionDays,
  );
  if (known) checkSettings(config, rule);
  checkIam(config, rule);
  checkImages(config, rule);
  const { prometheusRemoteWriteUrl } = distributor;
  rule(
    'distributor.prometheusRemoteWriteUrl',
    prometheusRemoteWriteUrl === undefined || remoteWriteWorkspace(prometheusRemoteWriteUrl) !== undefined,
    'must be https://aps-workspaces.REGION.amazonaws.com/workspaces/ws-ID/api/v1/remote_write',
    prometheusRemoteWriteUrl,
  );

  between('network.availabilityZones', network.availabilityZones, 2, 3);
  const { flowLogRetentionDays } = network;
  rule(
    'network.flowLogRetentionDays',
    flowLogRetentionDays === null || RETENTION_DAYS.includes(flowLogRetentionDays),
    `must be null or one of ${RETENTION_DAYS.join(', ')}`,
    flowLogRetentionDays,
  );
  between('network.natGateways', network.natGateways, 1, network.availabilityZones);
  rule(
    'network.existing',
    network.existing === undefined || network.existing.privateSubnetIds.length >= 2,
    'must have at least two private subnets',
    network.existing,
  );
  const source = /^(sg-[0-9a-f]+|\d+\.\d+\.\d+\.\d+\/\d+)$/;
  rule(
    'network.metricsSources',
    network.metricsSources.every((text) => source.test(text) && text !== '0.0.0.0/0'),
    'must be CIDR blocks, but not the whole world, or ids of security groups',
    network.metricsSources,
  );
  rule(
    'writers.externalId',
    config.writers.principals.length === 0 || /^[\w+=,.@:/-]{2,1224}$/.test(config.writers.externalId ?? ''),
    'must be set, with 2 to 1224 characters of a-zA-Z0-9_+=,.@:/-, when writers.principals names somebody',
    config.writers.externalId,
  );
  rule(
    'budget.alertPercents',
    config.budget.alertPercents.length <= 5,
    'must be at most five',
    config.budget.alertPercents,
  );
  return problems;
}

type Rule = (name: string, holds: boolean, text: string, got: unknown) => void;

function checkIam({ iam }: Config, rule: Rule): void {
  // IAM API reference, CreateRole; a name of a role is at most 64 characters beside it.
  rule(
    'iam.path',
    /^\/([!-.0-~]+\/)*$/.test(iam.path) && iam.path.length <= 512,
    'must begin and end with / and have at most 512 characters',
    iam.path,
  );
  rule(
    'iam.permissionsBoundary',
    iam.permissionsBoundary === undefined ||
      /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/.+$/.test(iam.permissionsBoundary),
    'must be the ARN of an IAM policy',
    iam.permissionsBoundary,
  );
}

/** `latest` and a name without a tag are another image tomorrow. */
function checkImages({ distributor }: Config, rule: Rule): void {
  for (const name of ['collectorImage', 'tracingImage'] as const) {
    const image = distributor[name];
    const pinned = /^[^\s@]+(@sha256:[0-9a-f]{64}|:(?!latest$)[\w.-]{1,128})$/.test(image);
    rule(`distributor.${name}`, pinned, 'must end with a tag other than latest, or with @sha256: and 64 digits', image);
  }
}

/** Firehose can only write what it can read off a record, and a notification filter must not see the quarantine. */
function checkKeyTemplate({ objectKeyTemplate, quarantinePrefix, ingestion }: Config, rule: Rule): void {
  try {
    const folder = literalFolderOf(objectKeyTemplate);
    rule('objectKeyTemplate', folder !== '', 'must begin with a literal folder such as logs/', objectKeyTemplate);
    rule(
      'quarantinePrefix',
      folder === '' || !quarantinePrefix.startsWith(folder),
      `must not lie under ${folder}`,
      quarantinePrefix,
    );
  } catch (error) {
    rule('objectKeyTemplate', false, error instanceof Error ? error.message : String(error), objectKeyTemplate);
  }
  if (!ingestion.firehose) return;
  const placeholders = [...objectKeyTemplate.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const strange = placeholders.filter(
    (name) => name !== 'tenant_id' && !RECORD_COLUMNS.some((column) => column.name === name),
  );
  rule(
    'objectKeyTemplate',
    strange.length === 0,
    'must hold only top-level fields of a record when Firehose writes',
    strange,
  );
}

/** Athena splits the list at commas and replaces the value into a prefix as it is. */
function checkPartitionValues({ objectKeyTemplate, ingestion }: Config, rule: Rule): void {
  for (const [placeholder, values] of Object.entries(ingestion.partitionValues)) {
    const name = `ingestion.partitionValues.${placeholder}`;
    rule(
      name,
      objectKeyTemplate.includes(`{${placeholder}}`),
      'must be a placeholder of objectKeyTemplate',
      placeholder,
    );
    rule(
      name,
      values.length > 0 && values.every((value) => /^[^,/\s]+$/.test(value)),
      'must be values without commas, slashes and spaces',
      values,
    );
  }
}

/**
 * The service must start with what its container is given, and not be told another thing than the resources around it: a port that
 * nobody opens, a grace that ends after the task.
 */
function checkSettings(config: Config, rule: Rule): void {
  const given = Object.keys(config.distributor.settings);
  const unknown = given.filter((name) => !SETTING_NAMES.some((known) => known === name));
  rule('distributor.settings', unknown.length === 0, 'must name settings of the service', unknown);
  const partition = partitionOfRegion(config.region);
  const names = namesOf(config, { partition, region: config.region, accountId: '0'.repeat(12) });
  const urls = { queue: 'https://queue.invalid/queue', deadLetterQueue: 'https://queue.invalid/dead-letters' };
  const fixed = deploymentSettings(config, names, urls);
  const taken = given.filter((name) => name in fixed);
  rule('distributor.settings', taken.length === 0, 'must not name what follows from other settings here', taken);
  try {
    const {
      requestTimeoutMs,
      shutdownGraceMs,
      eventBytesMax: eventBytes,
    } = readSettings(serviceEnvironment(config, names, urls));
    const eventBytesLimit = eventBytesMax({ partition });
    rule(
      'distributor.settings',
      eventBytesLimit === undefined || eventBytes <= eventBytesLimit,
      `EVENT_BYTES_MAX must be at most ${eventBytesLimit} in ${config.region}`,
      eventBytes,
    );
    rule(
      'distributor.settings',
      requestTimeoutMs < shutdownGraceMs,
      `REQUEST_TIMEOUT_SECONDS must be less than the ${shutdownGraceMs / 1000} that a task has to drain`,
      requestTimeoutMs / 1000,
    );
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    // What has a rule of its own here is told once, by the name that it has here.
    const problems = error.problems.filter((problem) => !RULED.test(problem));
    rule('distributor.settings', problems.length === 0, 'the service must start with its settings', problems);
  }
}

const RULED = /^(AWS_REGION|OBJECT_KEY_TEMPLATE|QUARANTINE_PREFIX): /;

function checkStorage({ storage }: Config, rule: Rule): void {
  const { accessLogRetentionDays } = storage;
  rule(
    'storage.accessLogRetentionDays',
    accessLogRetentionDays === null || (Number.isInteger(accessLogRetentionDays) && accessLogRetentionDays >= 1),
    'must be null or a whole number from 1',
    accessLogRetentionDays,
  );
  const { infrequentAccessDays, glacierDays, deepArchiveDays, retentionDays } = storage;
  const stages = [infrequentAccessDays, glacierDays, deepArchiveDays, retentionDays].filter((days) => days !== null);
  const growing = stages.every((days, at) => at === 0 || days > (stages[at - 1] ?? 0));
  rule('storage', growing, 'the days must grow: infrequentAccess, glacier, deepArchive, retention', stages);
  // S3 refuses a transition to Standard-IA before 30 days (S3 user guide, "Lifecycle transitions").
  rule(
    'storage.infrequentAccessDays',
    infrequentAccessDays === null || infrequentAccessDays >= 30,
    'must be at least 30',
    infrequentAccessDays,
  );
  // The queue can bring a message back for so long; its object must still be there.
  rule(
    'storage.retentionDays',
    retentionDays >= MESSAGE_DAYS_MAX,
    `must be at least ${MESSAGE_DAYS_MAX}`,
    retentionDays,
  );
}
