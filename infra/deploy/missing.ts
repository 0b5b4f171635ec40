import { awsErrorName, faultOf } from '../../service/aws/fault.ts';

/** Names of services that the log distributor itself does not call (IAM, SNS, ECS and ECR API references). */
const MISSING = [
  'NoSuchEntity',
  'NoSuchEntityException',
  'NotFoundException',
  'ClusterNotFoundException',
  'ImageNotFoundException',
  'RepositoryNotFoundException',
];

/** Whether AWS answered that what a call names does not exist. */
export function isMissing(error: unknown): boolean {
  return faultOf(error) === 'missing' || MISSING.includes(awsErrorName(error));
}
