import type { Config, IamConfig } from './config.ts';

/** Where everything is: what ARNs are made of. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/**
 * Names and ARNs of the resources that policies speak of. Made from the settings, not read off the resources: a key's
 * policy names the bucket that is encrypted with the key, and only names can go in a circle.
 */
export type Names = ReturnType<typeof namesOf>;

export function namesOf(
  config: Pick<Config, 'project' | 'environment' | 'tenantTable' | 'ledgerTable'> & {
    readonly iam: Pick<IamConfig, 'path'>;
  },
  place: Place,
) {
  const name = `${config.project}-${config.environment}`;
  const arn = (service: string, resource: string) =>
    `arn:${place.partition}:${service}:${place.region}:${place.accountId}:${resource}`;
  const roleArn = (role: string) => `arn:${place.partition}:iam::${place.accountId}:role${config.iam.path}${role}`;
  // Bucket names are global: account and region make this one nobody else's.
  const bucketName = (purpose: string) => `${name}-${purpose}-${place.accountId}-${place.region}`;
  const bucket = bucketName('logs');
  const accessLogBucket = bucketName('access');
  return {
    name,
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
    tenantTable: config.tenantTable,
    tenantTableArn: arn('dynamodb', `table/${config.tenantTable}`),
    ledgerTable: config.ledgerTable,
    ledgerTableArn: arn('dynamodb', `table/${config.ledgerTable}`),
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
    taskRole: `${name}-task`,
    taskRoleArn: roleArn(`${name}-task`),
    executionRole: `${name}-execution`,
    firehoseRole: `${name}-firehose`,
    flowLogRole: `${name}-flow-logs`,
    writerRole: `${name}-writer`,
    writerRoleArn: roleArn(`${name}-writer`),
    metricsNamespace: 'LogDistributor',
  };
}
