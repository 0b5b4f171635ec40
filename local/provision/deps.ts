import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

/**
 * The clients that provisioning works with, for any endpoint: the embedded AWS, moto, LocalStack. In the platform's own
 * account with the given credentials, in a tenant's with the role that AWS Organizations puts into every account.
 */
export interface ProvisionDeps {
  readonly region: string;
  readonly s3: Pick<S3Client, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly sns: Pick<SNSClient, 'send'>;
  readonly dynamo: Pick<DynamoDBClient, 'send'>;
  readonly sts: Pick<STSClient, 'send'>;
  iam(account: string): Pick<IAMClient, 'send'>;
  /** S3 as the account sees it, in the region of the platform unless another is named; `s3` is the platform's. */
  s3Of(account: string, region?: string): Pick<S3Client, 'send'>;
  logs(account: string, region: string): Pick<CloudWatchLogsClient, 'send'>;
  /** Closes the connections of all clients. */
  close(): void;
}

export interface ProvisionPlace {
  readonly endpointUrl: string;
  readonly region: string;
  /** Default: the platform's account of the embedded AWS, which is also LocalStack's own. moto's is 123456789012. */
  readonly accessKeyId?: string;
}

const ORGANIZATION_ROLE = 'OrganizationAccountAccessRole';
const SESSION_NAME = 'provisioning';

export function createProvisionDeps({ endpointUrl, region, accessKeyId = 'test' }: ProvisionPlace): ProvisionDeps {
  const credentials = { accessKeyId, secretAccessKey: 'test' };
  const own = { endpoint: endpointUrl, region, credentials };
  const sts = new STSClient(own);
  const clients: { destroy(): void }[] = [sts];

  const keep = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  /** One client for each account and place, so that a role is assumed once. */
  const once = <T extends { destroy(): void }>(made: Map<string, T>, key: string, make: () => T): T => {
    const client = made.get(key) ?? keep(make());
    made.set(key, client);
    return client;
  };
  const inAccount = (account: string) => async () => {
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${account}:role/${ORGANIZATION_ROLE}`,
        RoleSessionName: SESSION_NAME,
      }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
      throw new Error(`AssumeRole into ${account} answered without credentials`);
    }
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  };
  const iams = new Map<string, IAMClient>();
  const s3s = new Map<string, S3Client>();
  const logs = new Map<string, CloudWatchLogsClient>();

  return {
    region,
    sts,
    s3: keep(new S3Client({ ...own, forcePathStyle: true })),
    sqs: keep(new SQSClient(own)),
    sns: keep(new SNSClient(own)),
    dynamo: keep(new DynamoDBClient(own)),
    iam: (account) => once(iams, account, () => new IAMClient({ ...own, credentials: inAccount(account) })),
    s3Of: (account, target = region) =>
      once(s3s, `${account}/${target}`, () => {
        return new S3Client({ ...own, region: target, forcePathStyle: true, credentials: inAccount(account) });
      }),
    logs: (account, target) =>
      once(logs, `${account}/${target}`, () => {
        return new CloudWatchLogsClient({ ...own, region: target, credentials: inAccount(account) });
      }),
    close() {
      for (const client of clients) client.destroy();
    },
  };
}
