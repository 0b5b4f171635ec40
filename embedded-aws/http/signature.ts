import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { AuthError } from './aws-error.ts';
import { type HttpRequest, header } from './message.ts';

/** Signature Version 4 (IAM user guide, "Create a signed AWS API request"), the receiving side. */

/** The `Authorization` header, taken apart. */
export interface Authorization {
  readonly accessKeyId: string;
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** Lowercase hex. */
  readonly signature: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** @returns undefined for an unsigned request
 *  @throws AuthError */
export function parseAuthorization(request: HttpRequest): Authorization | undefined {
  const value = header(request, 'authorization');
  if (value === undefined) return undefined;
  if (!value.startsWith(`${ALGORITHM} `)) {
    throw new AuthError('incomplete', `Unsupported AWS 'algorithm'; only ${ALGORITHM} is understood here.`);
  }
  const fields = new Map(
    value
      .slice(ALGORITHM.length)
      .split(',')
      .map((part) => {
        const at = part.indexOf('=');
        return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
      }),
  );
  for (const name of ['Credential', 'SignedHeaders', 'Signature']) {
    if (!fields.get(name)) throw new AuthError('incomplete', `Authorization header requires '${name}' parameter.`);
  }
  const scope = (fields.get('Credential') ?? '').split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator] = scope;
  if (scope.length !== 5 || terminator !== 'aws4_request') {
    throw new AuthError(
      'incomplete',
      'Credential must have exactly 5 slash-delimited elements and end in aws4_request.',
    );
  }
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';');
  return { accessKeyId, date, region, service, signedHeaders, signature: fields.get('Signature') ?? '' };
}

/** How far a client's clock may be off (S3: "Common error responses", RequestTimeTooSkewed; others: their error text). */
const SKEW_MAX_MS = 5 * 60_000;
const S3_SKEW_MAX_MS = 15 * 60_000;

/**
 * Checks the time of a request against the server's clock.
 * @returns the request's time as it was signed, `YYYYMMDDTHHMMSSZ`
 * @throws AuthError
 */
export function checkTime(request: HttpRequest, authorization: Authorization, nowMs: number): string {
  const stamp = header(request, 'x-amz-date') ?? basicFormat(Date.parse(header(request, 'date') ?? ''));
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (!time) throw new AuthError('incomplete', "Authorization header requires a valid 'X-Amz-Date' or 'Date' header.");
  const [, year, month, day, hours, minutes, seconds] = time.map(Number);
  const atMs = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hours, minutes, seconds);
  const now = basicFormat(nowMs);
  if (authorization.service === 's3') {
    if (Math.abs(nowMs - atMs) > S3_SKEW_MAX_MS) {
      throw new AuthError('skew', 'The difference between the request time and the current time is too large.');
    }
  } else if (nowMs - atMs > SKEW_MAX_MS) {
    const limit = basicFormat(nowMs - SKEW_MAX_MS);
    throw new AuthError('skew', `Signature expired: ${stamp} is now earlier than ${limit} (${now} - 5 min.)`);
  } else if (atMs - nowMs > SKEW_MAX_MS) {
    const limit = basicFormat(nowMs + SKEW_MAX_MS);
    throw new AuthError('skew', `Signature not yet current: ${stamp} is still later than ${limit} (${now} + 5 min.)`);
  }
  if (!stamp.startsWith(authorization.date)) {
    throw new AuthError('scope', `Date in Credential scope does not match YYYYMMDD of ${stamp}.`);
  }
  return stamp;
}

function basicFormat(atMs: number): string {
  return Number.isNaN(atMs) ? '' : new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Values of x-amz-content-sha256 that are no hash of the body. */
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/**
 * Checks that the body is the one that was hashed.
 * @returns what stands for the body in the canonical request
 * @throws AuthError
 */
export function checkBody(request: HttpRequest): string {
  const declared = header(request, 'x-amz-content-sha256');
  if (declared === UNSIGNED_PAYLOAD || declared === UNSIGNED_TRAILER) return declared;
  if (declared?.startsWith('STREAMING-')) {
    throw new AuthError('body', `${declared} is not understood here: sign the whole body or use a trailing checksum.`);
  }
  const actual = hash('sha256', request.body);
  if (declared !== undefined && declared !== actual) {
    throw new AuthError('body', "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return actual;
}

/** @throws AuthError when the signature was not made with this secret over this request */
export function checkSignature(
  request: HttpRequest,
  authorization: Authorization,
  { secret, stamp, bodyHash }: { secret: string; stamp: string; bodyHash: string },
): void {
  if (!authorization.signedHeaders.includes('host')) {
    throw new AuthError('signature', "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const { date, region, service } = authorization;
  const canonical = hash('sha256', canonicalRequest(request, authorization, bodyHash));
  const text = [ALGORITHM, stamp, `${date}/${region}/${service}/aws4_request`, canonical].join('\n');
  const expected = createHmac('sha256', signingKey(secret, date, region, service))
    .update(text)
    .digest();
  const given = Buffer.from(authorization.signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AuthError(
      'signature',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  }
}

function signingKey(secret: string, ...scope: readonly string[]): Buffer {
  let key = Buffer.from(`AWS4${secret}`);
  for (const part of [...scope, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  return key;
}

function canonicalRequest(request: HttpRequest, { service, signedHeaders }: Authorization, bodyHash: string): string {
  // S3 takes the path as it was sent; all others encode it once more.
  const path = service === 's3' ? request.rawPath : request.rawPath.split('/').map(encode).join('/');
  const query = request.rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return at < 0 ? [recode(pair), ''] : [recode(pair.slice(0, at)), recode(pair.slice(at + 1))];
    })
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signedHeaders.map((name) => `${name}:${(header(request, name) ?? '').trim().replace(/\s+/g, ' ')}\n`);
  return [request.method, path, query, headers.join(''), signedHeaders.join(';'), bodyHash].join('\n');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function recode(value: string): string {
  try {
    return encode(decodeURIComponent(value.replaceAll('+', '%20')));
  } catch {
    return value;
  }
}

/** Percent-encodes all but the unreserved characters of RFC 3986. */
export function encode(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
