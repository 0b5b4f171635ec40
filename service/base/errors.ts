/**
 * Every error that decides what happens to a message has a code, and the code has a disposition.
 * Callers branch on these two, never on message text.
 */

/** What an error means for the message whose processing it ended. */
export type Disposition =
  /** Passing trouble: release the message, it comes back soon. */
  | 'retry'
  /** Trouble that only the customer or an operator can end: release it for long, and leave others alone. */
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
  'object-archived': 'dead-letter',
  'object-poisonous': 'dead-letter',
  'object-too-large': 'dead-letter',
  'object-unreadable': 'retry',
  'object-forbidden': 'retry',
  // The tenant.
  'tenant-unknown': 'dead-letter',
  'tenant-invalid': 'dead-letter',
  'delivery-unknown': 'dead-letter',
  'tenant-lookup-failed': 'retry',
  'role-refused': 'park',
  'role-unavailable': 'retry',
  // The destination.
  'destination-refused': 'park',
  'destination-throttled': 'park',
  'destination-rejects-request': 'dead-letter',
  'destination-unavailable': 'retry',
  // The ledger.
  'lease-held': 'retry',
  'lease-lost': 'retry',
  'ledger-unavailable': 'retry',
  'quarantine-unavailable': 'retry',
  // Ourselves.
  stopping: 'retry',
  'worker-lost': 'retry',
  'memory-short': 'retry',
  unexpected: 'retry',
  'invariant-broken': 'crash',
} as const satisfies Record<string, Disposition>;

export type ErrorCode = keyof typeof DISPOSITIONS;

export const ERROR_CODES = Object.keys(DISPOSITIONS) as readonly ErrorCode[];

/** An error with a code. `message` says what happened to which object or tenant, and what to do. */
export class DistributorError extends Error {
  override readonly name = 'DistributorError';
  readonly code: ErrorCode;
  /** When trying again makes sense, where that is known: in so many milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Of memory, in all: admitted for so much, the object would go on. */
  readonly neededBytes: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly retryAfterMs?: number; readonly neededBytes?: number },
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
    this.neededBytes = options?.neededBytes;
  }

  get disposition(): Disposition {
    return DISPOSITIONS[this.code];
  }
}

/** The same error if it already has a code, else `unexpected` with the error as its cause. */
export function asDistributorError(error: unknown): DistributorError {
  if (error instanceof DistributorError) return error;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new DistributorError('unexpected', text, { cause: error });
}
