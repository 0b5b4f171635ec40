import { type CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeRepositoriesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import { DescribeClustersCommand, type ECSClient } from '@aws-sdk/client-ecs';
import { GetRoleCommand, type IAMClient } from '@aws-sdk/client-iam';
import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { GetTopicAttributesCommand, type SNSClient } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { faultOf } from '../../service/aws/fault.ts';
import type { Place } from '../values/names.ts';
import { isMissing } from './missing.ts';
import type { Change } from './plan.ts';

/** What the search for existing resources calls. */
export interface AccountClients {
  readonly dynamo: Pick<DynamoDBClient, 'send'>;
  readonly ecr: Pick<ECRClient, 'send'>;
  readonly ecs: Pick<ECSClient, 'send'>;
  readonly iam: Pick<IAMClient, 'send'>;
  readonly logs: Pick<CloudWatchLogsClient, 'send'>;
  readonly s3: Pick<S3Client, 'send'>;
  readonly sns: Pick<SNSClient, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
}

/** A resource that a plan would create, and that is there already. */
export interface Collision {
  readonly address: string;
  /** As in `table log-distributor-staging-delivery-ledger`. */
  readonly what: string;
  /** Its ARN, URL or account. */
  readonly where: string;
  /** What `terraform import` takes. */
  readonly importId: string;
}

interface Found {
  readonly where: string | undefined;
  readonly importId: string;
}

/** How a resource of a type is looked up by its name. A call that finds nothing throws, or returns undefined. */
interface Probe {
  readonly noun: string;
  find(name: string, clients: AccountClients, place: Place): Promise<Found | undefined>;
}

/**
 * The types that are looked up. Those of the other types carry the same project and environment, and cannot be there
 * without some of these.
 */
const PROBES: Readonly<Record<string, Probe>> = {
  aws_dynamodb_table: {
    noun: 'table',
    async find(name, { dynamo }) {
      const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
      return { where: Table?.TableArn, importId: name };
    },
  },
  aws_iam_role: {
    noun: 'role',
    async find(name, { iam }) {
      const { Role } = await iam.send(new GetRoleCommand({ RoleName: name }));
      return { where: Role?.Arn, importId: name };
    },
  },
  aws_s3_bucket: {
    noun: 'bucket',
    async find(name, { s3 }, { accountId }) {
      try {
        await s3.send(new HeadBucketCommand({ Bucket: name, ExpectedBucketOwner: accountId }));
        return { where: `account ${accountId}`, importId: name };
      } catch (error) {
        // A bucket that is nobody's is missing, whatever the permissions; this one is another account's.
        if (faultOf(error) !== 'refused') throw error;
        return { where: 'another account', importId: name };
      }
    },
  },
  aws_sqs_queue: {
    noun: 'queue',
    async find(name, { sqs }) {
      const { QueueUrl = '' } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
      return { where: QueueUrl, importId: QueueUrl };
    },
  },
  aws_sns_topic: {
    noun: 'topic',
    async find(name, { sns }, { partition, region, accountId }) {
      const arn = `arn:${partition}:sns:${region}:${accountId}:${name}`;
      await sns.send(new GetTopicAttributesCommand({ TopicArn: arn }));
      return { where: arn, importId: arn };
    },
  },
  aws_cloudwatch_log_group: {
    noun: 'log group',
    async find(name, { logs }) {
      const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
      const group = logGroups.find(({ logGroupName }) => logGroupName === name);
      return group && { where: group.arn, importId: name };
    },
  },
  aws_ecr_repository: {
    noun: 'repository',
    async find(name, { ecr }) {
      const { repositories = [] } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
      return { where: repositories[0]?.repositoryArn, importId: name };
    },
  },
  aws_ecs_cluster: {
    noun: 'cluster',
    async find(name, { ecs }) {
      const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [name] }));
      const cluster = clusters.find(({ status }) => status === 'ACTIVE');
      return cluster && { where: cluster.clusterArn, importId: name };
    },
  },
};

export const PROBED_TYPES: readonly string[] = Object.keys(PROBES);

/** Resources that a plan would create and that exist already: AWS would refuse them, or hand over what is another's. */
export async function collisionsOf(
  changes: readonly Change[],
  clients: AccountClients,
  place: Place,
): Promise<readonly Collision[]> {
  const created = changes.filter(({ creates, deletes }) => creates && !deletes);
  const collisions = await Promise.all(
    created.map(async ({ type, address, after }) => {
      const name = after.name ?? after.bucket;
      const probe = PROBES[type];
      if (probe === undefined || typeof name !== 'string') return [];
      const found = await lookUp(probe, name, clients, place);
      const where = found?.where ?? `account ${place.accountId}`;
      return found ? [{ address, what: `${probe.noun} ${name}`, where, importId: found.importId }] : [];
    }),
  );
  return collisions.flat();
}

async function lookUp(probe: Probe, name: string, clients: AccountClients, place: Place): Promise<Found | undefined> {
  try {
    return await probe.find(name, clients, place);
  } catch (error) {
    // What these credentials may not look up, Terraform finds out when it creates it.
    if (isMissing(error) || faultOf(error) === 'refused') return undefined;
    throw error;
  }
}

/** One list: what exists, where, and what to do. */
export function describeCollisions(collisions: readonly Collision[], folder: string): string {
  const lines = collisions.flatMap(({ what, where, address, importId }) => [
    `  ${what} (${where})`,
    `    terraform -chdir=${folder} import ${address} ${importId}`,
  ]);
  return [
    'These resources exist already, and Terraform did not make them for this deployment:',
    ...lines,
    'If they are of this deployment and its state was lost, import each with the command below it. Otherwise they are',
    'of another deployment: choose another --project, or names of your own for tables and roles (settings `names`).',
  ].join('\n');
}
