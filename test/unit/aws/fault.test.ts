import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AwsFault, awsErrorName, FAULT_NAMES, faultOf } from '../../../service/aws/fault.ts';
import { awsError } from '../../support/aws-error.ts';

/** Every name that the service knows, by what it means: a row that moves is a decision, not a slip. */
const NAMES: Readonly<Record<AwsFault, readonly string[]>> = {
  throttle: [
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'RequestLimitExceeded',
    'TooManyRequestsException',
    'ProvisionedThroughputExceededException',
    'BandwidthLimitExceeded',
    'SlowDown',
    'PriorRequestNotComplete',
    'KMS.ThrottlingException',
    'KmsThrottled',
  ],
  transient: [
    'InternalError',
    'InternalFailure',
    'InternalServerError',
    'InternalServerException',
    'ServiceUnavailable',
    'ServiceUnavailableException',
    'ServiceFailure',
    'RequestTimeout',
    'RequestTimeoutException',
    'TimeoutError',
    'NetworkingError',
    'OperationAbortedException',
    'ECONNRESET',
    'ECONNREFUSED',
    'ECONNABORTED',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ERR_STREAM_PREMATURE_CLOSE',
    'RequestTimeTooSkewed',
    'SignatureDoesNotMatch',
    'InvalidSignatureException',
    'RequestInTheFuture',
    'RequestExpired',
  ],
  credentials: [
    'ExpiredToken',
    'ExpiredTokenException',
    'TokenRefreshRequired',
    'InvalidClientTokenId',
    'InvalidAccessKeyId',
    'UnrecognizedClientException',
    'CredentialsProviderError',
  ],
  refused: [
    'AccessDenied',
    'AccessDeniedException',
    'AuthorizationError',
    'UnauthorizedOperation',
    'OptInRequired',
    'RegionDisabledException',
    'AllAccessDisabled',
    'AccountProblem',
    'PermanentRedirect',
    'AuthorizationHeaderMalformed',
    'IllegalLocationConstraintException',
    'InvalidOperationException',
    'LimitExceededException',
    'KMSAccessDeniedException',
    'KMS.DisabledException',
    'KMS.AccessDeniedException',
    'KMS.NotFoundException',
    'KMS.KMSInvalidStateException',
    'KMS.InvalidKeyUsageException',
    'KmsDisabled',
    'KmsAccessDenied',
    'KmsNotFound',
    'KmsInvalidState',
    'KmsInvalidKeyUsage',
    'KmsOptInRequired',
  ],
  missing: [
    'ResourceNotFoundException',
    'NoSuchKey',
    'NoSuchBucket',
    'NoSuchVersion',
    'NotFound',
    'MethodNotAllowed',
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
  ],
  exists: ['ResourceAlreadyExistsException'],
  condition: ['ConditionalCheckFailedException', 'PreconditionFailed'],
  invalid: [
    'InvalidParameterException',
    'InvalidParameterValue',
    'ValidationError',
    'ValidationException',
    'SerializationException',
    'InvalidRange',
    'InvalidRequest',
    'InvalidObjectState',
    'MalformedPolicyDocument',
    'MalformedPolicyDocumentException',
    'PackedPolicyTooLarge',
    'PackedPolicyTooLargeException',
    'UnknownOperationException',
  ],
  aborted: ['AbortError'],
};

const rows = Object.entries(NAMES).flatMap(([fault, names]) => names.map((name) => [name, fault] as const));

test('the table of this test has every name of the service', () => {
  assert.deepEqual(rows.map(([name]) => name).sort(), [...FAULT_NAMES].sort());
});

for (const [name, fault] of rows) {
  test(`${name} is ${fault}, as an error's name, its Code or its code, whatever the status`, () => {
    assert.equal(faultOf(awsError(name)), fault);
    assert.equal(faultOf(awsError(name, 418)), fault);
    assert.equal(faultOf(Object.assign(new Error('x'), { Code: name })), fault);
    assert.equal(faultOf(Object.assign(new Error('x'), { code: name })), fault);
    assert.equal(awsErrorName(Object.assign(new Error('x'), { code: name })), name);
  });
}

const STATUSES: readonly (readonly [status: number | undefined, fault: AwsFault])[] = [
  [429, 'throttle'],
  [500, 'transient'],
  [502, 'transient'],
  [503, 'transient'],
  [599, 'transient'],
  [403, 'refused'],
  [404, 'missing'],
  [412, 'condition'],
  [400, 'invalid'],
  [409, 'invalid'],
  [499, 'invalid'],
  [399, 'transient'],
  [200, 'transient'],
  [undefined, 'transient'],
];

for (const [status, fault] of STATUSES) {
  test(`an unknown name with status ${status} is ${fault}`, () => {
    assert.equal(faultOf(awsError('NeverHeardOf', status)), fault);
  });
}

test('a name goes before the status of the same error', () => {
  assert.equal(faultOf(awsError('ThrottlingException', 400)), 'throttle');
  assert.equal(faultOf(awsError('ExpiredTokenException', 403)), 'credentials');
  assert.equal(faultOf(awsError('AccessDenied', 500)), 'refused');
});

test('where an error says nothing itself, its causes are asked, four levels deep', () => {
  const wrap = (cause: unknown, times: number): unknown =>
    times === 0 ? cause : wrap(new Error('wrapped', { cause }), times - 1);
  assert.equal(faultOf(wrap(awsError('SlowDown'), 1)), 'throttle');
  assert.equal(faultOf(wrap(awsError('NoSuchKey'), 3)), 'missing');
  assert.equal(faultOf(wrap(awsError('NoSuchKey'), 4)), 'transient');
  assert.equal(faultOf(new Error('outer', { cause: awsError('X', 403) })), 'refused');
  assert.equal(faultOf(awsError('AccessDenied', undefined)), 'refused');
});

test('causes that go round in a circle end', () => {
  const error: Error & { cause?: unknown } = new Error('x');
  error.cause = error;
  assert.equal(faultOf(error), 'transient');
});

test('what is no error, or says nothing, is transient: to try again loses nothing', () => {
  for (const thrown of [undefined, null, 'text', 42, {}, { name: 'AccessDenied' }, new Error('x')]) {
    assert.equal(faultOf(thrown), 'transient');
  }
});

test("the name of an error nobody knows is its own, and what is no error is 'unknown'", () => {
  assert.equal(awsErrorName(new TypeError('x')), 'TypeError');
  assert.equal(awsErrorName(awsError('NeverHeardOf')), 'NeverHeardOf');
  assert.equal(awsErrorName(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED');
  assert.equal(awsErrorName('text'), 'unknown');
});
