import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { readToolSettings } from '../../service/base/settings.ts';
import { MESSAGE_DAYS_MAX } from '../../service/core/limits.ts';
import { MAX_RECEIVE_COUNT } from '../../service/core/receives.ts';
import { LEDGER_EXPIRES_AT, LEDGER_TABLE_KEYS, RECEIPT_INDEX, TENANT_TABLE_KEYS } from '../../service/core/tables.ts';
import { provisionBucket } from './bucket.ts';
import type { ProvisionDeps } from './deps.ts';
import { provisionTable } from './table.ts';

/** What the pipeline is called, and what is optional about it. */
export interface PipelineNames {
  readonly bucket: string;
  readonly topic: string;
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly tenantTable: string;
  readonly ledgerTable: string;
  /** Objects below it are announced. */
  readonly logsPrefix: string;
  /** Default false: the queue gets SNS's envelopes. */
  readonly rawDelivery?: boolean;
  /** Default false. */
  readonly versioning?: boolean;
}

export const PIPELINE_NAMES: PipelineNames = {
  bucket: 'central-logs',
  topic: 'log-objects',
  queue: 'log-distributor',
  deadLetterQueue: 'log-distributor-dead-letters',
  tenantTable: 'tenant-configurations',
  ledgerTable: 'delivery-ledger',
  logsPrefix: 'logs/',
};

export interface Pipeline extends PipelineNames {
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly deadLetterQueueUrl: string;
  readonly topicArn: string;
}

const RETENTION_SECONDS = String(MESSAGE_DAYS_MAX * 24 * 3600);

/** Creates the bucket, what it tells of its objects, the queue, and the tables. Whatever exists is kept and brought up to date. */
export async function provisionPipeline(deps: ProvisionDeps, names: PipelineNames = PIPELINE_NAMES): Promise<Pipeline> {
  const { visibilityTimeoutSeconds } = readToolSettings({});
  const { Account: account = '' } = await deps.sts.send(new GetCallerIdentityCommand({}));
  const bucketArn = `arn:aws:s3:::${names.bucket}`;
  await provisionBucket(deps.s3, names.bucket, deps.region);
  if (names.versioning) await enableVersioning(deps, names);
  const { TopicArn: topicArn = '' } = await deps.sns.send(new CreateTopicCommand({ Name: names.topic }));
  const topicPolicy = allowService('s3.amazonaws.com', 'sns:Publish', topicArn, {
    StringEquals: { 'aws:SourceAccount': account },
    ArnLike: { 'aws:SourceArn': bucketArn },
  });
  await deps.sns.send(
    new SetTopicAttributesCommand({ TopicArn: topicArn, AttributeName: 'Policy', AttributeValue: topicPolicy }),
  );
  const deadLetters = await provisionQueue(deps, names.deadLetterQueue, () => ({
    MessageRetentionPeriod: RETENTION_SECONDS,
  }));
  const queue = await provisionQueue(deps, names.queue, (arn) => ({
    MessageRetentionPeriod: RETENTION_SECONDS,
    ReceiveMessageWaitTimeSeconds: '20',
    VisibilityTimeout: String(visibilityTimeoutSeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: MAX_RECEIVE_COUNT }),
    Policy: allowService('sns.amazonaws.com', 'sqs:SendMessage', arn, { ArnEquals: { 'aws:SourceArn': topicArn } }),
  }));
  await subscribe(deps, topicArn, queue.arn, names.rawDelivery ?? false);
  await notify(deps, names, topicArn);
  await provisionTable(deps, { name: names.tenantTable, keys: TENANT_TABLE_KEYS });
  await provisionTable(deps, {
    name: names.ledgerTable,
    keys: LEDGER_TABLE_KEYS,
    expiresAt: LEDGER_EXPIRES_AT,
    index: RECEIPT_INDEX,
  });
  return { ...names, topicArn, queueUrl: queue.url, queueArn: queue.arn, deadLetterQueueUrl: deadLetters.url };
}

async function enableVersioning({ s3 }: ProvisionDeps, { bucket }: PipelineNames): Promise<void> {
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
}

/** Attributes are set in a call of their own: creating a queue again with others would be refused. */
async function provisionQueue(
  { sqs }: ProvisionDeps,
  name: string,
  attributesFor: (arn: string) => Record<string, string>,
): Promise<{ readonly url: string; readonly arn: string }> {
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes: found } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  const arn = found?.QueueArn ?? '';
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributesFor(arn) }));
  return { url, arn };
}

async function subscribe({ sns }: ProvisionDeps, topicArn: string, queueArn: string, raw: boolean): Promise<void> {
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn, ReturnSubscriptionArn: true }),
  );
  if (!raw) return;
  await sns.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn,
      AttributeName: 'RawMessageDelivery',
      AttributeValue: 'true',
    }),
  );
}

/** Only where it is not so already: S3 sends a test event each time. */
async function notify({ s3 }: ProvisionDeps, { bucket, logsPrefix }: PipelineNames, topicArn: string): Promise<void> {
  const current = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: bucket }));
  const exists = current.TopicConfigurations?.some(
    (one) =>
      one.TopicArn === topicArn && one.Filter?.Key?.FilterRules?.some(({ Value }) => Value === logsPrefix) === true,
  );
  if (exists) return;
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: bucket,
      NotificationConfiguration: {
        TopicConfigurations: [
          {
            Id: 'log-objects',
            TopicArn: topicArn,
            Events: ['s3:ObjectCreated:*'],
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: logsPrefix }] } },
          },
        ],
      },
    }),
  );
}

function allowService(service: string, action: string, resource: string, condition: object): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: service }, Action: action, Resource: resource, Condition: condition },
    ],
  });
}
