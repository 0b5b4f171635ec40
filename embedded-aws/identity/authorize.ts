import { DeniedError } from '../http/aws-error.ts';
import { type Decision, evaluate, evaluateTrust, type Question } from '../policy/evaluate.ts';
import type { Permission } from '../service.ts';
import { type Caller, lookupOf, subjectOf } from './caller.ts';

export interface Authorizer {
  may(permission: Permission): boolean;
  /** @throws DeniedError */
  require(permission: Permission): void;
}

/** Asks the policies, those of the caller and those of what is asked for. */
export function authorizer(call: {
  readonly caller: Caller;
  readonly region: string;
  readonly nowMs: number;
}): Authorizer {
  const { caller } = call;
  const subject = subjectOf(caller);
  const decide = ({ action, resource, account, policy, policyMustAllow, keys }: Permission): Decision => {
    const question: Question = {
      subject,
      action,
      resource,
      resourceAccount: account,
      resourcePolicy: policy,
      lookup: lookupOf({ ...call, resourceAccount: account, ...(keys === undefined ? {} : { keys }) }),
    };
    return policy && policyMustAllow ? evaluateTrust({ ...question, resourcePolicy: policy }) : evaluate(question);
  };
  return {
    may: (permission) => decide(permission).allowed,
    require(permission) {
      const decision = decide(permission);
      if (decision.allowed) return;
      const { action, resource } = permission;
      throw new DeniedError(
        `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} ${decision.because}`,
      );
    },
  };
}
