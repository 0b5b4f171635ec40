import { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket/index.js';
import { S3BucketIntelligentTieringConfiguration } from '@cdktn/provider-aws/lib/s3-bucket-intelligent-tiering-configuration/index.js';
import { S3BucketLifecycleConfiguration } from '@cdktn/provider-aws/lib/s3-bucket-lifecycle-configuration/index.js';
import { S3BucketPolicy } from '@cdktn/provider-aws/lib/s3-bucket-policy/index.js';
import { S3BucketVersioningA } from '@cdktn/provider-aws/lib/s3-bucket-versioning/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { bucketPolicy } from '../policies/bucket.ts';
import { lifecycleRules } from '../values/lifecycle.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import { createAccessLog } from './access-log.ts';
import { kept } from './kept.ts';
import { createPrivateBucketSettings } from './private-bucket.ts';

/** The central bucket, where objects wait for their delivery and are kept afterwards. */
export function createStaging(
  parent: Construct,
  { config, names, layout, keyArn }: { config: Config; names: Names; layout: ObjectLayout; keyArn: string | undefined },
): S3Bucket {
  const scope = new Construct(parent, 'staging');
  const bucket = new S3Bucket(scope, 'bucket', {
    bucket: names.bucket,
    forceDestroy: !config.production,
    ...kept(config),
  });
  const versioning = new S3BucketVersioningA(scope, 'versioning', {
    bucket: bucket.id,
    versioningConfiguration: { status: 'Enabled' },
  });
  const block = createPrivateBucketSettings(scope, bucket, keyArn);
  // S3 refuses two changes of access at once: the policy comes after the block.
  new S3BucketPolicy(scope, 'policy', {
    bucket: bucket.id,
    policy: JSON.stringify(bucketPolicy(names)),
    dependsOn: [block],
  });
  new S3BucketLifecycleConfiguration(scope, 'lifecycle', {
    bucket: bucket.id,
    rule: lifecycleRules(config.storage, layout),
    dependsOn: [versioning],
  });
  const { accessLogRetentionDays } = config.storage;
  if (accessLogRetentionDays !== null) {
    createAccessLog(scope, { config, names, bucket, retentionDays: accessLogRetentionDays });
  }
  if (config.storage.intelligentTiering) {
    new S3BucketIntelligentTieringConfiguration(scope, 'tiering', {
      bucket: bucket.id,
      name: 'archive-what-nobody-reads',
      filter: { prefix: layout.logsPrefix },
      // The least days of both tiers; reading from them needs a restore (S3 user guide, "Intelligent-Tiering").
      tiering: [
        { accessTier: 'ARCHIVE_ACCESS', days: 90 },
        { accessTier: 'DEEP_ARCHIVE_ACCESS', days: 180 },
      ],
    });
  }
  return bucket;
}
