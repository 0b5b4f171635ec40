import type { Names } from '../values/names.ts';
import { denyPlainText, type PolicyDocument, policy } from './document.ts';

/** The hub: our bucket publishes, nobody else does. */
export function hubTopicPolicy(names: Names): PolicyDocument {
  return policy(
    {
      Sid: 'BucketPublishes',
      Effect: 'Allow',
      Principal: { Service: ['s3.amazonaws.com'] },
      Action: ['sns:Publish'],
      Resource: [names.hubTopicArn],
      Condition: {
        StringEquals: { 'aws:SourceAccount': [names.place.accountId] },
        ArnLike: { 'aws:SourceArn': [names.bucketArn] },
      },
    },
    denyPlainText(['sns:Publish'], [names.hubTopicArn]),
  );
}

/** Alarms, the budget and anomaly detection publish alerts of this account. */
export function alertsTopicPolicy(names: Names): PolicyDocument {
  return policy(
    {
      Sid: 'AlertsPublish',
      Effect: 'Allow',
      Principal: { Service: ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com', 'costalerts.amazonaws.com'] },
      Action: ['sns:Publish'],
      Resource: [names.alertsTopicArn],
      Condition: { StringEquals: { 'aws:SourceAccount': [names.place.accountId] } },
    },
    denyPlainText(['sns:Publish'], [names.alertsTopicArn]),
  );
}

/** A queue that one topic sends to. Its readers have their permission from their own role. */
export function spokeQueuePolicy(queueArn: string, topicArn: string): PolicyDocument {
  return policy(
    {
      Sid: 'HubDelivers',
      Effect: 'Allow',
      Principal: { Service: ['sns.amazonaws.com'] },
      Action: ['sqs:SendMessage'],
      Resource: [queueArn],
      Condition: { ArnEquals: { 'aws:SourceArn': [topicArn] } },
    },
    denyPlainText(['sqs:*'], [queueArn]),
  );
}
