import { MESSAGE_DAYS_MAX } from '../../../service/core/limits.ts';
import { hubTopicPolicy, spokeQueuePolicy } from '../../policies/messaging.ts';
import { QUEUE_RETENTION_DAYS } from '../choices.ts';
import { findInMap, getAtt, ifElse, type JsonObject, ref, toJson } from '../intrinsics.ts';
import type { Resource } from '../stack.ts';
import { NAMES, NUMBERS } from '../symbolic.ts';
import { keyArn } from './keys.ts';

const SECONDS_PER_DAY = 86_400;

/** Days of the queue's retention in seconds, as SQS wants them. */
export const QUEUE_RETENTION: JsonObject = Object.fromEntries(
  QUEUE_RETENTION_DAYS.map((days) => [String(days), { Seconds: days * SECONDS_PER_DAY }]),
);

/** Hub and spoke, as constructs/hub.ts and constructs/spoke.ts make them. */
export function messagingResources(): Readonly<Record<string, Resource>> {
  return {
    HubTopic: {
      Type: 'AWS::SNS::Topic',
      Properties: { TopicName: NAMES.hubTopic, KmsMasterKeyId: ifElse('WithOwnKeys', keyArn('Messaging')) },
    },
    HubTopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: { Topics: [ref('HubTopic')], PolicyDocument: toJson(hubTopicPolicy(NAMES)) },
    },
    DeadLetterQueue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: NAMES.deadLetterQueue,
        ...queueEncryption(),
        MessageRetentionPeriod: MESSAGE_DAYS_MAX * SECONDS_PER_DAY,
        RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [NAMES.queueArn] },
      },
    },
    DeadLetterQueuePolicy: queuePolicy('DeadLetterQueue', NAMES.deadLetterQueueArn),
    DeliveryQueue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        QueueName: NAMES.queue,
        ...queueEncryption(),
        MessageRetentionPeriod: findInMap('QueueRetention', ref('QueueRetentionDays'), 'Seconds'),
        VisibilityTimeout: NUMBERS.of('VisibilityTimeoutSeconds'),
        ReceiveMessageWaitTimeSeconds: 20,
        RedrivePolicy: {
          deadLetterTargetArn: getAtt('DeadLetterQueue', 'Arn'),
          maxReceiveCount: NUMBERS.of('MaxReceiveCount'),
        },
      },
    },
    DeliveryQueuePolicy: queuePolicy('DeliveryQueue', NAMES.queueArn),
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      DependsOn: ['DeliveryQueuePolicy', 'DeadLetterQueuePolicy'],
      Properties: {
        TopicArn: ref('HubTopic'),
        Protocol: 'sqs',
        Endpoint: getAtt('DeliveryQueue', 'Arn'),
        RedrivePolicy: { deadLetterTargetArn: getAtt('DeadLetterQueue', 'Arn') },
      },
    },
  };
}

function queueEncryption(): JsonObject {
  return {
    KmsMasterKeyId: ifElse('WithOwnKeys', keyArn('Messaging')),
    SqsManagedSseEnabled: ifElse('WithOwnKeys', { Ref: 'AWS::NoValue' }, true),
  };
}

function queuePolicy(queue: string, arn: string): Resource {
  return {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: { Queues: [ref(queue)], PolicyDocument: toJson(spokeQueuePolicy(arn, NAMES.hubTopicArn)) },
  };
}
