import { AwsError } from '../http/aws-error.ts';
import { constraint, invalid, wrongType } from './names.ts';

/** The rules of PutLogEvents (API reference, PutLogEvents), apart from names. Pure. */

const BATCH_BYTES_MAX = 1_048_576;
const EVENT_OVERHEAD_BYTES = 26;
const EVENTS_MAX = 10_000;
/** "Each log event can be no larger than 1 MB" since April 2025; 256 KiB before, and in China still. With its overhead. */
export const EVENT_BYTES_MAX = 1_048_576;
const SPAN_MAX_MS = 24 * 3600_000;
const FUTURE_MAX_MS = 2 * 3600_000;
const PAST_MAX_MS = 14 * 24 * 3600_000;

export interface PutLimits {
  readonly nowMs: number;
  readonly retentionDays: number | undefined;
  readonly eventBytesMax: number;
}

export interface Rejected {
  /** First event that is too new; it and all after it are dropped. */
  readonly tooNewLogEventStartIndex?: number;
  /** One past the last event that is older than 14 days. */
  readonly tooOldLogEventEndIndex?: number;
  /** One past the last event that is older than the group's retention. */
  readonly expiredLogEventEndIndex?: number;
}

/** The accepted events are those from `from` to before `to`. */
export interface PutVerdict {
  readonly from: number;
  readonly to: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly rejected: Rejected | undefined;
}

/**
 * Judges the events of a call.
 * @throws AwsError where the whole call is refused
 */
export function judgeEvents(events: unknown, limits: PutLimits): PutVerdict {
  const timestamps = checkEvents(events, limits.eventBytesMax);
  const first = timestamps[0] ?? 0;
  const last = timestamps[timestamps.length - 1] ?? 0;
  if (last - first > SPAN_MAX_MS) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
  const { nowMs, retentionDays } = limits;
  const tooOld = countBefore(timestamps, nowMs - PAST_MAX_MS);
  const expired = retentionDays === undefined ? 0 : countBefore(timestamps, nowMs - retentionDays * 24 * 3600_000);
  const tooNew = countBefore(timestamps, nowMs + FUTURE_MAX_MS + 1);
  const from = Math.max(tooOld, expired);
  const to = Math.max(from, tooNew);
  const rejected: Rejected = {
    ...(tooNew < timestamps.length ? { tooNewLogEventStartIndex: tooNew } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
  };
  return {
    from,
    to,
    firstMs: timestamps[from] ?? first,
    lastMs: timestamps[to - 1] ?? last,
    rejected: Object.keys(rejected).length > 0 ? rejected : undefined,
  };
}

/** Checks all that refuses the whole call, and returns the timestamps. */
function checkEvents(events: unknown, eventBytesMax: number): Float64Array {
  if (events === undefined || events === null) throw constraint('logEvents', undefined, 'not be null');
  if (!Array.isArray(events)) throw wrongType(events, 'a List');
  if (events.length < 1) throw constraint('logEvents', '[]', 'have length greater than or equal to 1');
  if (events.length > EVENTS_MAX)
    throw constraint('logEvents', '[...]', `have length less than or equal to ${EVENTS_MAX}`);
  const timestamps = new Float64Array(events.length);
  let batchBytes = 0;
  let previous = 0;
  let ordered = true;
  for (let i = 0; i < events.length; i++) {
    const { timestamp, message } = checkEvent(events[i], i);
    const bytes = Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    if (bytes > eventBytesMax) throw invalid(`Log event too large: ${bytes} bytes exceeds limit of ${eventBytesMax}`);
    batchBytes += bytes;
    ordered &&= timestamp >= previous;
    previous = timestamp;
    timestamps[i] = timestamp;
  }
  if (batchBytes > BATCH_BYTES_MAX) {
    throw invalid(`Upload too large: ${batchBytes} bytes exceeds limit of ${BATCH_BYTES_MAX}`);
  }
  if (!ordered) throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
  return timestamps;
}

function checkEvent(event: unknown, i: number): { readonly timestamp: number; readonly message: string } {
  if (typeof event !== 'object' || event === null) throw wrongType(event, 'a Structure');
  const { timestamp, message }: { readonly timestamp?: unknown; readonly message?: unknown } = event;
  const path = `logEvents.${i + 1}.member`;
  if (timestamp === undefined || timestamp === null) throw constraint(`${path}.timestamp`, undefined, 'not be null');
  if (typeof timestamp !== 'number') throw wrongType(timestamp, 'a Long');
  if (!Number.isSafeInteger(timestamp)) throw new AwsError('SerializationException', `${timestamp} is no Long`);
  if (timestamp < 0) throw constraint(`${path}.timestamp`, timestamp, 'have value greater than or equal to 0');
  if (message === undefined || message === null) throw constraint(`${path}.message`, undefined, 'not be null');
  if (typeof message !== 'string') throw wrongType(message, 'a String');
  if (message === '') throw constraint(`${path}.message`, '', 'have length greater than or equal to 1');
  return { timestamp, message };
}

/** How many ascending timestamps lie before a time. */
function countBefore(timestamps: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timestamps[middle] ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
