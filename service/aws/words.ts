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
  if (name === 'AbortError') return 'No answer from AWS in time';
  if (FAULT_NAMES.includes(name)) return `No answer from AWS (${name})`;
  return cause instanceof Error && cause.message !== '' ? cause.message : name;
}

/**
 * A failed call to AWS for people: what happened, what to do about it, and AWS's own words.
 * @param what happened to which object or tenant, a sentence without its full stop
 */
export function explainFailure(what: string, cause: unknown, purpose: Purpose): string {
  const advice = adviceOf(cause, purpose);
  return [`${what}.`, ...(advice === undefined ? [] : [advice]), saidBy(cause)].join(' ');
}

/** The error for a call to AWS that failed. @param what as for `explainFailure` */
export function awsFailure(code: ErrorCode, what: string, cause: unknown, purpose: Purpose): DistributorError {
  return new DistributorError(code, explainFailure(what, cause, purpose), { cause, aws: answerOf(cause) });
}
