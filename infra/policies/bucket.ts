import type { Names } from '../values/names.ts';
import { denyPlainText, type PolicyDocument, policy, type Statement } from './document.ts';

/** The central bucket: TLS 1.2 or newer. Who may read and write is said by the roles' own policies. */
export function bucketPolicy(names: Names): PolicyDocument {
  return policy(...modernTlsOnly(names.bucketArn));
}

/** The bucket of the access log: S3 writes the log of the central bucket, and nobody else writes (S3 user guide, "Enabling server access logging"). */
export function accessLogBucketPolicy(names: Names): PolicyDocument {
  return policy(...modernTlsOnly(names.accessLogBucketArn), {
    Sid: 'AccessLog',
    Effect: 'Allow',
    Principal: { Service: ['logging.s3.amazonaws.com'] },
    Action: ['s3:PutObject'],
    Resource: [`${names.accessLogBucketArn}/*`],
    Condition: {
      StringEquals: { 'aws:SourceAccount': [names.place.accountId] },
      ArnLike: { 'aws:SourceArn': [names.bucketArn] },
    },
  });
}

function modernTlsOnly(bucketArn: string): readonly Statement[] {
  const everything = [bucketArn, `${bucketArn}/*`];
  return [
    denyPlainText(['s3:*'], everything),
    {
      Sid: 'ModernTlsOnly',
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:*'],
      Resource: everything,
      Condition: { NumericLessThan: { 's3:TlsVersion': ['1.2'] } },
    },
  ];
}
