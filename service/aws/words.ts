import { answerOf, sayAnswer } from '../base/aws-answer.ts';
import { DistributorError, type ErrorCode } from '../base/errors.ts';
import { adviceOf } from './advice.ts';
import { awsErrorName, FAULT_NAMES } from './fault.ts';
import type { Purpose } from './purpose.ts';

/** What came of a call that failed, in AWS's own words where it has answered. */
export function saidBy(cause: unknown): string {
  const answer = answerOf(cause);
  if (answer) return sayAnswer(answer);
  const name = awsErrorName(cause);
  if (FAULT_NAMES.includes(name)) return `No answer from AWS (${name})`;
  return cause instanceof Error && cause.message !== '' ? cause.message : name;
}

/**
 * The error for a call to AWS that failed: what happened, what to do about it, and AWS's own words.
 * @param what happened to which object or tenant, a sentence without its full stop
 */
export function awsFailure(code: ErrorCode, what: string, cause: unknown, purpose: Purpose): DistributorError {
  const advice = adviceOf(cause, purpose);
  const message = [`${what}.`, ...(advice === undefined ? [] : [advice]), saidBy(cause)].join(' ');
  return new DistributorError(code, message, { cause, aws: answerOf(cause) });
}
