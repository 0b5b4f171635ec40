import type { Delivery } from '../../core/delivery.ts';
import type { S3Target } from '../../core/destination/s3.ts';
import { BUCKET_ACL_ACTION, BUCKET_ACTIONS, LOGS_ACTIONS, TAG_KEYS } from '../../core/permissions.ts';

/**
 * What a customer's role must say, as the templates in `infra/customer/` make it; a test holds the two together. Printed for
 * whoever has to fix a role.
 */

export type Statement = Readonly<Record<string, unknown>>;

export interface Trusted {
  readonly tenantId: string;
  readonly externalId: string;
  /** The role that the distributor runs with. */
  readonly distributorArn: string;
}

/** Who may assume the role: the distributor, with the external id, for this tenant. */
export function assumeStatement({ tenantId, externalId, distributorArn }: Trusted): Statement {
  return {
    Sid: 'DistributorAssumes',
    Effect: 'Allow',
    Principal: { AWS: distributorArn },
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'sts:ExternalId': externalId, 'aws:RequestTag/tenant_id': tenantId } },
  };
}

/** And name the tenant, its cluster and its environment in the session's tags. */
export function tagStatement({ tenantId, distributorArn }: Trusted): Statement {
  return {
    Sid: 'DistributorTagsSession',
    Effect: 'Allow',
    Principal: { AWS: distributorArn },
    Action: 'sts:TagSession',
    Condition: {
      StringEquals: { 'aws:RequestTag/tenant_id': tenantId },
      'ForAllValues:StringEquals': { 'aws:TagKeys': TAG_KEYS },
    },
  };
}

/** What the role may do: write below one prefix of log groups. */
export function writeStatement(roleArn: string, prefix: string): Statement {
  const [, partition, , , account] = roleArn.split(':');
  const groups = `arn:${partition}:logs:*:${account}:log-group:${prefix}`;
  return {
    Sid: 'WriteOwnGroups',
    Effect: 'Allow',
    Action: LOGS_ACTIONS,
    // With ":*" and "/*" and not with a bare "*", which would be a neighbour's prefix-other too.
    Resource: [groups, `${groups}:*`, `${groups}/*`],
  };
}

/** What the role may do in a bucket. */
export function bucketStatement(
  roleArn: string,
  { bucket, keyPrefix, bucketOwnerFullControl }: Pick<S3Target, 'bucket' | 'keyPrefix' | 'bucketOwnerFullControl'>,
): Statement {
  const [, partition] = roleArn.split(':');
  return {
    Sid: 'WriteOwnBucket',
    Effect: 'Allow',
    Action: [...BUCKET_ACTIONS, ...(bucketOwnerFullControl ? [BUCKET_ACL_ACTION] : [])],
    Resource: [`arn:${partition}:s3:::${bucket}/${keyPrefix}*`],
  };
}

/** The prefix of log groups that a delivery needs: what stands before the first placeholder, up to its last slash. */
export function groupPrefixOf(template: string): string {
  const literal = template.slice(0, (template.indexOf('{') + 1 || template.length + 1) - 1);
  return literal === template ? template : literal.replace(/\/[^/]*$/, '');
}

/** A template of `infra/customer/` that makes what a delivery needs. The external id is in the tenant's item, and belongs in no terminal. */
export interface TemplateUse {
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export function templateUse(delivery: Delivery, distributorArn: string): TemplateUse {
  const { target } = delivery;
  const trusted = {
    TenantId: delivery.tenantId,
    ExternalId: "(external_id of the tenant's item)",
    DistributorRoleArn: distributorArn,
  };
  switch (target.kind) {
    case 'cloudwatch': {
      const prefix = groupPrefixOf(target.group.source.replaceAll('{tenant_id}', delivery.tenantId));
      return {
        template: 'infra/customer/customer-account.yaml',
        parameters: { ...trusted, LogGroupPrefix: prefix },
      };
    }
    case 's3':
      return {
        template: 'infra/customer/customer-bucket.yaml',
        parameters: { ...trusted, ...bucketParameters(target) },
      };
  }
}

function bucketParameters({ bucket, keyPrefix, kmsKeyArn, bucketOwnerFullControl }: S3Target): Record<string, string> {
  return {
    BucketName: bucket,
    ...(keyPrefix === '' ? {} : { BucketPrefix: keyPrefix }),
    // IAM decides by the key, whatever alias it was called by (KMS developer guide, "Controlling access to aliases").
    ...(kmsKeyArn?.includes(':key/') ? { KmsKeyArn: kmsKeyArn } : {}),
    ...(bucketOwnerFullControl ? { BucketOwnerFullControl: 'true' } : {}),
  };
}

/** The role behind a session's ARN. Its path is not in there; anything but a session stays as it is. */
export function roleOfCaller(callerArn: string): string {
  return callerArn.replace(/^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, 'arn:$1:iam::$2:role/$3');
}
