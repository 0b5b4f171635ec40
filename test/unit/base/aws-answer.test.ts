import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, sayAnswer, withoutRequestIds } from '../../../service/base/aws-answer.ts';
import { awsError } from '../../support/aws-error.ts';

const messageOf = (message: string) => answerOf(awsError('SomeException', 400, message))?.message;

test('an answer has its code, its message and its request id, however deep its error is wrapped', () => {
  const error = Object.assign(new Error('Access Denied'), {
    name: 'AccessDenied',
    $metadata: { httpStatusCode: 403, requestId: 'EMZH6M0NJJZVRAVT' },
  });
  const expected = { code: 'AccessDenied', message: 'Access Denied', requestId: 'EMZH6M0NJJZVRAVT' };
  assert.deepEqual(answerOf(error), expected);
  assert.deepEqual(answerOf(new Error('outer', { cause: new Error('inner', { cause: error }) })), expected);
});

test('an answer without a body has its status for a name, and no message', () => {
  const error = Object.assign(new Error('UnknownError'), { name: 'Unknown', $metadata: { httpStatusCode: 403 } });
  assert.deepEqual(answerOf(error), { code: 'HTTP 403', message: '', requestId: undefined });
});

test('where AWS has answered nothing, or nothing wrong, there is no answer', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    $metadata: { attempts: 4 },
  });
  for (const error of [refused, new Error('x'), awsError('SyntaxError', 200), 'text', undefined]) {
    assert.equal(answerOf(error), undefined);
  }
});

test('causes that go round in a circle end', () => {
  const error: Error & { cause?: unknown } = new Error('x');
  error.cause = error;
  assert.equal(answerOf(error), undefined);
});

test('a message is one line: no control characters, no ends of lines, no marks that turn text around', () => {
  assert.equal(messageOf(' a\u0000b\r\nc\u001b[31md\u2028e\u202ef\ud800g '), 'a b c [31md e f\ufffdg');
});

test('a message of more than a kilobyte is cut in its middle, in whole characters', () => {
  assert.equal(messageOf('x_'.repeat(512)), 'x_'.repeat(512));
  // Spaces, so that it does not look like a token.
  const long = messageOf(`begins ${'🍵 '.repeat(1_000)}ends`) ?? '';
  assert.ok(Buffer.byteLength(long) <= 1_024 && Buffer.byteLength(long) > 1_000, `${Buffer.byteLength(long)} bytes`);
  assert.match(long, /^begins [🍵 ]+… [🍵 ]+ends$/u);
});

test('a million characters of a message take no time', () => {
  assert.match(messageOf(`Value '${"' at 'x ".repeat(100_000)}`) ?? '', /^Value \(hidden\) at '/);
});

/** What AWS is known to repeat of a request; none of it may be shown. */
const SECRETS: readonly (readonly [what: string, message: string, shown: string])[] = [
  [
    "the session's token, in a request as it should have been signed",
    "The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been\n'POST\n/\n\nhost:logs.us-east-1.amazonaws.com\nx-amz-security-token:FwoGZXIvYXdzEBYaDsecret+/=\n\nhost;x-amz-security-token\ne3b0c442'",
    "The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'POST / host:logs.us-east-1.amazonaws.com x-amz-security-token:(hidden) host;x-amz-security-token e3b0c442'",
  ],
  [
    'an external id that breaks a rule',
    "1 validation error detected: Value 'the secret' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*",
    "1 validation error detected: Value (hidden) at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*",
  ],
  [
    'values with quotation marks of their own',
    "2 validation errors detected: Value 'it's a secret' at 'a' failed; Value 'another ' at 'secret' at 'logEvents' failed to satisfy constraint: x",
    "2 validation errors detected: Value (hidden) at 'logEvents' failed to satisfy constraint: x",
  ],
  ['an access key', 'The key ASIAIOSFODNN7EXAMPLE is unknown', 'The key (hidden) is unknown'],
  [
    'whatever is as long as a token and looks like one',
    `The token ${'AQoDYXdzEJr+/='.repeat(20)} is malformed`,
    'The token (hidden) is malformed',
  ],
];

for (const [what, message, shown] of SECRETS) {
  test(`an answer does not show ${what}`, () => {
    assert.equal(messageOf(message), shown);
  });
}

test('an answer is said with its code, its message and its request id', () => {
  const answer = { code: 'AccessDenied', message: 'Access Denied', requestId: 'R1' };
  assert.equal(sayAnswer(answer), 'AWS: AccessDenied: Access Denied (request id R1)');
  assert.equal(sayAnswer({ ...answer, requestId: undefined }), 'AWS: AccessDenied: Access Denied');
  assert.equal(sayAnswer({ ...answer, message: '' }), 'AWS: AccessDenied (request id R1)');
  assert.equal(withoutRequestIds(`${sayAnswer(answer)} again`), 'AWS: AccessDenied: Access Denied again');
});

test('S3 tells the region of a bucket in a header, and why an object cannot be read in its answer', () => {
  const error = (more: object) => Object.assign(awsError('X', 403), more);
  assert.equal(
    answerOf(error({ $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } }))?.bucketRegion,
    'eu-west-1',
  );
  const archived = answerOf(error({ StorageClass: 'INTELLIGENT_TIERING', AccessTier: 'ARCHIVE_ACCESS' }));
  assert.deepEqual([archived?.storageClass, archived?.accessTier], ['INTELLIGENT_TIERING', 'ARCHIVE_ACCESS']);
});
