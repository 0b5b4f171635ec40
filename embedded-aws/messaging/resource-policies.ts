import { AwsError, DeniedError } from '../http/aws-error.ts';
import { type Policy, parsePolicy } from '../policy/document.ts';
import { evaluate } from '../policy/evaluate.ts';
import { PolicyError } from '../policy/policy-error.ts';

/** Policies of queues and topics, which fauxqs keeps but does not enforce. By ARN. */
export interface ResourcePolicies {
  get(arn: string): Policy | undefined;
  /**
   * Reads a policy that a call brings; an empty text takes the policy away.
   * @returns what puts it in force, for when the call has succeeded
   * @throws AwsError InvalidAttributeValue
   */
  prepare(arn: string, text: string): () => void;
  delete(arn: string): void;
}

export function createResourcePolicies(): ResourcePolicies {
  const policies = new Map<string, Policy>();
  return {
    get: (arn) => policies.get(arn),
    prepare(arn, text) {
      if (text === '') return () => void policies.delete(arn);
      const policy = read(text);
      return () => void policies.set(arn, policy);
    },
    delete: (arn) => void policies.delete(arn),
  };
}

function read(text: string): Policy {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    if (error instanceof PolicyError)
      throw new AwsError('InvalidAttributeValue', `Invalid value for the parameter Policy: ${error.message}`);
    throw error;
  }
}

/** A service that acts for a resource: S3 for a bucket, SNS for a topic. */
export interface ServiceActor {
  /** `s3.amazonaws.com` */
  readonly service: string;
  readonly sourceArn: string;
  readonly sourceAccount: string;
}

/** @throws DeniedError unless the resource's own policy lets the service act for that source */
export function requireServiceAccess(
  actor: ServiceActor,
  action: string,
  resource: string,
  policy: Policy | undefined,
): void {
  const keys = new Map([
    ['aws:sourcearn', [actor.sourceArn]],
    ['aws:sourceaccount', [actor.sourceAccount]],
    ['aws:securetransport', ['true']],
    ['aws:principalisawsservice', ['true']],
    ['aws:principalservicename', [actor.service]],
  ]);
  const decision = evaluate({
    subject: { kind: 'service', name: actor.service },
    action,
    resource,
    resourceAccount: resource.split(':')[4] ?? '',
    resourcePolicy: policy,
    lookup: (key) => keys.get(key),
  });
  if (decision.allowed) return;
  throw new DeniedError(
    `${actor.service} for ${actor.sourceArn} may not ${action} on ${resource}: ${decision.because}`,
  );
}
