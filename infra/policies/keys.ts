import type { Names, Place } from '../values/names.ts';
import { logsPrincipal } from '../values/partition.ts';
import { type PolicyDocument, policy, type Statement } from './document.ts';

/** Without it a key belongs to nobody: IAM policies of the account decide who may use it (KMS developer guide, "Default key policy"). */
function accountDecides({ partition, accountId }: Place): Statement {
  return {
    Sid: 'AccountDecides',
    Effect: 'Allow',
    Principal: { AWS: [`arn:${partition}:iam::${accountId}:root`] },
    Action: ['kms:*'],
    Resource: ['*'],
  };
}

/** The key of bucket, tables, images and Firehose: only roles use it, so the account's IAM policies say all. */
export function dataKeyPolicy(names: Names): PolicyDocument {
  return policy(accountDecides(names.place));
}

/** The key that signs receipts: only the task role uses it, by its own policy. */
export function receiptKeyPolicy(names: Names): PolicyDocument {
  return policy(accountDecides(names.place));
}

/**
 * The key of topics and queues. S3 publishes to an encrypted topic and SNS delivers to an encrypted queue only if the
 * key itself lets them. Where AWS documents that the request for the key says whom it is for, that is asked for; for S3
 * it does not, and there it is the topic's policy that lets in our bucket alone.
 */
export function messagingKeyPolicy(names: Names): PolicyDocument {
  const serviceUses = (sid: string, service: string, condition: Statement['Condition']): Statement => ({
    Sid: sid,
    Effect: 'Allow',
    Principal: { Service: [service] },
    Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
    Resource: ['*'],
    ...(condition ? { Condition: condition } : {}),
  });
  const ours = { 'aws:SourceAccount': [names.place.accountId] };
  return policy(
    accountDecides(names.place),
    serviceUses('BucketPublishes', 's3.amazonaws.com', undefined),
    serviceUses('TopicsDeliver', 'sns.amazonaws.com', {
      StringEquals: ours,
      ArnLike: { 'aws:SourceArn': [names.hubTopicArn, names.alertsTopicArn] },
    }),
    serviceUses('AlarmsPublish', 'cloudwatch.amazonaws.com', { StringEquals: ours }),
    serviceUses('BudgetPublishes', 'budgets.amazonaws.com', { StringEquals: ours }),
    serviceUses('AnomaliesPublish', 'costalerts.amazonaws.com', { StringEquals: ours }),
  );
}

/** The key of log groups: CloudWatch Logs uses it, for our groups only (CloudWatch Logs user guide, "Encrypt log data"). */
export function logsKeyPolicy(names: Names): PolicyDocument {
  const groups = [names.serviceLogGroup, names.metricsLogGroup, names.firehoseLogGroup, names.flowLogGroup];
  return policy(accountDecides(names.place), {
    Sid: 'LogsEncrypt',
    Effect: 'Allow',
    Principal: { Service: [logsPrincipal(names.place)] },
    Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
    Resource: ['*'],
    Condition: { ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': groups.map(names.logGroupArn) } },
  });
}
