import { type Logger, pino } from 'pino';
import { type AwsAnswer, answerOf, sayAnswer } from './aws-answer.ts';

export type { Logger };

const SECRETS = ['secretAccessKey', 'sessionToken', 'credentials', '$response'];

/**
 * The service's logger: JSON lines on standard output, one sentence in `msg`, data in fields. Never given an event's
 * text or a credential; `redact` is only the net under that rule.
 */
export function createLogger(level: string, fields: Record<string, string | number> = {}): Logger {
  return pino({
    level,
    base: { service: 'log-distributor', ...fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: SECRETS.flatMap((name) => [name, `*.${name}`]),
      censor: '[hidden]',
    },
  });
}

/** What AWS answered, as fields of a log line. */
export interface AwsFields {
  readonly code: string;
  readonly message: string;
  readonly request_id?: string;
}

export function awsFields(answer: AwsAnswer | undefined): { aws?: AwsFields } {
  if (!answer) return {};
  const { code, message, requestId } = answer;
  return { aws: { code, message, ...(requestId === undefined ? {} : { request_id: requestId }) } };
}

/** What of an error goes into a log line: never the request or response that SDK errors carry. */
export function errorFields(error: unknown): { error: string; code?: string; cause?: string; aws?: AwsFields } {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const answer = answerOf(error);
  // The SDK's own errors repeat what they were sent; the answer that is made of them does not.
  if (answer) return { error: '$metadata' in error ? sayAnswer(answer) : error.message, ...code, ...awsFields(answer) };
  const cause = error.cause instanceof Error ? { cause: `${error.cause.name}: ${error.cause.message}` } : {};
  return { error: error.message, ...code, ...cause };
}
