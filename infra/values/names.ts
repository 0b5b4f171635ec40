import type { Config } from '../config/config.ts';

/** Where everything is: what ARNs are made of. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/**
 * Names and ARNs of the resources that policies speak of. Made from the settings, not read off the resources: a key's
 * policy names the bucket that is encrypted with the key, and only names can go in a circle.
 *
 * Each name carries the scope in which AWS wants it unique: project and environment where that is an account's region;
 * the region too where it is the account (roles, dashboards, budgets); the account too where it is all of AWS (buckets).
 */
export type Names = ReturnType<typeof namesOf>;

/** The tag whose value is this deployment alone: project, environment and region. */
export const DEPLOYMENT_TAG = 'Deployment';

type Naming = Pick<Config, 'project' | 'environment' | 'names'> & { readonly iam: Pick<Config['iam'], 'path'> };

export function namesOf(config: Naming, place: Place) {
  const name = `${config.project}-${config.environment}`;
  const inAccount = `${name}-${place.region}`;
  const { names } = config;
  const arn = (service: string, resource: string) =>
    `arn:${place.partition}:${service}:${place.region}:${place.accountId}:${resource}`;
  const roleArn = (role: string) => `arn:${place.partition}:iam::${place.accountId}:role${config.iam.path}${role}`;
  const bucketName = (purpose: string) => `${name}-${purpose}-${place.accountId}-${place.region}`;
  const bucket = bucketName('logs');
  const accessLogBucket = bucketName('access');
  const tenantTable = names.tenantTable ?? `${name}-tenant-configurations`;
  const ledgerTable = names.ledgerTable ?? `${name}-delivery-ledger`;
  const taskRole = names.taskRole ?? `${inAccount}-task`;
  const writerRole = names.writerRole ?? `${inAccount}-writer`;
  return {
    name,
    /** For what an account has one of under a name, whatever the region. */
    inAccount,
    place,
    bucket,
    bucketArn: `arn:${place.partition}:s3:::${bucket}`,
    accessLogBucket,
    accessLogBucketArn: `arn:${place.partition}:s3:::${accessLogBucket}`,
    hubTopic: `${name}-objects`,
    hubTopicArn: arn('sns', `${name}-objects`),
    alertsTopic: `${name}-alerts`,
    alertsTopicArn: arn('sns', `${name}-alerts`),
    queue: `${name}-delivery`,
    queueArn: arn('sqs', `${name}-delivery`),
    deadLetterQueue: `${name}-delivery-dlq`,
    deadLetterQueueArn: arn('sqs', `${name}-delivery-dlq`),
    tenantTable,
    tenantTableArn: arn('dynamodb', `table/${tenantTable}`),
    ledgerTable,
    ledgerTableArn: arn('dynamodb', `table/${ledgerTable}`),
    deliveryStream: `${name}-logs`,
    deliveryStreamArn: arn('firehose', `deliverystream/${name}-logs`),
    // Glue takes no hyphens in names that Athena shall read without quotes.
    glueDatabase: name.replaceAll('-', '_'),
    glueTable: 'logs',
    cluster: name,
    clusterArn: arn('ecs', `cluster/${name}`),
    service: 'log-distributor',
    repository: name,
    repositoryArn: arn('ecr', `repository/${name}`),
    serviceLogGroup: `/${config.project}/${config.environment}/service`,
    metricsLogGroup: `/${config.project}/${config.environment}/metrics`,
    firehoseLogGroup: `/aws/kinesisfirehose/${name}-logs`,
    flowLogGroup: `/${config.project}/${config.environment}/flow-logs`,
    logGroupArn: (group: string) => arn('logs', `log-group:${group}`),
    /** The role that customers trust. Its name is fixed, as it stands in their policies. */
    taskRole,
    taskRoleArn: roleArn(taskRole),
    executionRole: names.executionRole ?? `${inAccount}-execution`,
    firehoseRole: names.firehoseRole ?? `${inAccount}-firehose`,
    flowLogRole: `${inAccount}-flow-logs`,
    writerRole,
    writerRoleArn: roleArn(writerRole),
    /** The dimension of its metrics is the environment; projects of one account are told apart by this. */
    metricsNamespace: names.metricsNamespace ?? `LogDistributor/${config.project}`,
    /** Dashboards and budgets are the account's: their ARNs have no region. */
    overviewDashboard: inAccount,
    tenantDashboard: `${inAccount}-tenant`,
    budget: inAccount,
  };
}

type Limited =
  | 'bucket'
  | 'accessLogBucket'
  | 'flowLogRole'
  | 'taskRole'
  | 'executionRole'
  | 'firehoseRole'
  | 'writerRole'
  | 'queue'
  | 'deliveryStream';

/** The longest names that AWS takes, of those that a long project or environment would break first. */
export const NAME_LIMITS: readonly { readonly of: Limited; readonly lengthMax: number }[] = [
  // S3 user guide, "Bucket naming rules"; IAM user guide, "Name requirements"; SQS quotas; Firehose API reference.
  { of: 'bucket', lengthMax: 63 },
  { of: 'accessLogBucket', lengthMax: 63 },
  { of: 'taskRole', lengthMax: 64 },
  { of: 'executionRole', lengthMax: 64 },
  { of: 'firehoseRole', lengthMax: 64 },
  { of: 'writerRole', lengthMax: 64 },
  { of: 'flowLogRole', lengthMax: 64 },
  { of: 'queue', lengthMax: 80 },
  { of: 'deliveryStream', lengthMax: 64 },
];
