import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts';
import { type Cloud, type CloudOptions, startCloud } from 'embedded-aws';

/** Credentials, or the key of an account: its twelve digits, or `test` for the platform's. */
export type Identity =
  | string
  | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };

/** The AWS SDK's clients of one identity. They do not retry: a test wants to see what is answered. */
export interface Clients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly sts: STSClient;
  readonly iam: IAMClient;
  readonly logs: CloudWatchLogsClient;
  readonly dynamo: DynamoDBClient;
}

export interface TestCloud {
  readonly cloud: Cloud;
  as(identity: Identity, region?: string): Clients;
  /** A session of a role, assumed by the platform's account unless by somebody else. */
  assume(input: Omit<AssumeRoleCommandInput, 'RoleSessionName'>, by?: Identity): Promise<Identity>;
  close(): Promise<void>;
}

export const TEST_REGION = 'us-east-1';

/**
 * An embedded AWS for a test file; whatever goes wrong behind its answers is in `problems`.
 * @param clientClockOffsetMs how far the clients' clock is ahead of the machine's
 */
export async function openCloud(
  options: CloudOptions = {},
  clientClockOffsetMs = 0,
): Promise<TestCloud & { readonly problems: string[] }> {
  const problems: string[] = [];
  const cloud = await startCloud({ onProblem: (problem) => problems.push(problem), ...options });
  const made: { destroy(): void }[] = [];

  const as = (identity: Identity, region = TEST_REGION): Clients => {
    const credentials = typeof identity === 'string' ? { accessKeyId: identity, secretAccessKey: 'test' } : identity;
    const config = { endpoint: cloud.url, region, credentials, maxAttempts: 1, systemClockOffset: clientClockOffsetMs };
    const clients = {
      s3: new S3Client(config),
      sqs: new SQSClient(config),
      sns: new SNSClient(config),
      sts: new STSClient(config),
      iam: new IAMClient(config),
      logs: new CloudWatchLogsClient(config),
      dynamo: new DynamoDBClient(config),
    };
    made.push(...Object.values(clients));
    return clients;
  };
  return {
    cloud,
    problems,
    as,
    async assume(input, by = 'test') {
      const command = new AssumeRoleCommand({ ...input, RoleSessionName: 'test-session' });
      const { Credentials } = await as(by).sts.send(command);
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('AssumeRole answered without credentials');
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    },
    async close() {
      for (const client of made) client.destroy();
      await cloud.close();
    },
  };
}

/** For `assert.rejects`: an error of the AWS SDK by its name and, if given, its status and a part of its message. */
export function awsError(
  name: string,
  expected: { readonly status?: number; readonly message?: string | RegExp } = {},
) {
  return (error: unknown): true => {
    if (!(error instanceof Error)) throw new TypeError(`thrown was no error: ${error}`);
    const { $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
    const text = `${error.name} ${$metadata?.httpStatusCode}: ${error.message}`;
    const { status, message } = expected;
    const wrong =
      error.name !== name ||
      (status !== undefined && $metadata?.httpStatusCode !== status) ||
      (typeof message === 'string' && !error.message.includes(message)) ||
      (message instanceof RegExp && !message.test(error.message));
    if (wrong) throw new Error(`expected ${name} ${JSON.stringify(expected)}, got ${text}`, { cause: error });
    return true;
  };
}
