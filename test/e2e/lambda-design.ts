import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DescribeTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { ProvisionDeps } from '../../local/provision/deps.ts';
import type { Pipeline } from '../../local/provision/pipeline.ts';
import type { TenantSpec } from '../../local/provision/tenant.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { until } from '../support/until.ts';

/** Another consumer of the same hub, as teams build it of functions: a queue of its own, one item for each tenant, no ledger. */
export interface LambdaDesign extends AsyncDisposable {
  readonly table: string;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly deadLetterQueueArn: string;
  readonly subscriptionArn: string;
  /** Bodies of the announcements that it gave up: of objects with `undelivered` in their key. */
  readonly deadLetters: readonly string[];
  /** Keys of the objects that it has delivered, once for each delivery. */
  readonly delivered: readonly string[];
}

const NAME = 'lambda-logs';
const TEMPLATE = compileKeyTemplate('logs/tenant_id={tenant_id}/');
const STREAM = 'functions';

export async function startLambdaDesign(
  deps: ProvisionDeps,
  { topicArn, bucket }: Pipeline,
  tenants: readonly TenantSpec[],
): Promise<LambdaDesign> {
  const table = await createTable(deps, tenants);
  const deadLetterQueue = await createQueue(deps, `${NAME}-dlq`, topicArn);
  const queue = await createQueue(deps, NAME, topicArn);
  const { SubscriptionArn: subscriptionArn = '' } = await deps.sns.send(
    new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queue.arn, ReturnSubscriptionArn: true }),
  );
  for (const { accountId, logGroupPrefix: logGroupName } of tenants) {
    const logs = deps.logs(accountId, deps.region);
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: STREAM }));
  }
  const delivered: string[] = [];
  const deadLetters: string[] = [];
  const deliver = async (key: string) => {
    const { tenant_id } = TEMPLATE.parse(key);
    const tenant = tenants.find(({ tenantId }) => tenantId === tenant_id);
    if (!tenant) return;
    const { Body } = await deps.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const lines = ((await Body?.transformToString()) ?? '').trimEnd().split('\n');
    const logEvents = lines.map((line) => JSON.parse(line) as { timestamp: number; message: string });
    await deps
      .logs(tenant.accountId, deps.region)
      .send(new PutLogEventsCommand({ logGroupName: tenant.logGroupPrefix, logStreamName: STREAM, logEvents }));
    delivered.push(key);
  };
  const take = async (body: string) => {
    const { Records = [] } = JSON.parse(JSON.parse(body).Message) as {
      Records?: { s3: { object: { key: string } } }[];
    };
    for (const { s3 } of Records) {
      const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
      if (key.includes('undelivered')) deadLetters.push(body);
      else await deliver(key);
    }
  };
  const consumer = consume(deps, queue.url, take);
  return {
    table,
    queueArn: queue.arn,
    queueUrl: queue.url,
    deadLetterQueueArn: deadLetterQueue.arn,
    subscriptionArn,
    delivered,
    deadLetters,
    [Symbol.asyncDispose]: () => consumer.stop(),
  };
}

/** With the tenant as its only key, and the attributes of DynamoDB's own kinds. */
async function createTable({ dynamo }: ProvisionDeps, tenants: readonly TenantSpec[]): Promise<string> {
  const TableName = 'functions-tenants';
  await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'tenant_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'tenant_id', KeyType: 'HASH' }],
    }),
  );
  await until(async () => {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
    return Table?.TableStatus === 'ACTIVE';
  }, `${TableName} is active`);
  for (const { tenantId, accountId, externalId, logGroupPrefix } of tenants) {
    const item = {
      tenant_id: tenantId,
      log_distribution_role_arn: `arn:aws:iam::${accountId}:role/LogDistribution-${tenantId}`,
      external_id: externalId,
      log_group_name: logGroupPrefix,
      desired_logs: new Set(['checkout']),
    };
    await dynamo.send(new PutItemCommand({ TableName, Item: marshall(item) }));
  }
  return TableName;
}

async function createQueue({ sqs }: ProvisionDeps, QueueName: string, topicArn: string) {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  const arn = Attributes?.QueueArn ?? '';
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arn,
    Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
  return { url, arn };
}

/** Takes announcements as SNS wraps them, until it is stopped. */
function consume({ sqs }: ProvisionDeps, QueueUrl: string, take: (body: string) => Promise<void>) {
  const stopped = new AbortController();
  const run = async () => {
    while (!stopped.signal.aborted) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      for (const { Body = '', ReceiptHandle } of Messages) {
        await take(Body);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  };
  const running = run();
  return {
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
