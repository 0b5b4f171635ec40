/**
 * What went wrong in an AWS call, in the few kinds that the service tells apart. One table of error names, whatever the
 * service: their names do not contradict each other.
 */
export type AwsFault =
  /** Too fast; the same call may succeed later. */
  | 'throttle'
  /** The service or the network had trouble; it is not known whether the call was executed. */
  | 'transient'
  /** The session is over or was never known; new credentials may help. */
  | 'credentials'
  /** Not permitted; only somebody else's change helps. */
  | 'refused'
  /** What the call names does not exist. */
  | 'missing'
  /** It exists already. */
  | 'exists'
  /** A condition of the call did not hold. */
  | 'condition'
  /** The call itself is wrong; repeating it is useless. */
  | 'invalid'
  /** The caller gave up. */
  | 'aborted';

const FAULTS: Readonly<Record<string, AwsFault>> = {
  Throttling: 'throttle',
  ThrottlingException: 'throttle',
  ThrottledException: 'throttle',
  RequestThrottled: 'throttle',
  RequestThrottledException: 'throttle',
  RequestLimitExceeded: 'throttle',
  TooManyRequestsException: 'throttle',
  ProvisionedThroughputExceededException: 'throttle',
  BandwidthLimitExceeded: 'throttle',
  SlowDown: 'throttle',
  PriorRequestNotComplete: 'throttle',
  // The key's own limit, passed on with status 400 by S3, and by SQS under the second name.
  'KMS.ThrottlingException': 'throttle',
  KmsThrottled: 'throttle',

  InternalError: 'transient',
  InternalFailure: 'transient',
  InternalServerError: 'transient',
  InternalServerException: 'transient',
  ServiceUnavailable: 'transient',
  ServiceUnavailableException: 'transient',
  ServiceFailure: 'transient',
  RequestTimeout: 'transient',
  RequestTimeoutException: 'transient',
  TimeoutError: 'transient',
  NetworkingError: 'transient',
  // Two writers created the same group or stream at once (API reference, CreateLogGroup).
  OperationAbortedException: 'transient',
  ECONNRESET: 'transient',
  ECONNREFUSED: 'transient',
  ECONNABORTED: 'transient',
  EPIPE: 'transient',
  ETIMEDOUT: 'transient',
  EHOSTUNREACH: 'transient',
  ENETUNREACH: 'transient',
  ENOTFOUND: 'transient',
  EAI_AGAIN: 'transient',
  ERR_STREAM_PREMATURE_CLOSE: 'transient',
  // The SDK corrects its clock from such an answer, so that the next attempt is signed with the right time.
  RequestTimeTooSkewed: 'transient',
  SignatureDoesNotMatch: 'transient',
  InvalidSignatureException: 'transient',
  RequestInTheFuture: 'transient',
  RequestExpired: 'transient',

  ExpiredToken: 'credentials',
  ExpiredTokenException: 'credentials',
  TokenRefreshRequired: 'credentials',
  InvalidClientTokenId: 'credentials',
  InvalidAccessKeyId: 'credentials',
  UnrecognizedClientException: 'credentials',
  CredentialsProviderError: 'credentials',

  AccessDenied: 'refused',
  AccessDeniedException: 'refused',
  AuthorizationError: 'refused',
  UnauthorizedOperation: 'refused',
  OptInRequired: 'refused',
  RegionDisabledException: 'refused',
  AllAccessDisabled: 'refused',
  AccountProblem: 'refused',
  // The bucket is in another region: status 301 or 400 (S3 API reference, error responses).
  PermanentRedirect: 'refused',
  AuthorizationHeaderMalformed: 'refused',
  IllegalLocationConstraintException: 'refused',
  // The class of a log group has no such call.
  InvalidOperationException: 'refused',
  // The account has reached its number of log groups.
  LimitExceededException: 'refused',
  KMSAccessDeniedException: 'refused',
  'KMS.DisabledException': 'refused',
  'KMS.AccessDeniedException': 'refused',
  'KMS.NotFoundException': 'refused',
  // The key is pending deletion.
  'KMS.KMSInvalidStateException': 'refused',
  'KMS.InvalidKeyUsageException': 'refused',
  // The SDK's names for what SQS says of its key.
  KmsDisabled: 'refused',
  KmsAccessDenied: 'refused',
  KmsNotFound: 'refused',
  KmsInvalidState: 'refused',
  KmsInvalidKeyUsage: 'refused',
  KmsOptInRequired: 'refused',

  ResourceNotFoundException: 'missing',
  QueueDoesNotExist: 'missing',
  'AWS.SimpleQueueService.NonExistentQueue': 'missing',
  NoSuchKey: 'missing',
  NoSuchBucket: 'missing',
  NoSuchVersion: 'missing',
  NotFound: 'missing',
  MethodNotAllowed: 'missing', // GET of a version that is a delete marker

  ResourceAlreadyExistsException: 'exists',
  ConditionalCheckFailedException: 'condition',
  PreconditionFailed: 'condition',

  InvalidParameterException: 'invalid',
  InvalidParameterValue: 'invalid',
  ValidationError: 'invalid',
  ValidationException: 'invalid',
  SerializationException: 'invalid',
  InvalidRange: 'invalid',
  InvalidRequest: 'invalid',
  InvalidObjectState: 'invalid',
  MalformedPolicyDocument: 'invalid',
  MalformedPolicyDocumentException: 'invalid',
  PackedPolicyTooLarge: 'invalid',
  PackedPolicyTooLargeException: 'invalid',
  UnknownOperationException: 'invalid',

  AbortError: 'aborted',
};

export const FAULT_NAMES = Object.keys(FAULTS);

/**
 * Tells what kind of trouble an error is: by its name, then by the HTTP status. An error that nobody knows is
 * `transient`: to try again loses nothing, to give up might.
 */
export function faultOf(error: unknown): AwsFault {
  for (let e = error, depth = 0; e instanceof Error && depth < 4; e = e.cause, depth++) {
    for (const name of namesOf(e)) {
      const fault = FAULTS[name];
      if (fault) return fault;
    }
    const status = statusOf(e);
    if (status === 429) return 'throttle';
    if (status !== undefined && status >= 500) return 'transient';
    if (status === 403) return 'refused';
    if (status === 404) return 'missing';
    if (status === 412) return 'condition';
    if (status !== undefined && status >= 400) return 'invalid';
  }
  return 'transient';
}

/** The name that AWS or the network gave the error: for logs and for branching on a single known one. */
export function awsErrorName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return namesOf(error).find((name) => name in FAULTS) ?? error.name;
}

function namesOf(error: Error): string[] {
  const named = error as Error & { readonly Code?: unknown; readonly code?: unknown };
  return [error.name, named.Code, named.code].filter((name) => typeof name === 'string');
}

/** HTTP status of AWS's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  const { $metadata } = Object(error) as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}
