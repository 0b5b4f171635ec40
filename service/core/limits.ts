/** Limits of the AWS APIs that batching and naming obey, each with its source. */

/**
 * Bytes of one PutLogEvents call: message bytes plus 26 for each event (API reference, PutLogEvents: 1,048,576).
 * A thousandth is kept back: systems before this one found calls at the very limit refused.
 */
export const BATCH_BYTES_MAX = 1_048_576 - 1_024;
/** What each event adds to its message's UTF-8 bytes (API reference, PutLogEvents). */
export const EVENT_OVERHEAD_BYTES = 26;
/** Events of one call (API reference, PutLogEvents). */
export const BATCH_EVENTS_MAX = 10_000;
/** A call's events may not span more than 24 hours (API reference, PutLogEvents); an event at exactly 24 hours starts a new batch. */
export const BATCH_SPAN_MS = 24 * 3_600_000;
/** Events that are older than this are refused one by one (API reference, RejectedLogEventsInfo: 14 days). */
export const EVENT_AGE_MAX_MS = 14 * 24 * 3_600_000;
/** Events that lie further ahead than this are refused one by one (API reference, RejectedLogEventsInfo: 2 hours). */
export const EVENT_AHEAD_MAX_MS = 2 * 3_600_000;
/**
 * How far beyond these two an event must lie before we refuse it without asking. Ours: the clock that we go by is DynamoDB's, within a
 * second; before its first answer it is the host's, of which ten minutes off is more than any that runs NTP.
 */
export const EVENT_TIME_MARGIN_MS = 10 * 60_000;
/** Timestamps are whole milliseconds from 0 on (API reference, InputLogEvent); one call with a negative one is refused whole. */
export const TIMESTAMP_MIN_MS = 0;
/** The last instant that a Date can hold; later ones cannot be shown to anyone. */
export const TIMESTAMP_MAX_MS = 8.64e15;

/** The longest that SQS keeps a message, and a dead-letter queue a dead letter (SQS quotas, message retention). */
export const MESSAGE_DAYS_MAX = 14;

/** Characters of a log group name, 1 to 512 (API reference, CreateLogGroup). */
export const LOG_GROUP_NAME = /^[a-zA-Z0-9_\-/.#]{1,512}$/;
/** Characters of a log stream name, 1 to 512, without ':' and '*' (API reference, CreateLogStream). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the name must not hold.
export const LOG_STREAM_NAME = /^[^:*\u0000-\u001f\u007f]{1,512}$/u;
export const NAME_LENGTH_MAX = 512;

/** The retention periods that CloudWatch Logs knows, in days (API reference, PutRetentionPolicy). */
export const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Session tags of AssumeRole: value at most 256 characters (STS API reference); session name 2 to 64 of `\w+=,.@-`. */
export const SESSION_TAG_VALUE_LENGTH_MAX = 256;
export const SESSION_NAME_LENGTH_MAX = 64;
