import { adviceOf } from '../aws/advice.ts';
import { readDenial } from '../aws/denial.ts';
import type { Purpose } from '../aws/purpose.ts';
import { answerOf } from '../base/aws-answer.ts';
import type { Fix, Step } from './step.ts';

/**
 * The cause of a refusal, as the service's own log says it, and how to remove it.
 * @param fix a policy of the role; shown where that can help
 */
export function remedyOf(error: unknown, purpose: Purpose, fix: Fix): Pick<Step, 'cause' | 'fix'> {
  const cause = adviceOf(error, purpose);
  return { ...(cause === undefined ? {} : { cause }), ...(isForThePolicy(error) ? { fix } : {}) };
}

/** Whether the role's own policies may be at fault: no quota, no other region, no key, no policy of somebody else. */
function isForThePolicy(error: unknown): boolean {
  const answer = answerOf(error);
  if (!answer?.code.startsWith('AccessDenied')) return false;
  const denial = readDenial(answer.message);
  if (!denial) return true;
  const { action, policy = 'identity-based policy' } = denial;
  return policy === 'identity-based policy' && !action.startsWith('kms:');
}
