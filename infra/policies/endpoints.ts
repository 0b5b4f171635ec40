import type { Names } from '../values/names.ts';
import { type Conditions, type PolicyDocument, policy, type Statement } from './document.ts';

/**
 * What may go through a VPC endpoint. It limits where data can leave to: a process in the VPC with other credentials cannot use our
 * endpoints to send objects or messages into another account. Roles' own policies still decide what our tasks may do.
 */
export function endpointPolicy(service: string, names: Names): PolicyDocument {
  const { partition, region, accountId } = names.place;
  const inAccount = (of: string, resource: string) => `arn:${partition}:${of}:${region}:${accountId}:${resource}`;
  const ours: Conditions = { StringEquals: { 'aws:PrincipalAccount': [accountId] } };
  const anybody = (Sid: string, Action: readonly string[], Resource: readonly string[]): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: '*',
    Action,
    Resource,
  });
  const allow = (
    sid: string,
    actions: readonly string[],
    resources: readonly string[],
    Condition = ours,
  ): Statement => ({
    ...anybody(sid, actions, resources),
    Condition,
  });
  /** Deliveries are calls of the customers' roles, in their accounts. */
  const tenants = (actions: readonly string[]) =>
    allow('TenantsDeliver', actions, ['*'], {
      ArnLike: {
        'aws:PrincipalArn': [
          `arn:${partition}:iam::*:role/LogDistribution*`,
          `arn:${partition}:iam::*:role/*/LogDistribution*`,
        ],
      },
    });
  switch (service) {
    case 's3':
      return policy(
        allow('OurBucket', ['s3:*'], [names.bucketArn, `${names.bucketArn}/*`]),
        tenants(['s3:PutObject', 's3:AbortMultipartUpload']),
        // Layers of images (Amazon ECR user guide, "Amazon ECR interface VPC endpoints"); their URLs are signed by ECR.
        anybody('ImageLayers', ['s3:GetObject'], [`arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`]),
      );
    case 'dynamodb':
      return policy(allow('OurTables', ['dynamodb:*'], [inAccount('dynamodb', 'table/*')]));
    case 'sqs':
      return policy(allow('OurQueues', ['sqs:*'], [inAccount('sqs', '*')]));
    case 'kinesis-firehose':
      return policy(allow('OurStreams', ['firehose:*'], [inAccount('firehose', 'deliverystream/*')]));
    case 'logs':
      return policy(allow('OurPrincipals', ['logs:*'], ['*']), tenants(['logs:*']));
    case 'sts':
      return policy(
        allow('OurPrincipals', ['sts:*'], ['*']),
        // Who asks with a web identity (IRSA) has no account yet: the role's trust decides.
        anybody('WebIdentity', ['sts:AssumeRoleWithWebIdentity'], [`arn:${partition}:iam::${accountId}:role/*`]),
      );
    default:
      return policy(allow('OurPrincipals', ['*'], ['*']));
  }
}
