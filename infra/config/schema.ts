import { z } from 'zod';
import { readSettings } from '../../service/base/settings.ts';
import { MESSAGE_DAYS_MAX, RETENTION_DAYS } from '../../service/core/limits.ts';
import { hasRegion } from '../../service/core/partition.ts';
import { MAX_RECEIVE_COUNT, MAX_RECEIVE_COUNT_MIN } from '../../service/core/receives.ts';
import { PARTITIONS } from '../values/partition.ts';
import { KMS_KEY, RECEIPT_KEY_SPECS } from '../values/receipt-key.ts';
import { remoteWriteWorkspace } from '../values/remote-write.ts';
import {
  accountId,
  anyWholeNumber,
  arnOfPrincipal,
  cidrBlock,
  email,
  flag,
  group,
  httpsUrl,
  image,
  kubernetesName,
  list,
  oneOf,
  text,
  wholeNumber,
} from './values.ts';

/**
 * The schema of the infrastructure's settings: names, units, defaults, and the rule of each by itself. Rules of several
 * settings together are in config-rules.ts. Whatever a person writes into a configuration file is read by this.
 */

/** The service's own defaults; the queue names are what it needs to be asked at all. */
const SERVICE = readSettings({ SQS_QUEUE_URL: 'https://sqs/queue', DLQ_URL: 'https://sqs/dead-letters' });

export const DEFAULT_REGION = SERVICE.region;
export const DEFAULT_PROJECT = 'log-distributor';

const DAYS_MAX = 36_500;
const days = wholeNumber(1, DAYS_MAX);
/** S3 refuses a transition to Standard-IA before 30 days (S3 user guide, "Lifecycle transitions"). */
const INFREQUENT_ACCESS_DAYS_MIN = 30;
const USD_MAX = 10_000_000;

const REGION_RULE = `must be an AWS region of ${PARTITIONS.join(', ')}`;
const REMOTE_WRITE_RULE = 'must be https://aps-workspaces.REGION.amazonaws.com/workspaces/ws-ID/api/v1/remote_write';

const tableName = text(/^[a-zA-Z0-9_.-]{3,255}$/, 'must be the name of a DynamoDB table (3 to 255 of a-zA-Z0-9_.-)');
const roleName = text(/^[\w+=,.@-]{1,64}$/, 'must be the name of an IAM role (1 to 64 of a-zA-Z0-9_+=,.@-)');

/** Names that are not made from project, environment and region: what an older version, or somebody else, has made. */
export const NAMES = {
  tenantTable: tableName.optional(),
  ledgerTable: tableName.optional(),
  /** The role that customers trust. */
  taskRole: roleName.optional(),
  executionRole: roleName.optional(),
  firehoseRole: roleName.optional(),
  /** The role that Vector assumes. */
  writerRole: roleName.optional(),
  /** Namespace of the service's metrics in CloudWatch. */
  metricsNamespace: text(
    /^(?!AWS\/)[\w./#:-]{1,255}$/,
    'must be a namespace of CloudWatch metrics (1 to 255 of a-zA-Z0-9_./#:-, not under AWS/)',
  ).optional(),
};

/** What many organizations demand of every role. */
export const IAM = {
  /** Path of all roles. A change makes the roles anew, under other ARNs, which customers trust. */
  path: text(
    /^(?=.{1,512}$)\/([!-.0-~]+\/)*$/,
    'must begin and end with / and have at most 512 characters, such as /platform/logs/',
  ).default('/'),
  /** The policy that bounds all roles; left out: none. */
  permissionsBoundary: text(
    /^arn:aws(-[a-z-]+)?:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
    'must be the ARN of an IAM policy',
  ).optional(),
};

export const INGESTION = {
  /** false: Vector writes gzip NDJSON to S3 by itself. docs/guide/cost.md says when that costs less. */
  firehose: flag.default(true),
  /** 64 to 128 MB with dynamic partitioning (Firehose developer guide, "Buffering hints"). */
  bufferSizeMb: wholeNumber(64, 128).default(128),
  /** How old a line may get before its object is written: the largest part of the delivery lag. */
  bufferIntervalSeconds: wholeNumber(60, 900).default(900),
  /** 64 MiB is the least there is: the smaller a row group, the less memory a reader needs. */
  parquetBlockMb: wholeNumber(64, 256).default(64),
  /** Whether collectors pack many lines into a record (k8s/vector/overlays/firehose-aggregated), which Firehose parts again. */
  deaggregate: flag.default(false),
  /**
   * For Athena: the values that a placeholder of the key template can have, such as `cluster_id: [c-1, c-2]`. A query must name a
   * value of each placeholder that is not here (docs/guide/athena.md).
   */
  partitionValues: z
    .record(
      z.string(),
      list(text(/^[^,/\s]+$/, 'must be a value without commas, slashes and spaces'), { least: 1 }),
      'must be lists of values by placeholder',
    )
    .readonly()
    .default({}),
};

export const STORAGE = {
  /** Days after which an object moves on; null skips the class. */
  infrequentAccessDays: wholeNumber(INFREQUENT_ACCESS_DAYS_MIN, DAYS_MAX).nullable().default(30),
  glacierDays: days.nullable().default(90),
  deepArchiveDays: days.nullable().default(365),
  /** The queue can bring a message back for so long as SQS keeps it; its object must still be there. */
  retentionDays: wholeNumber(MESSAGE_DAYS_MAX, DAYS_MAX).default(2555),
  /**
   * Only larger objects move on: each move is paid by the object (S3 pricing), so a small one pays more for it than it saves. S3's own
   * limit by default (S3 user guide, "Lifecycle transitions"). docs/guide/cost.md has the break-even.
   */
  transitionAboveBytes: wholeNumber(0, 5 * 1024 ** 3).default(128 * 1024),
  /** In place of the three transitions: S3 moves objects by how they are read. */
  intelligentTiering: flag.default(false),
  /** Of the quarantine, and of records without a tenant. */
  quarantineRetentionDays: days.default(90),
  /** What Firehose could not partition or convert. */
  firehoseErrorRetentionDays: days.default(30),
  /** How long an overwritten or deleted version can be brought back. */
  noncurrentVersionDays: days.default(30),
  /** Days to keep S3's access log of the bucket, in a bucket of its own; null: no access log. */
  accessLogRetentionDays: days.nullable().default(null),
  /** Days until parts of an upload that never ended are dropped. */
  abortUploadDays: days.default(7),
};

export const QUEUE = {
  retentionDays: wholeNumber(1, MESSAGE_DAYS_MAX).default(MESSAGE_DAYS_MAX),
  /** For messages that kill their process. With fewer, SQS would move messages before the service gives them up with a reason. */
  maxReceiveCount: wholeNumber(MAX_RECEIVE_COUNT_MIN, 1000).default(MAX_RECEIVE_COUNT),
  /** The service's own schema has its bounds. */
  visibilityTimeoutSeconds: anyWholeNumber.default(SERVICE.visibilityTimeoutSeconds),
};

export const DISTRIBUTOR = {
  /** Fargate's CPU units: 1024 are one vCPU. */
  cpuUnits: wholeNumber(256, 16_384).default(2048),
  memoryMb: wholeNumber(512, 122_880).default(4096),
  tasksMin: wholeNumber(1, 1000).default(2),
  tasksMax: wholeNumber(1, 1000).default(20),
  /** Of the tasks beyond `tasksMin`, how many of a hundred run on Fargate Spot. */
  spotPercent: wholeNumber(0, 100).default(75),
  /** All tasks run on Fargate Spot, the least number too: while Spot has no capacity, nothing is delivered and nothing is lost. */
  spotOnly: flag.default(false),
  /** Messages that wait for capacity, for each running task, that autoscaling aims at. */
  backlogPerTask: wholeNumber(1, 100_000).default(50),
  /** Age of the oldest message that waits for capacity, from which tasks are added whatever the backlog. */
  scaleOutAgeSeconds: wholeNumber(60, MESSAGE_DAYS_MAX * 86_400).default(600),
  /** The service's own schema has the levels. */
  logLevel: z.string('must be a log level of the service').default(SERVICE.logLevel),
  logRetentionDays: oneOf(RETENTION_DAYS).default(30),
  /** Traces of HTTP calls to X-Ray, by AWS's instrumentation for Node that an init container brings. */
  tracing: flag.default(false),
  /** Signed receipts for tenants whose items say where they go, and a KMS key that signs them (docs/receipts.md). */
  receipts: flag.default(false),
  /** Of the key that is made. Changed later, it would replace the key: `receiptKeyArn` is how another key takes over. */
  receiptKeySpec: z
    .enum(RECEIPT_KEY_SPECS, `must be one of ${RECEIPT_KEY_SPECS.join(', ')}`)
    .default(RECEIPT_KEY_SPECS[0]),
  /** A key that signs in place of the one that is made; that one stays, for its public key. */
  receiptKeyArn: text(new RegExp(`^${KMS_KEY}$`), 'must be the ARN of a KMS key').optional(),
  tracingImage: image.default('public.ecr.aws/aws-observability/adot-autoinstrumentation-node:v0.8.0'),
  /**
   * Remote-write URL of a workspace of Amazon Managed Service for Prometheus in this account: each task's collector then also writes
   * all metrics there. Left out: only what alarms and dashboards need goes to CloudWatch.
   */
  prometheusRemoteWriteUrl: z
    .string(REMOTE_WRITE_RULE)
    .refine((value) => remoteWriteWorkspace(value) !== undefined, REMOTE_WRITE_RULE)
    .optional(),
  /** The collector of metrics and traces (public.ecr.aws/aws-observability/aws-otel-collector), full name with tag. */
  collectorImage: image.default('public.ecr.aws/aws-observability/aws-otel-collector:v0.45.1'),
  /**
   * Further environment of the service, by its own names (docs/reference/settings.md); those that follow from the rest of this
   * configuration are refused.
   */
  settings: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false').transform(String),
      'must be settings of the service by their names',
    )
    .readonly()
    .default({}),
};

export const EXISTING_NETWORK = {
  vpcId: text(/^vpc-[0-9a-f]{1,17}$/, 'must be the id of a VPC such as vpc-0a1b2c3d4e5f67890'),
  /** They must reach AWS. */
  privateSubnetIds: list(
    text(/^subnet-[0-9a-f]{1,17}$/, 'must be the id of a subnet such as subnet-0a1b2c3d4e5f67890'),
    { least: 2 },
  ),
};

export const NETWORK = {
  /** A VPC that exists; left out: one of our own. */
  existing: group(EXISTING_NETWORK).optional(),
  cidr: cidrBlock('must be a CIDR block from /16 to /24, such as 10.64.0.0/20', {
    prefixMin: 16,
    prefixMax: 24,
  }).default('10.64.0.0/20'),
  availabilityZones: wholeNumber(2, 3).default(3),
  /**
   * 1 is cheap; as many as zones survives the loss of one. 0: tasks have public addresses, and reach AWS by the internet gateway; no
   * rule lets anything in.
   */
  natGateways: wholeNumber(0, 3).default(1),
  /** Interface endpoints: $7.30 a month, zone and service, against NAT's $0.045 a GB. docs/guide/cost.md has the break-even. */
  interfaceEndpoints: flag.default(false),
  /** Endpoints let through only calls of our account and of customers' roles (policies/endpoints.ts). */
  endpointPolicies: flag.default(false),
  /** Days to keep flow logs of the VPC in CloudWatch Logs; null: no flow logs. */
  flowLogRetentionDays: oneOf(RETENTION_DAYS).nullable().default(null),
  /** Network ACLs that let HTTPS out and its answers in, and scrapes; false: the VPC's own, which lets everything through. */
  networkAcls: flag.default(false),
  /** A dual-stack VPC: subnets and tasks also have IPv6 addresses, which leave by an egress-only gateway. */
  ipv6: flag.default(false),
  /** Who may scrape `/metrics`: CIDR blocks, or ids of security groups. Empty: nobody, and no ingress at all. */
  metricsSources: list(
    z.union(
      [text(/^sg-[0-9a-f]{1,17}$/, ''), cidrBlock('', { prefixMin: 8, prefixMax: 32 })],
      'must be a CIDR block from /8 to /32 without host bits, such as 10.0.0.0/16, or the id of a security group',
    ),
  ).default([]),
};

/** Vector on EKS. The defaults are those of k8s/vector/base. */
export const WRITERS_EKS = {
  /** Of the cluster: `aws eks describe-cluster --query cluster.identity.oidc.issuer`. */
  oidcIssuer: httpsUrl('must be the https URL of an OIDC issuer'),
  namespace: kubernetesName.default('log-collection'),
  serviceAccount: kubernetesName.default('vector'),
};

export const WRITERS = {
  /** Vector on EKS, by the cluster's OIDC provider (IRSA). */
  eks: group(WRITERS_EKS).optional(),
  /** ARNs of principals that may assume the writer's role: Vector's role in another account (docs/guide/kubernetes.md). */
  principals: list(arnOfPrincipal).default([]),
  /** What those principals must say (Vector's WRITER_EXTERNAL_ID); needed as soon as one is named. */
  externalId: text(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 characters of a-zA-Z0-9_+=,.@:/-').optional(),
};

export const ALERTS = {
  /**
   * Only alarms that page or that watch what AWS publishes for nothing, only the metrics that these and autoscaling need, and no
   * dashboards: a few dollars a month.
   */
  essential: flag.default(false),
  /** A budget takes ten mail addresses (Budgets API reference, Subscriber). */
  emails: list(email, { most: 10 }).default([]),
  queueAgeSeconds: wholeNumber(60, MESSAGE_DAYS_MAX * 86_400).default(1800),
  queueDepth: wholeNumber(1, 100_000_000).default(10_000),
  deliveryLagSeconds: wholeNumber(1, MESSAGE_DAYS_MAX * 86_400).default(1800),
  retriesPerFiveMinutes: wholeNumber(1, 1_000_000).default(50),
  quarantineFilesPerHour: wholeNumber(1, 1_000_000).default(100),
  /** Where the people on call read docs/guide/operations.md: what the link in an alarm begins with. */
  runbookUrl: text(
    /^(https?:\/\/[^\s#]+|[\w./-]+)$/,
    'must be the URL of the runbook, or its path in the repository',
  ).default('docs/guide/operations.md'),
};

export const BUDGET = {
  /** null: no budget. */
  monthlyUsd: wholeNumber(1, USD_MAX).nullable().default(500),
  /** Percent of the budget at which to alert; above 100 means the forecast. A budget has five (Budgets quotas, notifications). */
  alertPercents: list(wholeNumber(1, 1000), { most: 5 }).default([80, 100, 120]),
  /** What an anomaly must cost to be reported; null: no anomaly detection. */
  anomalyUsd: wholeNumber(1, USD_MAX).nullable().default(50),
};

export const TOP = {
  environment: text(/^[a-z][a-z0-9]{0,11}$/, 'must be 1 to 12 of a-z0-9 and begin with a letter'),
  region: z
    .string(REGION_RULE)
    .refine((value) => PARTITIONS.some((partition) => hasRegion(partition, value)), REGION_RULE)
    .default(DEFAULT_REGION),
  /** Tags on everything: what Cost Explorer and the budget tell this system by. */
  project: text(
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
    'must be words of a-z0-9 joined by -, and begin with a letter',
  ).default(DEFAULT_PROJECT),
  costCenter: text(/^[\w .:/=+@-]{1,256}$/, 'must be 1 to 256 characters that a tag may have').optional(),
  /** Production refuses to be destroyed, and its keys, tables and bucket to be deleted. */
  production: flag.default(false),
  /** The only account this may be deployed to; left out: whichever the credentials belong to. */
  accountId: accountId.optional(),
  /** KMS keys of our own, with policies and an audit trail. false: AWS's own keys; everything is encrypted all the same. */
  encryptWithOwnKeys: flag.default(true),
  /** Where objects lie; the service's own schema has the rule. */
  objectKeyTemplate: z.string('must be a key template of the service').default(SERVICE.objectKeyTemplate),
  quarantinePrefix: z.string('must be a key prefix').default(SERVICE.quarantinePrefix),
};

export const CONFIG_SCHEMA = z
  .strictObject(
    {
      ...TOP,
      names: group(NAMES).prefault({}),
      iam: group(IAM).prefault({}),
      ingestion: group(INGESTION).prefault({}),
      storage: group(STORAGE).prefault({}),
      queue: group(QUEUE).prefault({}),
      distributor: group(DISTRIBUTOR).prefault({}),
      network: group(NETWORK).prefault({}),
      writers: group(WRITERS).prefault({}),
      alerts: group(ALERTS).prefault({}),
      budget: group(BUDGET).prefault({}),
    },
    'must be settings by their names',
  )
  .readonly();

const under = (prefix: string, shape: Readonly<Record<string, z.ZodType>>) =>
  Object.entries(shape).map(([key, schema]) => [`${prefix}.${key}`, schema] as const);

/** Every setting by its path, with the schema of its value; a group that may be left out as a whole is one too. */
export const SETTINGS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ...Object.entries(TOP),
  ...under('names', NAMES),
  ...under('iam', IAM),
  ...under('ingestion', INGESTION),
  ...under('storage', STORAGE),
  ...under('queue', QUEUE),
  ...under('distributor', DISTRIBUTOR),
  ...under('network', NETWORK),
  ...under('network.existing', EXISTING_NETWORK),
  ...under('writers', WRITERS),
  ...under('writers.eks', WRITERS_EKS),
  ...under('alerts', ALERTS),
  ...under('budget', BUDGET),
]);

export const SETTING_PATHS: readonly string[] = [...SETTINGS.keys()];
