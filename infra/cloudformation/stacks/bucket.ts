import { accessLogBucketPolicy, bucketPolicy } from '../../policies/bucket.ts';
import { type LifecycleRule, lifecycleRules } from '../../values/lifecycle.ts';
import { ifElse, type Json, type JsonObject, NO_VALUE, ref, toJson } from '../intrinsics.ts';
import { LAYOUT } from '../key-template.ts';
import { KEPT, type Resource } from '../stack.ts';
import { NAMES, NUMBERS, symbolicConfig } from '../symbolic.ts';
import { vary } from '../vary.ts';
import { keyArn } from './keys.ts';

/** The central bucket. What Terraform has as resources of their own are properties of it here. */
export function bucketResources(): Readonly<Record<string, Resource>> {
  return {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      // S3 sends a test event when it is made, and refuses it while the topic's policy does not let it.
      DependsOn: 'HubTopicPolicy',
      ...KEPT,
      Properties: {
        BucketName: NAMES.bucket,
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [encryption()] },
        ...PRIVATE,
        LoggingConfiguration: ifElse('WithAccessLog', {
          DestinationBucketName: ref('AccessLogBucket'),
          LogFilePrefix: `${NAMES.bucket}/`,
        }),
        LifecycleConfiguration: { Rules: lifecycle() },
        IntelligentTieringConfigurations: ifElse('WithIntelligentTiering', [tiering()]),
        NotificationConfiguration: {
          TopicConfigurations: [
            {
              Topic: ref('HubTopic'),
              Event: 's3:ObjectCreated:*',
              Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: LAYOUT.logsPrefix }] } },
            },
          ],
        },
      },
    },
    ...accessLogResources(),
    BucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: { Bucket: ref('Bucket'), PolicyDocument: toJson(bucketPolicy(NAMES)) },
    },
  };
}

/** What every bucket of ours has. */
const PRIVATE: JsonObject = {
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
};

/** S3's access log of the central bucket. S3 writes it with its own key only. */
function accessLogResources(): Readonly<Record<string, Resource>> {
  return {
    AccessLogBucket: {
      Type: 'AWS::S3::Bucket',
      Condition: 'WithAccessLog',
      ...KEPT,
      Properties: {
        BucketName: NAMES.accessLogBucket,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        ...PRIVATE,
        LifecycleConfiguration: {
          Rules: [
            { Id: 'expire', Status: 'Enabled', Prefix: '', ExpirationInDays: NUMBERS.of('AccessLogRetentionDays') },
          ],
        },
      },
    },
    AccessLogBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Condition: 'WithAccessLog',
      Properties: { Bucket: ref('AccessLogBucket'), PolicyDocument: toJson(accessLogBucketPolicy(NAMES)) },
    },
  };
}

function encryption(): Json {
  return {
    ServerSideEncryptionByDefault: ifElse(
      'WithOwnKeys',
      { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn('Data') },
      { SSEAlgorithm: 'AES256' },
    ),
    BucketKeyEnabled: ifElse('WithOwnKeys', true, NO_VALUE),
  };
}

function lifecycle(): Json {
  const switches = ['WithIntelligentTiering', 'WithInfrequentAccess', 'WithGlacier', 'WithDeepArchive'] as const;
  return vary(switches, (on) => lifecycleRules(symbolicConfig(on).storage, LAYOUT).map(toRule));
}

/** A rule of lifecycle.ts in CloudFormation's words. */
function toRule(rule: LifecycleRule): Json {
  const [expiration] = rule.expiration ?? [];
  const [noncurrent] = rule.noncurrentVersionExpiration ?? [];
  const [abort] = rule.abortIncompleteMultipartUpload ?? [];
  return toJson({
    Id: rule.id,
    Status: rule.status,
    ...filterOf(rule),
    Transitions: rule.transition?.map(({ days, storageClass }) => ({
      StorageClass: storageClass,
      TransitionInDays: days,
    })),
    ExpirationInDays: expiration?.days,
    ExpiredObjectDeleteMarker: expiration?.expiredObjectDeleteMarker,
    NoncurrentVersionExpiration: noncurrent && { NoncurrentDays: noncurrent.noncurrentDays },
    AbortIncompleteMultipartUpload: abort && { DaysAfterInitiation: abort.daysAfterInitiation },
  });
}

/** The prefix, and the size where the rule has one. */
function filterOf({ filter: [filter] }: LifecycleRule): JsonObject {
  if (filter === undefined) return {};
  if ('prefix' in filter) return { Prefix: filter.prefix };
  const [both] = filter.and;
  return both ? { Prefix: both.prefix, ObjectSizeGreaterThan: both.objectSizeGreaterThan } : {};
}

function tiering(): Json {
  return {
    Id: 'archive-what-nobody-reads',
    Status: 'Enabled',
    Prefix: LAYOUT.logsPrefix,
    Tierings: [
      { AccessTier: 'ARCHIVE_ACCESS', Days: 90 },
      { AccessTier: 'DEEP_ARCHIVE_ACCESS', Days: 180 },
    ],
  };
}
