import { CANARY } from '../../service/core/canary.ts';
import { RECEIPT_INDEX } from '../../service/core/tables.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import type { Workspace } from '../values/remote-write.ts';
import { type PolicyDocument, policy, type Statement, useKeyThrough } from './document.ts';

/** ARNs of the keys in use; undefined where AWS's own keys encrypt. */
export interface KeyArns {
  readonly data: string | undefined;
  readonly messaging: string | undefined;
}

/** What is not always there, and so not always allowed. */
export interface TaskFeatures {
  readonly tracing: boolean;
  /** Writes canaries (docs/decisions/0050). */
  readonly canary: boolean;
  /** ARN of the key that signs receipts (docs/receipts.md); undefined where there are none. */
  readonly receiptKey?: string | undefined;
  /** Sums up the usage of tenants (docs/guide/cost.md). */
  readonly usage: boolean;
  /** Compares the bucket with the ledger (docs/decisions/0057). */
  readonly reconcile: boolean;
  /** Where the collector writes metrics to. */
  readonly prometheus?: Workspace | undefined;
}

/** What the distributor does on AWS, and nothing else: each statement is one thing that `service/` does. */
export function taskRolePolicy(
  names: Names,
  layout: ObjectLayout,
  keys: KeyArns,
  { tracing, canary, receiptKey, usage, reconcile, prometheus }: TaskFeatures,
): PolicyDocument {
  const { partition, region } = names.place;
  return policy(
    {
      // And gives them back: a message that failed is sent anew with its history.
      Sid: 'TakeMessages',
      Effect: 'Allow',
      Action: [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:SendMessage',
        'sqs:GetQueueAttributes',
      ],
      Resource: [names.queueArn],
    },
    {
      // And looks whether it is there, and another queue than the first.
      Sid: 'SendDeadLetters',
      Effect: 'Allow',
      Action: ['sqs:SendMessage', 'sqs:GetQueueAttributes'],
      Resource: [names.deadLetterQueueArn],
    },
    {
      Sid: 'ReadObjects',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: [`${names.bucketArn}/${layout.logsPrefix}*`],
    },
    // Without it S3 answers 403 for an object that is gone, and the service could not tell that from a broken policy
    // (S3 API reference, GetObject, "Permissions"). A condition on the prefix would not match a GetObject.
    { Sid: 'TellGoneFromForbidden', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [names.bucketArn] },
    {
      Sid: 'WriteQuarantine',
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: [`${names.bucketArn}/${layout.quarantinePrefix}*`],
    },
    {
      // And lists who wants to be told of progress, and who gets canaries.
      Sid: 'LookUpTenants',
      Effect: 'Allow',
      Action: ['dynamodb:Query', 'dynamodb:Scan', 'dynamodb:DescribeTable'],
      Resource: [names.tenantTableArn],
    },
    {
      Sid: 'KeepLedger',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DescribeTable'],
      Resource: [names.ledgerTableArn],
    },
    ...(usage ? [sumUpUsage(names)] : []),
    ...becomeTenants(partition),
    {
      Sid: 'ProtectOwnTask',
      Effect: 'Allow',
      Action: ['ecs:GetTaskProtection', 'ecs:UpdateTaskProtection'],
      Resource: [`arn:${partition}:ecs:${region}:${names.place.accountId}:task/${names.cluster}/*`],
    },
    {
      Sid: 'PublishMetrics',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      Resource: [`${names.logGroupArn(names.metricsLogGroup)}:*`],
    },
    ...(canary ? writeCanaries(names, layout) : []),
    ...(receiptKey === undefined ? [] : issueReceipts(names, receiptKey)),
    ...(reconcile ? compareBucket(names) : []),
    ...(tracing ? [PUBLISH_TRACES] : []),
    ...(prometheus ? [writePrometheus(names, prometheus)] : []),
    ...useKeyThrough('ReadAndQuarantine', 's3', names.place, keys.data, ['kms:Decrypt', 'kms:GenerateDataKey']),
    ...useKeyThrough('UseTables', 'dynamodb', names.place, keys.data, ['kms:Decrypt']),
    ...useKeyThrough('UseQueues', 'sqs', names.place, keys.messaging, ['kms:Decrypt', 'kms:GenerateDataKey']),
  );
}

/**
 * Customers' roles and no others, in any account and under any path, and only as somebody: without the tag `tenant_id`
 * on the request there is no session. Which tenant may be named is said by the role's own trust policy.
 */
function becomeTenants(partition: string): readonly Statement[] {
  return [
    {
      Sid: 'BecomeTenants',
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Resource: [`arn:${partition}:iam::*:role/LogDistribution*`, `arn:${partition}:iam::*:role/*/LogDistribution*`],
      Condition: { Null: { 'aws:RequestTag/tenant_id': ['false'] } },
    },
  ];
}

/** Under the prefix of the logs nothing but canaries. */
function writeCanaries(names: Names, { logsPrefix }: ObjectLayout): readonly Statement[] {
  return [
    {
      Sid: 'WriteCanaries',
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: [`${names.bucketArn}/${logsPrefix}*/${CANARY}/*`],
    },
  ];
}

function sumUpUsage({ ledgerTableArn }: Names): Statement {
  return {
    Sid: 'SumUpUsage',
    Effect: 'Allow',
    Action: ['dynamodb:Query', 'dynamodb:Scan'],
    Resource: [ledgerTableArn],
  };
}

/** Finds what no receipt has yet, and signs. Receipts are written with the tenants' own roles. */
function issueReceipts({ ledgerTableArn }: Names, keyArn: string): readonly Statement[] {
  return [
    {
      Sid: 'FindDueReceipts',
      Effect: 'Allow',
      Action: ['dynamodb:Query', 'dynamodb:BatchGetItem'],
      Resource: [ledgerTableArn, `${ledgerTableArn}/index/${RECEIPT_INDEX.name}`],
    },
    { Sid: 'SignReceipts', Effect: 'Allow', Action: ['kms:Sign', 'kms:GetPublicKey'], Resource: [keyArn] },
  ];
}

/** What is in the bucket, by version, and what the ledger and the other tasks say of it. */
function compareBucket(names: Names): readonly Statement[] {
  return [
    { Sid: 'ListVersions', Effect: 'Allow', Action: ['s3:ListBucketVersions'], Resource: [names.bucketArn] },
    {
      Sid: 'CompareLedger',
      Effect: 'Allow',
      Action: ['dynamodb:BatchGetItem', 'dynamodb:Query'],
      Resource: [names.ledgerTableArn],
    },
  ];
}

/** X-Ray knows no resources (service authorization reference, AWS X-Ray): the one `*` for a write here. */
const PUBLISH_TRACES: Statement = {
  Sid: 'PublishTraces',
  Effect: 'Allow',
  Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  Resource: ['*'],
};

function writePrometheus({ place }: Names, { region, id }: Workspace): Statement {
  return {
    Sid: 'WritePrometheus',
    Effect: 'Allow',
    Action: ['aps:RemoteWrite'],
    Resource: [`arn:${place.partition}:aps:${region}:${place.accountId}:workspace/${id}`],
  };
}

/** What ECS itself does for a task: pull its image and write its log. */
export function executionRolePolicy(names: Names): PolicyDocument {
  return policy(
    // Knows no resources: the token is the account's (service authorization reference, Amazon ECR).
    { Sid: 'LogInToRegistry', Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: ['*'] },
    {
      Sid: 'PullImage',
      Effect: 'Allow',
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
      Resource: [names.repositoryArn],
    },
    {
      Sid: 'WriteLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [`${names.logGroupArn(names.serviceLogGroup)}:*`],
    },
  );
}
