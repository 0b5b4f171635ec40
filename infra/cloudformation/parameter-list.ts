import { RETENTION_DAYS } from '../../service/core/limits.ts';
import type { Config } from '../config/config.ts';
import { KMS_KEY, RECEIPT_KEY_SPECS } from '../values/receipt-key.ts';
import * as choices from './choices.ts';
import { FIXED_NAMES } from './fixed-names.ts';
import { PLACEHOLDERS, partitionValuesParameter } from './key-template.ts';
import { group, number, oneOf, type Parameter, pattern, slots, TRUTH } from './parameter.ts';
import { SERVICE_SETTINGS, settingParameter } from './service-settings.ts';

const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ADDRESS = `${OCTET}(\\.${OCTET}){3}`;
const SUBNET = 'subnet-[0-9a-f]{1,17}';
const PRINCIPAL = 'arn:aws(-[a-z-]+)?:iam::\\d{12}:(root|(role|user)/[\\w+=.@/-]+)';
const PREFIX = pattern('^[^/].*/$', 'must end with a slash and not begin with one');
const IMAGE = pattern('^\\S+[:@]\\S+$', 'must be the full name of an image with its tag or digest');
const DAYS = number(1, 36_500);
const DAYS_OR_NEVER = pattern('^\\d{1,5}$', 'must be a whole number of days, or 0');
const USD_OR_NONE = pattern('^\\d{1,8}$', 'must be a whole number of USD, or 0');
const PERCENT_OR_NONE = pattern('^\\d{1,3}$', 'must be a percentage, or 0');

/** All parameters of the main template, in the order in which a form shows them. */
export const PARAMETERS: readonly Parameter[] = [
  ...group('Environment', {
    Project: [
      pattern('^[a-z][a-z0-9]*(-[a-z0-9]+)*$', 'must be words of a-z0-9 joined by -, and begin with a letter'),
      (config) => config.project,
      'Name of the system: names and the tag Project begin with it',
    ],
    Environment: [
      pattern('^[a-z][a-z0-9]{0,11}$', 'must be 1 to 12 of a-z0-9 and begin with a letter'),
      undefined,
      'Environment, such as staging or production',
    ],
    Production: [TRUTH, (config) => String(config.production), 'Protects the tables against deletion'],
    EncryptWithOwnKeys: [
      TRUTH,
      (config) => String(config.encryptWithOwnKeys),
      'KMS keys of our own, with policies and an audit trail; false: keys of AWS, everything is encrypted all the same',
    ],
  }),
  ...group(
    'Names that are not made from project, environment and region',
    Object.fromEntries(
      FIXED_NAMES.map(({ name, parameter, allowedPattern, rule, description }) => [
        parameter,
        [pattern(allowedPattern, rule), (config: Config) => config.names[name] ?? '', description],
      ]),
    ),
  ),
  ...group('Roles', {
    IamPath: [
      pattern('^/([!-.0-~]+/)*$', 'must begin and end with a slash'),
      (config) => config.iam.path,
      'Path of all roles',
    ],
    PermissionsBoundary: [
      pattern('^(arn:aws(-[a-z-]+)?:iam::(\\d{12}|aws):policy/[\\w+=,.@/-]+)?$', 'must be the ARN of an IAM policy'),
      (config) => config.iam.permissionsBoundary ?? '',
      'Policy that bounds all roles; empty: none',
    ],
  }),
  ...group('Ingestion', {
    Firehose: [TRUTH, (config) => String(config.ingestion.firehose), 'false: collectors write to the bucket directly'],
    Deaggregate: [
      TRUTH,
      (config) => String(config.ingestion.deaggregate),
      'Firehose takes records apart that hold several lines: for the overlay firehose-aggregated of the collectors',
    ],
    BufferSizeMb: [number(64, 128), (config) => String(config.ingestion.bufferSizeMb), 'Size of an object in MB'],
    BufferIntervalSeconds: [
      oneOf(choices.BUFFER_INTERVALS_SECONDS),
      (config) => String(config.ingestion.bufferIntervalSeconds),
      'Age of the oldest line of an object in seconds: the largest part of the delivery lag',
    ],
    ParquetBlockMb: [
      oneOf(choices.PARQUET_BLOCKS_MB),
      (config) => String(config.ingestion.parquetBlockMb),
      'Size of a row group in MB',
    ],
    ...Object.fromEntries(
      PLACEHOLDERS.map((placeholder) => [
        partitionValuesParameter(placeholder),
        [
          pattern('^([^,/\\s]+(,[^,/\\s]+)*)?$', 'must be values with commas between'),
          (config: Config) => config.ingestion.partitionValues[placeholder]?.join(',') ?? '',
          `Values of {${placeholder}}, for Athena; empty: a query must name one`,
        ],
      ]),
    ),
  }),
  ...group('Storage', {
    InfrequentAccessDays: [
      pattern('^(0|[3-9]\\d|\\d{3,5})$', 'must be at least 30 days, or 0'),
      (config) => String(config.storage.infrequentAccessDays ?? 0),
      'Days until Standard-IA, at least 30; 0: never. The days must grow from here to RetentionDays',
    ],
    GlacierDays: [DAYS_OR_NEVER, (config) => String(config.storage.glacierDays ?? 0), 'Days until Glacier; 0: never'],
    DeepArchiveDays: [
      DAYS_OR_NEVER,
      (config) => String(config.storage.deepArchiveDays ?? 0),
      'Days until Deep Archive; 0: never',
    ],
    RetentionDays: [
      number(14, 36_500),
      (config) => String(config.storage.retentionDays),
      'Days until logs are deleted',
    ],
    TransitionAboveBytes: [
      number(0, 5 * 1024 ** 3),
      (config) => String(config.storage.transitionAboveBytes),
      'Only larger objects move on: each move is paid by the object',
    ],
    IntelligentTiering: [
      TRUTH,
      (config) => String(config.storage.intelligentTiering),
      'S3 moves objects by how they are read, in place of the three transitions',
    ],
    QuarantineRetentionDays: [
      DAYS,
      (config) => String(config.storage.quarantineRetentionDays),
      'Days until quarantined records are deleted',
    ],
    FirehoseErrorRetentionDays: [
      DAYS,
      (config) => String(config.storage.firehoseErrorRetentionDays),
      'Days until what Firehose could not write is deleted',
    ],
    NoncurrentVersionDays: [
      DAYS,
      (config) => String(config.storage.noncurrentVersionDays),
      'Days for which an overwritten or deleted version can be brought back',
    ],
    AccessLogRetentionDays: [
      DAYS_OR_NEVER,
      (config) => String(config.storage.accessLogRetentionDays ?? 0),
      "Days to keep S3's access log of the bucket; 0: no access log",
    ],
    QuarantinePrefix: [PREFIX, (config) => config.quarantinePrefix, 'Prefix of quarantined records'],
    AbortUploadDays: [
      DAYS,
      (config) => String(config.storage.abortUploadDays),
      'Days until parts of an upload that never ended are deleted',
    ],
  }),
  ...group('Queue', {
    QueueRetentionDays: [
      oneOf(choices.QUEUE_RETENTION_DAYS),
      (config) => String(config.queue.retentionDays),
      'Days for which the queue keeps a message',
    ],
    MaxReceiveCount: [
      number(1, 1000),
      (config) => String(config.queue.maxReceiveCount),
      'Receives after which SQS itself moves a message to the dead letters',
    ],
    VisibilityTimeoutSeconds: [
      number(10, 43_200),
      (config) => String(config.queue.visibilityTimeoutSeconds),
      'Seconds for which a received message stays invisible to others',
    ],
  }),
  ...group('Tasks', {
    ImageTag: [
      pattern('^(sha256:[0-9a-f]{64}|[a-zA-Z0-9_.-]{0,128})$', 'must be the tag or digest of an image'),
      () => '',
      'Tag or digest of the image to run; empty: no tasks, for the first deployment, before there is an image',
    ],
    CpuUnits: [
      oneOf(choices.CPU_UNITS),
      (config) => String(config.distributor.cpuUnits),
      'CPU of a task: 1024 are one vCPU',
    ],
    MemoryMb: [
      oneOf(choices.MEMORY_MB),
      (config) => String(config.distributor.memoryMb),
      'Memory of a task in MB; a rule checks that Fargate has it for CpuUnits',
    ],
    TasksMin: [number(1, 1000), (config) => String(config.distributor.tasksMin), 'Least number of tasks, on demand'],
    TasksMax: [number(1, 1000), (config) => String(config.distributor.tasksMax), 'Largest number of tasks'],
    SpotPercent: [
      oneOf(choices.SPOT_PERCENTS),
      (config) => String(config.distributor.spotPercent),
      'Of the tasks beyond TasksMin, how many of a hundred run on Fargate Spot',
    ],
    SpotOnly: [
      TRUTH,
      (config) => String(config.distributor.spotOnly),
      'All tasks run on Fargate Spot, the least number too',
    ],
    BacklogPerTask: [
      number(1, 100_000),
      (config) => String(config.distributor.backlogPerTask),
      'Messages that wait for capacity, for each running task, that autoscaling aims at',
    ],
    ScaleOutAgeSeconds: [
      number(1, 1_209_600),
      (config) => String(config.distributor.scaleOutAgeSeconds),
      'Age in seconds of the oldest message that waits for capacity, from which tasks are added',
    ],
    LogLevel: [
      oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
      (config) => config.distributor.logLevel,
      'Log level of the service',
    ],
    LogRetentionDays: [
      oneOf(RETENTION_DAYS),
      (config) => String(config.distributor.logRetentionDays),
      'Days for which log groups keep events',
    ],
    Tracing: [TRUTH, (config) => String(config.distributor.tracing), 'Traces of HTTP calls to X-Ray'],
    Receipts: [
      TRUTH,
      (config) => String(config.distributor.receipts),
      'Signed receipts for tenants whose items say where they go, and a key that signs them',
    ],
    ReceiptKeySpec: [
      oneOf(RECEIPT_KEY_SPECS),
      (config) => config.distributor.receiptKeySpec,
      'Kind of the key that is made; CloudFormation cannot change it later',
    ],
    ReceiptKeyArn: [
      pattern(`^(${KMS_KEY})?$`, 'must be the ARN of a KMS key'),
      (config) => config.distributor.receiptKeyArn ?? '',
      'A key that signs in place of the one that is made, which stays; empty: the one that is made',
    ],
    TracingImage: [IMAGE, (config) => config.distributor.tracingImage, 'Image with the instrumentation for X-Ray'],
    PrometheusRemoteWriteUrl: [
      pattern(
        '^(https://aps-workspaces\\.[a-z0-9-]+\\.amazonaws\\.com/workspaces/ws-[0-9a-f-]+/api/v1/remote_write)?$',
        'must be the remote-write URL of a workspace of Amazon Managed Service for Prometheus',
      ),
      (config) => config.distributor.prometheusRemoteWriteUrl ?? '',
      'Workspace that collectors also write all metrics to; empty: none',
    ],
    CollectorImage: [
      IMAGE,
      (config) => config.distributor.collectorImage,
      'Image of the collector of metrics and traces',
    ],
  }),
  ...group(
    'Settings of the service',
    Object.fromEntries(
      SERVICE_SETTINGS.map(({ name, allowedPattern, rule }) => [
        settingParameter(name),
        [
          pattern(allowedPattern, rule),
          (config: Config) => config.distributor.settings[name] ?? '',
          `${name} of the service; empty: its default here`,
        ],
      ]),
    ),
  ),
  ...group('Network', {
    ExistingVpcId: [
      pattern('^(vpc-[0-9a-f]+)?$', 'must be the id of a VPC'),
      (config) => config.network.existing?.vpcId ?? '',
      'A VPC that exists; empty: one of our own',
    ],
    ExistingSubnetIds: [
      pattern(`^(${SUBNET}(,${SUBNET})+)?$`, 'must be ids of at least two subnets with commas between'),
      (config) => config.network.existing?.privateSubnetIds.join(',') ?? '',
      'At least two private subnets of the VPC that exists, which reach AWS',
    ],
    VpcCidr: [
      pattern(`^${ADDRESS}/(1[6-9]|2[0-4])$`, 'must be a CIDR block of size /16 to /24'),
      (config) => config.network.cidr,
      'Addresses of our own VPC',
    ],
    AvailabilityZones: [oneOf([2, 3]), (config) => String(config.network.availabilityZones), 'Zones of our own VPC'],
    NatGateways: [
      oneOf([0, 1, 2, 3]),
      (config) => String(config.network.natGateways),
      '1 is cheap; as many as zones survives the loss of one; 0: tasks have public addresses, and no ingress',
    ],
    InterfaceEndpoints: [
      TRUTH,
      (config) => String(config.network.interfaceEndpoints),
      'Interface endpoints in our own VPC',
    ],
    EndpointPolicies: [
      TRUTH,
      (config) => String(config.network.endpointPolicies),
      "Endpoints let through only calls of our account and of customers' roles",
    ],
    FlowLogRetentionDays: [
      oneOf([0, ...RETENTION_DAYS]),
      (config) => String(config.network.flowLogRetentionDays ?? 0),
      'Days to keep flow logs of our own VPC; 0: none',
    ],
    NetworkAcls: [
      TRUTH,
      (config) => String(config.network.networkAcls),
      'Network ACLs of our own VPC that let HTTPS out and its answers in, and scrapes',
    ],
    Ipv6: [TRUTH, (config) => String(config.network.ipv6), 'IPv6 in our own VPC beside IPv4'],
    ...slots('MetricsSource', choices.SLOTS.metricsSources, (at) => [
      pattern(
        `^(sg-[0-9a-f]{1,17}|${ADDRESS}/([89]|[12]\\d|3[0-2]))?$`,
        'must be a CIDR block from /8 to /32 or the id of a security group',
      ),
      (config) => config.network.metricsSources[at] ?? '',
      'May scrape /metrics: a CIDR block or the id of a security group',
    ]),
  }),
  ...group('Collectors', {
    EksOidcIssuer: [
      pattern('^(https://\\S+)?$', 'must begin with https://'),
      (config) => config.writers.eks?.oidcIssuer ?? '',
      'OIDC issuer of the EKS cluster in which Vector runs; empty: none',
    ],
    EksNamespace: [
      pattern('^[a-z0-9-]*$', 'must be a namespace'),
      (config) => config.writers.eks?.namespace ?? '',
      'Namespace of Vector in that cluster',
    ],
    EksServiceAccount: [
      pattern('^[a-z0-9.-]*$', 'must be a service account'),
      (config) => config.writers.eks?.serviceAccount ?? '',
      'Service account of Vector in that cluster',
    ],
    WriterPrincipals: [
      pattern(
        `^(${PRINCIPAL}(,${PRINCIPAL})*)?$`,
        'must be ARNs of roles, users or accounts with commas between, without *',
      ),
      (config) => config.writers.principals.join(','),
      "ARNs of principals that may assume the writer's role",
    ],
    WriterExternalId: [
      pattern('^([\\w+=,.@:/-]{2,1224})?$', 'must be 2 to 1224 characters of a-zA-Z0-9_+=,.@:/-'),
      (config) => config.writers.externalId ?? '',
      'External id that these principals must use',
    ],
  }),
  ...group('Alerts', {
    ...slots('AlertEmail', choices.SLOTS.emails, (at) => [
      pattern('^([^@\\s]+@[^@\\s]+)?$', 'must be an address'),
      (config) => config.alerts.emails[at] ?? '',
      'Gets alerts by mail',
    ]),
    EssentialAlerts: [
      TRUTH,
      (config) => String(config.alerts.essential),
      'Only alarms that page or cost nothing but themselves, the metrics that they need, and no dashboards',
    ],
    RunbookUrl: [
      pattern('^(https?://[^\\s#]+|[\\w./-]+)$', 'must be the URL of the runbook, or its path in the repository'),
      (config) => config.alerts.runbookUrl,
      'Where the people on call read docs/guide/operations.md',
    ],
    QueueAgeSeconds: [number(1, 1_209_600), (config) => String(config.alerts.queueAgeSeconds), 'Alarm queue-age'],
    QueueDepth: [number(1, 100_000_000), (config) => String(config.alerts.queueDepth), 'Alarm queue-depth'],
    DeliveryLagSeconds: [
      number(1, 1_209_600),
      (config) => String(config.alerts.deliveryLagSeconds),
      'Alarm delivery-lag',
    ],
    RetriesPerFiveMinutes: [
      number(1, 1_000_000),
      (config) => String(config.alerts.retriesPerFiveMinutes),
      'Alarm distributor-retrying',
    ],
    QuarantineFilesPerHour: [
      number(1, 1_000_000),
      (config) => String(config.alerts.quarantineFilesPerHour),
      'Alarm quarantine-growing',
    ],
  }),
  ...group('Budget', {
    BudgetMonthlyUsd: [
      USD_OR_NONE,
      (config) => String(config.budget.monthlyUsd ?? 0),
      'Budget of a month in USD; 0: no budget',
    ],
    ...slots('BudgetActualPercent', choices.SLOTS.actualPercents, (at) => [
      PERCENT_OR_NONE,
      (config) => String(choices.actualPercents(config)[at] ?? 0),
      'Percent of the budget, spent, at which to alert; 0: none',
    ]),
    ...slots('BudgetForecastPercent', choices.SLOTS.forecastPercents, (at) => [
      PERCENT_OR_NONE,
      (config) => String(choices.forecastPercents(config)[at] ?? 0),
      'Percent of the budget, forecast, at which to alert; 0: none',
    ]),
    AnomalyUsd: [
      USD_OR_NONE,
      (config) => String(config.budget.anomalyUsd ?? 0),
      'Anomaly in USD at which to alert; 0: no anomaly detection',
    ],
  }),
  ...group('Deployment', {
    TemplateBucket: [
      pattern('^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', 'must be the name of a bucket'),
      undefined,
      'Bucket of the nested templates; deploy.sh sets it',
    ],
    TemplatePrefix: [PREFIX, undefined, 'Prefix of the nested templates in that bucket; deploy.sh sets it'],
  }),
];
