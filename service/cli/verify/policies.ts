import type { Delivery } from '../../core/delivery.ts';
import { TAG_KEYS } from '../../core/permissions.ts';
import { kindOf } from '../../destination/kinds.ts';
import type { Statement } from '../../destination/step.ts';

/**
 * What the trust policy of a customer's role must say, as the templates in `infra/customer/` make it; a test holds the two
 * together. Printed for whoever has to fix a role.
 */

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

/** The parameters of the customer's template. The external id is in the tenant's item, and belongs in no terminal. */
export function templateParameters(delivery: Delivery, distributorArn: string): Record<string, string> {
  return {
    TenantId: delivery.tenantId,
    ExternalId: "(external_id of the tenant's item)",
    DistributorRoleArn: distributorArn,
    ...kindOf(delivery).templateParameters(delivery),
  };
}

/** The role behind a session's ARN. Its path is not in there; anything but a session stays as it is. */
export function roleOfCaller(callerArn: string): string {
  return callerArn.replace(/^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, 'arn:$1:iam::$2:role/$3');
}
