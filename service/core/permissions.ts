/** What the service does in a tenant's account, and says of itself there: what roles must allow, wherever they are made. */

/** All calls to CloudWatch Logs. */
export const LOGS_ACTIONS = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'logs:PutRetentionPolicy',
] as const;

/** And one for groups that are created with tags (`log_group_tags`). */
export const LOGS_TAG_ACTION = 'logs:TagResource';
/** And one to read back what a call without an answer has written (`exactly_once`). */
export const LOGS_READ_ACTION = 'logs:GetLogEvents';
/**
 * What the policy of a key must allow CloudWatch Logs itself, for groups that are created with it (CloudWatch Logs user guide,
 * "Encrypt log data using AWS KMS"). The role needs nothing of the key.
 */
export const LOGS_KEY_ACTIONS = [
  'kms:Encrypt*',
  'kms:Decrypt*',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:Describe*',
] as const;

/** All calls to the tenant's bucket. An upload in parts that is broken off must not leave its parts behind. */
export const BUCKET_ACTIONS = ['s3:PutObject', 's3:AbortMultipartUpload'] as const;
/** And one for writes that hand objects to the bucket's owner (`bucket_owner_full_control`). */
export const BUCKET_ACL_ACTION = 's3:PutObjectAcl';

/** Session tags: the tenant, and what the object's key says of these two. Trust policies allow no others. */
export const TENANT_TAG = 'tenant_id';
export const KEY_TAGS = ['cluster_id', 'environment'] as const;
export const TAG_KEYS = [TENANT_TAG, ...KEY_TAGS] as const;
