/**
 * What AWS answered to a call that it did not carry out. Safe to show to operators and to log: one line, at most
 * `MESSAGE_BYTES_MAX` bytes, without credentials and without values that a call brought along.
 */
export interface AwsAnswer {
  /** AWS's name for the error, such as `AccessDenied`; `HTTP 403` where the answer has none. */
  readonly code: string;
  /** '' where the answer has none. */
  readonly message: string;
  /** AWS's support asks for it; undefined where the answer has none. */
  readonly requestId: string | undefined;
  /** The region of the bucket, where S3 tells it. */
  readonly bucketRegion?: string;
  /** The storage class of the object, where S3 says that it keeps the object from being read. */
  readonly storageClass?: string;
  /** The tier of an object of class INTELLIGENT_TIERING, likewise. */
  readonly accessTier?: string;
}

const MESSAGE_BYTES_MAX = 1_024;
/** What is looked at of a message before it is cut: a pattern must not run over a megabyte. */
const LOOKED_AT_MAX = 16_384;
/** As deep as `faultOf` looks. */
const DEPTH_MAX = 4;
const HIDDEN = '(hidden)';

/** The members of an error that comes from an answer: those of the SDK's, and of `aws/put-events.ts`. */
interface AnsweredError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown };
  /** Not enumerable. */
  readonly $response?: { readonly headers?: Readonly<Record<string, unknown>> };
  readonly Region?: unknown;
  readonly StorageClass?: unknown;
  readonly AccessTier?: unknown;
}

/** The answer behind an error or one of its causes; undefined where AWS has answered nothing, as when the network fails. */
export function answerOf(error: unknown): AwsAnswer | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < DEPTH_MAX; e = e.cause, depth++) {
    const { $metadata } = e as AnsweredError;
    const status = $metadata?.httpStatusCode;
    // An answer with status 200 that could not be read is no refusal.
    if (typeof status === 'number' && status >= 300) return toAnswer(e, status, $metadata?.requestId);
  }
  return undefined;
}

function toAnswer(error: AnsweredError, status: number, requestId: unknown): AwsAnswer {
  // The SDK's words for an answer without a body, which is all that a HEAD request gets.
  const nameless = error.name === 'Unknown' || error.name === 'UnknownError';
  const bucketRegion = textOf(error.Region) ?? textOf(error.$response?.headers?.['x-amz-bucket-region']);
  const storageClass = textOf(error.StorageClass);
  const accessTier = textOf(error.AccessTier);
  return {
    code: nameless ? `HTTP ${status}` : toLine(error.name),
    message: nameless ? '' : toLine(error.message),
    requestId: textOf(requestId),
    ...(bucketRegion === undefined ? {} : { bucketRegion }),
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(accessTier === undefined ? {} : { accessTier }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? toLine(value) : undefined;
}

/** One line of printable text, in which no credential is, of at most a kilobyte. */
function toLine(text: string): string {
  const printable = withoutSecretValues(text.slice(0, LOOKED_AT_MAX))
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return cutToBytes(printable, MESSAGE_BYTES_MAX);
}

/** Messages of AWS repeat parts of the request. */
function withoutSecretValues(text: string): string {
  return (
    text
      // A signature that does not fit: the request as it was to be signed, with the session's token among its headers.
      .replace(/(x-amz-security-token\s*[:=]\s*)\S+/gi, `$1${HIDDEN}`)
      // A value that breaks a rule, whatever it is: an external id, the text of an event.
      .replace(/\bValue '.*' at '/gs, `Value ${HIDDEN} at '`)
      // Access keys, and what is as long as a session's token and looks like one.
      .replace(/\b(?:AKIA|ASIA)[A-Z0-9]{8,}/g, HIDDEN)
      .replace(/[A-Za-z0-9+/=]{100,}/g, HIDDEN)
  );
}

/** Cut in the middle: a denial names the action at its beginning and the policy at its end, with a resource between them. */
function cutToBytes(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const mark = ' … ';
  const bytes = Buffer.from(text);
  const keptBytes = bytesMax - Buffer.byteLength(mark);
  const tailBytes = Math.floor(keptBytes / 3);
  // A character that is cut in two decodes to replacement characters.
  const head = bytes
    .subarray(0, keptBytes - tailBytes)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  const tail = bytes
    .subarray(bytes.length - tailBytes)
    .toString('utf8')
    .replace(/^\ufffd+/, '');
  return `${head}${mark}${tail}`;
}

/** The answer as part of a sentence: `AWS: AccessDenied: Access Denied (request id 4A2B)`. */
export function sayAnswer({ code, message, requestId }: AwsAnswer): string {
  const words = message === '' || message === code ? code : `${code}: ${message}`;
  return requestId === undefined ? `AWS: ${words}` : `AWS: ${words} (request id ${requestId})`;
}

/** The same text for every call that was answered so: request ids differ. */
export function withoutRequestIds(text: string): string {
  return text.replaceAll(/ \(request id [^)]*\)/g, '');
}
