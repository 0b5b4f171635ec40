/** What a service answers when it refuses. `code` is the name that clients branch on. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Further members of the answer, such as S3's `BucketName`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(code: string, message: string, status = 400, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** What is wrong with a call's credentials or signature, in one word; each protocol has its own name for it. */
export type AuthProblem =
  | 'missing'
  | 'incomplete'
  | 'unknown-key'
  | 'bad-token'
  | 'expired'
  | 'signature'
  | 'body'
  | 'skew'
  | 'scope';

/** Thrown where credentials are checked; the gateway turns it into the error of the service that was called. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly problem: AuthProblem;

  constructor(problem: AuthProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** AccessDenied, decided by policies; its code differs between protocols too. */
export class DeniedError extends Error {
  override readonly name = 'DeniedError';
}
