import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Config } from '../config/config.ts';
import type { Place } from '../values/names.ts';

export type Clients = ReturnType<typeof createClients>;

/** How long AWS may be silent before somebody at a terminal is told. */
const TIMEOUT_MS = 30_000;

/** The SDK's clients for the account that is deployed to; `endpointUrl` is an emulator's. */
export function createClients(region: string, endpointUrl: string | undefined) {
  const place = {
    region,
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      throwOnRequestTimeout: true,
    }),
  };
  return {
    dynamo: new DynamoDBClient(place),
    ecr: new ECRClient(place),
    ecs: new ECSClient(place),
    iam: new IAMClient(place),
    logs: new CloudWatchLogsClient(place),
    // An emulator's host has no names for buckets.
    s3: new S3Client({ ...place, forcePathStyle: endpointUrl !== undefined }),
    sns: new SNSClient(place),
    sqs: new SQSClient(place),
    sts: new STSClient(place),
  };
}

/**
 * The account of the credentials.
 * @throws Error when it is another one than the settings allow
 */
export async function callerPlace(sts: Pick<STSClient, 'send'>, config: Config): Promise<Place> {
  const { Account: accountId, Arn: arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
  if (accountId === undefined) throw new Error('STS does not say which account the credentials belong to');
  if (config.accountId !== undefined && config.accountId !== accountId) {
    throw new Error(
      `these are credentials of account ${accountId} (${arn}), ${config.environment} is in ${config.accountId}`,
    );
  }
  const [, partition = 'aws'] = arn.split(':');
  return { partition, region: config.region, accountId };
}
