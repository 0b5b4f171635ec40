import { readSettings } from '../service/base/settings.ts';
import { MESSAGE_DAYS_MAX } from '../service/core/limits.ts';
import { MAX_RECEIVE_COUNT } from '../service/core/receives.ts';

/**
 * The settings of the infrastructure, by environment. Everything that an operator may want another way is here, under
 * the name it has in operation; constructs hold no numbers of their own.
 */
export interface Config {
  readonly environment: string;
  readonly region: string;
  /** Tags on everything: what Cost Explorer and the budget tell this system by. */
  readonly project: string;
  readonly costCenter: string | undefined;
  /** Production refuses to be destroyed, and its tables and bucket to be deleted. */
  readonly production: boolean;
  /** The only account this may be deployed to; undefined: whichever the credentials belong to. */
  readonly accountId: string | undefined;

  /** KMS keys of our own, with policies and an audit trail. false: AWS's own keys; everything is encrypted all the same. */
  readonly encryptWithOwnKeys: boolean;
  /** Table names, as the service knows them by default. */
  readonly tenantTable: string;
  readonly ledgerTable: string;
  readonly objectKeyTemplate: string;
  readonly quarantinePrefix: string;

  readonly ingestion: IngestionConfig;
  readonly storage: StorageConfig;
  readonly queue: QueueConfig;
  readonly distributor: DistributorConfig;
  readonly network: NetworkConfig;
  readonly writers: WritersConfig;
  readonly alerts: AlertsConfig;
  readonly budget: BudgetConfig;
}

export interface IngestionConfig {
  /** false: Vector writes gzip NDJSON to S3 by itself. docs/guide/cost.md says when that is the better half. */
  readonly firehose: boolean;
  /** 64 to 128 MB with dynamic partitioning (Firehose developer guide, "Buffering hints"). */
  readonly bufferSizeMb: number;
  /** 60 to 900 s: how old a line may get before its object is written, and so the lion's share of the delivery lag. */
  readonly bufferIntervalSeconds: number;
  /** 64 MiB is the least there is: the smaller a row group, the less memory a reader needs. */
  readonly parquetBlockMb: number;
  /** Whether collectors pack many lines into a record (k8s/vector/overlays/firehose-aggregated), which Firehose parts again. */
  readonly deaggregate: boolean;
}

export interface StorageConfig {
  /** Days after which an object moves on; null skips the class. */
  readonly infrequentAccessDays: number | null;
  readonly glacierDays: number | null;
  readonly deepArchiveDays: number | null;
  readonly retentionDays: number;
  /** In place of the three transitions: S3 moves objects by how they are read. */
  readonly intelligentTiering: boolean;
  readonly quarantineRetentionDays: number;
  /** What Firehose could not partition or convert. */
  readonly firehoseErrorRetentionDays: number;
  /** How long an overwritten or deleted version can be brought back. */
  readonly noncurrentVersionDays: number;
  /** Days until parts of an upload that never ended are dropped. */
  readonly abortUploadDays: number;
}

export interface QueueConfig {
  /** SQS keeps at most 14 days. */
  readonly retentionDays: number;
  /** The net under a message that kills its process; the service gives up with a reason long before. */
  readonly maxReceiveCount: number;
  readonly visibilityTimeoutSeconds: number;
}

export interface DistributorConfig {
  /** Fargate's CPU units: 1024 are one vCPU. */
  readonly cpuUnits: number;
  readonly memoryMb: number;
  readonly tasksMin: number;
  readonly tasksMax: number;
  /** Of the tasks beyond `tasksMin`, how many of a hundred run on Fargate Spot. */
  readonly spotPercent: number;
  /** Messages in the queue for each running task that autoscaling aims at. */
  readonly backlogPerTask: number;
  /** Age of the oldest message from which tasks are added whatever the backlog. */
  readonly scaleOutAgeSeconds: number;
  readonly logLevel: string;
  readonly logRetentionDays: number;
  /**
   * Traces of HTTP calls to X-Ray, by AWS's instrumentation for Node that an init container brings: the full name of
   * that image with its tag (public.ecr.aws/aws-observability/adot-autoinstrumentation-node). undefined: no traces.
   */
  readonly tracingImage: string | undefined;
  /** The collector of metrics and traces (public.ecr.aws/aws-observability/aws-otel-collector), full name with tag. */
  readonly collectorImage: string;
  /**
   * Further environment of the service, by its own names (docs/reference/settings.md); those that follow from the rest of this
   * configuration are refused.
   */
  readonly settings: Readonly<Record<string, string>>;
}

export interface NetworkConfig {
  /** A VPC that exists, with private subnets that reach AWS; undefined: one of our own. */
  readonly existing: { readonly vpcId: string; readonly privateSubnetIds: readonly string[] } | undefined;
  readonly cidr: string;
  /** 2 or 3. */
  readonly availabilityZones: number;
  /** 1 is cheap; as many as zones survives the loss of one. */
  readonly natGateways: number;
  /** Interface endpoints: $7.30 a month, zone and service, against NAT's $0.045 a GB. docs/guide/cost.md has the break-even. */
  readonly interfaceEndpoints: boolean;
  /** Who may scrape `/metrics`: CIDR blocks, or ids of security groups. Empty: nobody, and no ingress at all. */
  readonly metricsSources: readonly string[];
}

export interface WritersConfig {
  /** Vector on EKS, by the cluster's OIDC provider (IRSA). */
  readonly eks:
    | { readonly oidcIssuer: string; readonly namespace: string; readonly serviceAccount: string }
    | undefined;
  /** ARNs of principals that may assume the writer's role: Vector's role in another account (docs/guide/kubernetes.md). */
  readonly principals: readonly string[];
  /** What those principals must say (Vector's WRITER_EXTERNAL_ID); needed as soon as one is named. */
  readonly externalId: string | undefined;
}

export interface AlertsConfig {
  readonly emails: readonly string[];
  readonly queueAgeSeconds: number;
  readonly queueDepth: number;
  readonly deliveryLagSeconds: number;
  readonly retriesPerFiveMinutes: number;
  readonly quarantineFilesPerHour: number;
}

export interface BudgetConfig {
  readonly monthlyUsd: number;
  /** Percent of the budget at which to alert; above 100 means the forecast. */
  readonly alertPercents: readonly number[];
  readonly anomalyUsd: number;
}

/** The service's own defaults; the queue names are what it needs to be asked at all. */
const SERVICE = readSettings({ SQS_QUEUE_URL: 'https://sqs/queue', DLQ_URL: 'https://sqs/dead-letters' });

const DEFAULTS: Omit<Config, 'environment' | 'region'> = {
  project: 'log-distributor',
  costCenter: undefined,
  production: false,
  accountId: undefined,
  encryptWithOwnKeys: true,
  tenantTable: SERVICE.tenantTable,
  ledgerTable: SERVICE.ledgerTable,
  objectKeyTemplate: SERVICE.objectKeyTemplate,
  quarantinePrefix: SERVICE.quarantinePrefix,
  ingestion: { firehose: true, bufferSizeMb: 128, bufferIntervalSeconds: 900, parquetBlockMb: 64, deaggregate: false },
  storage: {
    infrequentAccessDays: 30,
    glacierDays: 90,
    deepArchiveDays: 365,
    retentionDays: 2555,
    intelligentTiering: false,
    quarantineRetentionDays: 90,
    firehoseErrorRetentionDays: 30,
    noncurrentVersionDays: 30,
    abortUploadDays: 7,
  },
  queue: {
    retentionDays: MESSAGE_DAYS_MAX,
    maxReceiveCount: MAX_RECEIVE_COUNT,
    visibilityTimeoutSeconds: SERVICE.visibilityTimeoutSeconds,
  },
  distributor: {
    cpuUnits: 2048,
    memoryMb: 4096,
    tasksMin: 2,
    tasksMax: 20,
    spotPercent: 75,
    backlogPerTask: 50,
    scaleOutAgeSeconds: 600,
    logLevel: SERVICE.logLevel,
    logRetentionDays: 30,
    tracingImage: undefined,
    collectorImage: 'public.ecr.aws/aws-observability/aws-otel-collector:v0.45.1',
    settings: {},
  },
  network: {
    existing: undefined,
    cidr: '10.64.0.0/20',
    availabilityZones: 3,
    natGateways: 1,
    interfaceEndpoints: false,
    metricsSources: [],
  },
  writers: { eks: undefined, principals: [], externalId: undefined },
  alerts: {
    emails: [],
    queueAgeSeconds: 1800,
    queueDepth: 10_000,
    deliveryLagSeconds: 1800,
    retriesPerFiveMinutes: 50,
    quarantineFilesPerHour: 100,
  },
  budget: { monthlyUsd: 500, alertPercents: [80, 100, 120], anomalyUsd: 50 },
};

type Overrides = { readonly [K in keyof Config]?: Config[K] extends object ? Partial<Config[K]> : Config[K] };

/** What each environment has otherwise. A name that is not here is an environment with the defaults. */
const ENVIRONMENTS: Readonly<Record<string, Overrides>> = {
  development: {
    storage: { infrequentAccessDays: null, glacierDays: null, deepArchiveDays: null, retentionDays: 14 },
    ingestion: { bufferIntervalSeconds: 60 },
    distributor: { cpuUnits: 512, memoryMb: 1024, tasksMin: 1, tasksMax: 2, logLevel: 'debug', logRetentionDays: 7 },
    network: { availabilityZones: 2 },
    budget: { monthlyUsd: 100 },
  },
  staging: {
    storage: { retentionDays: 400 },
    distributor: { tasksMax: 6 },
    budget: { monthlyUsd: 300 },
  },
  production: {
    production: true,
    network: { natGateways: 3, interfaceEndpoints: true },
    distributor: { tasksMin: 3, tasksMax: 40, logRetentionDays: 90 },
    budget: { monthlyUsd: 2000 },
  },
};

export const DEFAULT_REGION = SERVICE.region;

/** The settings of an environment: the defaults, what the environment has otherwise, then `overrides`. */
export function configOf(environment: string, overrides: Overrides = {}): Config {
  const base: Config = { ...DEFAULTS, environment, region: DEFAULT_REGION };
  return merge(merge(base, ENVIRONMENTS[environment] ?? {}), overrides);
}

function merge(base: Config, overrides: Overrides): Config {
  return {
    ...base,
    ...overrides,
    ingestion: { ...base.ingestion, ...overrides.ingestion },
    storage: { ...base.storage, ...overrides.storage },
    queue: { ...base.queue, ...overrides.queue },
    distributor: { ...base.distributor, ...overrides.distributor },
    network: { ...base.network, ...overrides.network },
    writers: { ...base.writers, ...overrides.writers },
    alerts: { ...base.alerts, ...overrides.alerts },
    budget: { ...base.budget, ...overrides.budget },
  };
}
