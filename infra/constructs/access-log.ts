import { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket/index.js';
import { S3BucketLifecycleConfiguration } from '@cdktn/provider-aws/lib/s3-bucket-lifecycle-configuration/index.js';
import { S3BucketLoggingA } from '@cdktn/provider-aws/lib/s3-bucket-logging/index.js';
import { S3BucketPolicy } from '@cdktn/provider-aws/lib/s3-bucket-policy/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { accessLogBucketPolicy } from '../policies/bucket.ts';
import type { Names } from '../values/names.ts';
import { createPrivateBucketSettings } from './private-bucket.ts';

/** S3's access log of the central bucket, in a bucket of its own. */
export function createAccessLog(
  parent: Construct,
  deps: {
    readonly config: Config;
    readonly names: Names;
    readonly bucket: S3Bucket;
    readonly retentionDays: number;
  },
): void {
  const { config, names, bucket, retentionDays } = deps;
  const scope = new Construct(parent, 'access-log');
  const log = new S3Bucket(scope, 'bucket', { bucket: names.accessLogBucket, forceDestroy: !config.production });
  // S3 writes access logs with its own key only, unless a key of ours trusts it (S3 user guide, "Enabling server access logging").
  const block = createPrivateBucketSettings(scope, log, undefined);
  const policy = new S3BucketPolicy(scope, 'policy', {
    bucket: log.id,
    policy: JSON.stringify(accessLogBucketPolicy(names)),
    dependsOn: [block],
  });
  new S3BucketLifecycleConfiguration(scope, 'lifecycle', {
    bucket: log.id,
    rule: [{ id: 'expire', status: 'Enabled', filter: [{ prefix: '' }], expiration: [{ days: retentionDays }] }],
  });
  new S3BucketLoggingA(scope, 'logging', {
    bucket: bucket.id,
    targetBucket: log.id,
    targetPrefix: `${names.bucket}/`,
    dependsOn: [policy],
  });
}
