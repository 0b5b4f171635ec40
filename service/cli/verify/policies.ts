import type { Delivery } from '../../core/delivery.ts';
import type { S3Target } from '../../core/destination/s3.ts';
import { BUCKET_ACTIONS, LOGS_ACTIONS, TAG_KEYS } from '../../core/permissions.ts';

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
export function bucketStatement(roleArn: string, { bucket, keyPrefix }: S3Target): Statement {
  const [, partition] = roleArn.split(':');
  return {
    Sid: 'WriteOwnBucket',
    Effect: 'Allow',
    Action: BUCKET_ACTIONS,
    Resource: [`arn:${partition}:s3:::${bucket}/${keyPrefix}*`],
  };
}

/** The prefix of log groups that a delivery needs: what stands before the first placeholder, up to its last slash. */
export function groupPrefixOf(template: string): string {
  const literal = template.slice(0, (template.indexOf('{') + 1 || template.length + 1) - 1);
  return literal === template ? template : literal.replace(/\/[^/]*$/, '');
}

/** The parameters of `customer-account.yaml`. The external id is in the tenant's item, and belongs in no terminal. */
export function templateParameters(delivery: Delivery, distributorArn: string): Record<string, string> {
  const { target } = delivery;
  return {
    TenantId: delivery.tenantId,
    ExternalId: "(external_id of the tenant's item)",
    DistributorRoleArn: distributorArn,
    ...(target.kind === 'cloudwatch'
      ? { LogGroupPrefix: groupPrefixOf(target.group.source.replaceAll('{tenant_id}', delivery.tenantId)) }
      : {}),
  };
}

/** The role behind a session's ARN. Its path is not in there; anything but a session stays as it is. */
export function roleOfCaller(callerArn: string): string {
  return callerArn.replace(/^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, 'arn:$1:iam::$2:role/$3');
}
