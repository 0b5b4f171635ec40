import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import { type PolicyDocument, policy, trustService, useKeyThrough } from './document.ts';

/**
 * Only for our account: another account's stream cannot borrow the role. Firehose says whose stream it is by the external id, and
 * documents no `aws:SourceAccount` (Firehose developer guide, "Allow Firehose to assume an IAM role").
 */
export function firehoseTrust(names: Names): PolicyDocument {
  return trustService('firehose.amazonaws.com', { StringEquals: { 'sts:ExternalId': [names.place.accountId] } });
}

/** What Firehose needs to write to S3 with format conversion (Firehose developer guide, "Grant access to an S3 destination"). */
export function firehoseRolePolicy(names: Names, layout: ObjectLayout, dataKeyArn: string | undefined): PolicyDocument {
  const { partition, region, accountId } = names.place;
  const glue = (resource: string) => `arn:${partition}:glue:${region}:${accountId}:${resource}`;
  return policy(
    {
      Sid: 'KnowBucket',
      Effect: 'Allow',
      Action: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
      Resource: [names.bucketArn],
    },
    {
      Sid: 'WriteObjects',
      Effect: 'Allow',
      Action: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
      Resource: [`${names.bucketArn}/${layout.logsPrefix}*`, `${names.bucketArn}/${layout.firehoseErrorPrefix}*`],
    },
    {
      Sid: 'ReadSchema',
      Effect: 'Allow',
      Action: ['glue:GetTable', 'glue:GetTableVersion', 'glue:GetTableVersions'],
      Resource: [
        glue('catalog'),
        glue(`database/${names.glueDatabase}`),
        glue(`table/${names.glueDatabase}/${names.glueTable}`),
      ],
    },
    {
      Sid: 'WriteErrors',
      Effect: 'Allow',
      Action: ['logs:PutLogEvents'],
      Resource: [`${names.logGroupArn(names.firehoseLogGroup)}:log-stream:*`],
    },
    ...useKeyThrough('EncryptObjects', 's3', names.place, dataKeyArn, ['kms:GenerateDataKey', 'kms:Decrypt']),
  );
}
