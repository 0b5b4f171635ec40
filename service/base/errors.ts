import { type AwsAnswer, answerOf, sayAnswer } from './aws-answer.ts';

/**
 * Every error that decides what happens to a message has a code, and the code has a disposition.
 * Callers branch on these two, never on message text.
 */

/** What an error means for the message whose processing it ended. */
export type Disposition =
  /** Nothing has failed: somebody else is at it, or the process stops. The message comes back, and remembers nothing. */
  | 'wait'
  /** Its destination takes no more for now: the message waits for its rate limit, and remembers nothing. */
  | 'pace'
  /** Passing trouble of ours or of the platform: the message comes back soon, and counts its failures. */
  | 'retry'
  /** The tenant's side takes nothing, or does not answer: the delivery's circuit opens, its messages wait, others go on. */
  | 'park'
  /** Will never succeed: keep it in the dead-letter queue with its reason. */
  | 'dead-letter'
  /** A broken invariant of ours: end the process and let the ledger resume. */
  | 'crash';

const DISPOSITIONS = {
  // The message.
  'not-a-notification': 'dead-letter',
  'object-key-invalid': 'dead-letter',
  // The object.
  'object-gone': 'dead-letter',
  'object-corrupt': 'dead-letter',
  'object-unsupported': 'dead-letter',
  'object-archived': 'dead-letter',
  'object-poisonous': 'dead-letter',
  'object-request-rejected': 'dead-letter',
  'object-too-large': 'dead-letter',
  'object-unreadable': 'retry',
  'object-forbidden': 'retry',
  // The tenant.
  'tenant-unknown': 'dead-letter',
  'tenant-invalid': 'dead-letter',
  'delivery-unknown': 'dead-letter',
  'tenant-lookup-failed': 'retry',
  'role-refused': 'park',
  'role-unavailable': 'park',
  // The destination.
  'destination-refused': 'park',
  'destination-unavailable': 'park',
  'destination-throttled': 'pace',
  'answer-awaited': 'wait',
  'destination-rejects-request': 'dead-letter',
  'copy-interrupted': 'retry',
  // The ledger.
  'lease-held': 'wait',
  'lease-lost': 'retry',
  'ledger-unavailable': 'retry',
  'quarantine-unavailable': 'retry',
  // Ourselves.
  stopping: 'wait',
  'worker-lost': 'retry',
  'memory-short': 'retry',
  unexpected: 'retry',
  'invariant-broken': 'crash',
} as const satisfies Record<string, Disposition>;

export type ErrorCode = keyof typeof DISPOSITIONS;

export const ERROR_CODES = Object.keys(DISPOSITIONS) as readonly ErrorCode[];

export function dispositionOf(code: ErrorCode): Disposition {
  return DISPOSITIONS[code];
}

export interface ErrorDetails extends ErrorOptions {
  /** When trying again makes sense, where that is known: in so many milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** What AWS answered, where that is the reason; the message says it too. */
  readonly aws?: AwsAnswer | undefined;
  readonly neededBytes?: number | undefined;
}

/** An error with a code. `message` says what happened to which object or tenant, and what to do. */
export class DistributorError extends Error {
  override readonly name = 'DistributorError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly aws: AwsAnswer | undefined;
  /** Of memory, in all: admitted for so much, the object would go on. */
  readonly neededBytes: number | undefined;

  constructor(code: ErrorCode, message: string, details?: ErrorDetails) {
    super(message, details);
    this.code = code;
    this.retryAfterMs = details?.retryAfterMs;
    this.aws = details?.aws;
    this.neededBytes = details?.neededBytes;
  }

  get disposition(): Disposition {
    return dispositionOf(this.code);
  }
}

/**
 * The same error if it already has a code, else `unexpected` with the error as its cause. Of an error and another that was thrown while
 * resources were given back because of it: the first, unless the other is a broken invariant.
 */
export function asDistributorError(error: unknown): DistributorError {
  if (error instanceof DistributorError) return error;
  if (error instanceof SuppressedError) {
    const whileDisposing = asDistributorError(error.error);
    return whileDisposing.disposition === 'crash' ? whileDisposing : asDistributorError(error.suppressed);
  }
  const aws = answerOf(error);
  const text = aws ? sayAnswer(aws) : error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new DistributorError('unexpected', text, { cause: error, aws });
}
