import { type AuthError, type AuthProblem, AwsError, type DeniedError } from './aws-error.ts';
import { answer, type HttpAnswer } from './message.ts';
import { element, text } from './xml.ts';

/** The three ways in which AWS services speak here; `json-1.0` and `json-1.1` differ in their content type only. */
export type Protocol = 'json-1.0' | 'json-1.1' | 'query' | 's3';

/** Code and status of each problem with credentials, by protocol (common errors of the services' API references). */
const AUTH_CODES: Readonly<Record<AuthProblem, readonly [json: string, query: string, s3: string, s3Status: number]>> =
  {
    missing: ['MissingAuthenticationTokenException', 'MissingAuthenticationToken', 'AccessDenied', 403],
    incomplete: ['IncompleteSignatureException', 'IncompleteSignature', 'AuthorizationHeaderMalformed', 400],
    'unknown-key': ['UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidAccessKeyId', 403],
    'bad-token': ['UnrecognizedClientException', 'InvalidClientTokenId', 'InvalidToken', 400],
    expired: ['ExpiredTokenException', 'ExpiredToken', 'ExpiredToken', 400],
    signature: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch', 403],
    body: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'XAmzContentSHA256Mismatch', 400],
    skew: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed', 403],
    scope: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'AuthorizationHeaderMalformed', 400],
  };

export function authError(protocol: Protocol, { problem, message }: AuthError): AwsError {
  const [json, query, s3, s3Status] = AUTH_CODES[problem];
  if (protocol === 's3') return new AwsError(s3, message, s3Status);
  return protocol === 'query' ? new AwsError(query, message, 403) : new AwsError(json, message, 400);
}

export function deniedError(protocol: Protocol, { message }: DeniedError): AwsError {
  if (protocol === 's3') return new AwsError('AccessDenied', message, 403);
  return protocol === 'query'
    ? new AwsError('AccessDenied', message, 403)
    : new AwsError('AccessDeniedException', message);
}

/** Throttling, under the name that each service gives it. */
export function throttleError(protocol: Protocol, service: string): AwsError {
  if (protocol === 's3') return new AwsError('SlowDown', 'Please reduce your request rate.', 503);
  if (protocol === 'query') return new AwsError('Throttling', 'Rate exceeded', 400);
  if (service === 'sqs') return new AwsError('RequestThrottled', 'Rate exceeded', 403);
  return new AwsError('ThrottlingException', 'Rate exceeded', 400);
}

export function renderError(protocol: Protocol, error: AwsError, requestId: string): HttpAnswer {
  if (protocol === 'query') {
    const fault = error.status >= 500 ? 'Receiver' : 'Sender';
    const inner = [element('Type', fault), element('Code', error.code), element('Message', error.message)].join('');
    const body = `<ErrorResponse><Error>${inner}</Error>${element('RequestId', requestId)}</ErrorResponse>`;
    return answer(error.status, { 'content-type': 'text/xml' }, body);
  }
  if (protocol === 's3') {
    const details = Object.entries(error.details).map(([name, value]) => element(name, value));
    const inner = [element('Code', error.code), element('Message', error.message), ...details];
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner.join('')}${element('RequestId', requestId)}</Error>`;
    return answer(error.status, { 'content-type': 'application/xml' }, body);
  }
  return jsonAnswer(protocol, { __type: error.code, message: error.message, ...error.details }, error.status);
}

export function jsonAnswer(protocol: 'json-1.0' | 'json-1.1', value: unknown, status = 200): HttpAnswer {
  const version = protocol === 'json-1.0' ? '1.0' : '1.1';
  return answer(status, { 'content-type': `application/x-amz-json-${version}` }, JSON.stringify(value));
}

/** @param result inner XML of `<XResult>`; undefined for actions that return nothing */
export function queryAnswer(
  namespace: string,
  action: string,
  result: string | undefined,
  requestId: string,
): HttpAnswer {
  const inner = result === undefined ? '' : `<${action}Result>${result}</${action}Result>`;
  const metadata = `<ResponseMetadata>${element('RequestId', requestId)}</ResponseMetadata>`;
  const body = `<${action}Response xmlns="${text(namespace)}">${inner}${metadata}</${action}Response>`;
  return answer(200, { 'content-type': 'text/xml' }, body);
}
