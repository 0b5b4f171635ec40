import { DistributorError, type ErrorCode } from '../base/errors.ts';
import { present } from '../base/present.ts';
import { releaseMemory } from '../base/release-memory.ts';
import { type ObjectRef, objectId } from '../core/notification.ts';
import type { ByteSource } from '../object/source.ts';
import { awsErrorName, faultOf } from './fault.ts';
import type { GetObject, ObjectHead } from './get-object.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from './retry.ts';
import { awsFailure } from './words.ts';

/** An object that was found, with what S3 says of it. */
export interface S3Object {
  readonly source: ByteSource;
  readonly lastModifiedMs: number;
}

export interface S3SourceDeps extends RetryDeps {
  readonly getObject: GetObject;
  /** Tells when a request has brought too little for too long. It is given up, and its range asked for again. */
  readonly watchStall: StallWatch;
}

/** Watches one request: calls `onStall` once when `touch` told of too few bytes for too long, unless `clear` was called. */
export type StallWatch = (onStall: () => void) => { touch(bytes: number): void; clear(): void };

/**
 * The first request reads this much. Most small objects need no other, and it takes the place of a HeadObject for all:
 * size, time and ETag are in its headers.
 */
export const HEAD_BYTES = 1024 * 1024;
/** Size of the requests of a sequential read: large enough to hide their latency, small enough to hold two. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const RETRY: RetryPolicy = { attemptsMax: 6, firstMs: 50, capMs: 3_000 };

/**
 * Opens an object for ranged reads. Every read asks for the same ETag, so an object that is overwritten while it is
 * read is noticed, never mixed.
 * @param into HEAD_BYTES for what is fetched at opening; the source needs them for as long as it is used. Default: memory of its own
 * @throws DistributorError `object-gone`, `object-archived`, `object-request-rejected`, `object-forbidden` or `object-unreadable`
 */
export async function openS3Object(
  deps: S3SourceDeps,
  ref: ObjectRef,
  signal: AbortSignal,
  into?: Uint8Array,
): Promise<S3Object> {
  const identity = { bucket: ref.bucket, key: ref.key, versionId: ref.versionId || undefined };

  const fetchRange = (start: number, end: number, ifMatch: string | undefined, place?: Uint8Array) =>
    withRetry(
      async () => {
        const stall = stallSignal(signal, deps.watchStall);
        let body: ReturnType<typeof createBody> | undefined;
        const open = ({ size, from }: ObjectHead) => {
          if (from !== start) throw new Error(`asked for bytes from ${start}, got them from ${from}`);
          const expected = Math.max(0, Math.min(end, size) - from);
          const into = createBody(place?.subarray(0, expected) ?? new Uint8Array(expected));
          body = into;
          return (piece: Uint8Array) => {
            stall.touch(piece.length);
            into.add(piece);
          };
        };
        try {
          const head = await deps.getObject({ ...identity, start, end, ifMatch }, open, stall.signal);
          return { ...head, bytes: present(body, 'the body of an object').whole() };
        } catch (error) {
          throw stall.reason() ?? error;
        } finally {
          stall.clear();
        }
      },
      RETRY,
      deps,
      signal,
    );

  let first: Awaited<ReturnType<typeof fetchRange>>;
  try {
    // An object that was announced with an ETag and is another by now is "gone": its successor has a message of its own.
    first = await fetchRange(0, HEAD_BYTES, ref.versionId === undefined ? `"${ref.version}"` : undefined, into);
  } catch (error) {
    if (awsErrorName(error) === 'InvalidRange') return { source: emptySource(ref), lastModifiedMs: ref.createdMs ?? 0 };
    throw toObjectError(ref, error);
  }
  const { eTag, size, bytes: head } = first;

  const read: ByteSource['read'] = async (start, end, reading, place) => {
    reading.throwIfAborted();
    if (start < 0 || end > size || start > end) {
      throw new DistributorError('object-corrupt', `${objectId(ref)} refers to bytes ${start} to ${end} of ${size}`);
    }
    if (end <= head.length || start === end) {
      if (!place) return head.subarray(start, end);
      place.set(head.subarray(start, end));
      return place.subarray(0, end - start);
    }
    try {
      return (await fetchRange(start, end, eTag, place)).bytes;
    } catch (error) {
      throw toObjectError(ref, error);
    }
  };

  return {
    lastModifiedMs: first.lastModifiedMs ?? ref.createdMs ?? 0,
    source: {
      size,
      atHandBytes: head.length,
      name: ref.key,
      read,
      stream: (start, reading) => windows(start, size, head, (from, to) => read(from, to, reading)),
    },
  };
}

/**
 * Sequential windows with one read ahead, each good until the next is asked for. What was fetched at opening is not fetched
 * again.
 */
async function* windows(
  start: number,
  size: number,
  head: Uint8Array,
  read: (start: number, end: number) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = start;
  const request = () => {
    const end = at < head.length ? head.length : Math.min(size, at + WINDOW_BYTES);
    const bytes = read(at, end);
    // Its failure is reported when its turn comes; if the consumer leaves before, nobody waits for it.
    bytes.catch(() => {});
    at = end;
    return bytes;
  };
  let next = at < size ? request() : undefined;
  while (next) {
    const current = await next;
    next = at < size ? request() : undefined;
    yield current;
    // What was fetched at opening may be read again.
    if (current.buffer !== head.buffer) releaseMemory(current);
  }
}

function emptySource(ref: ObjectRef): ByteSource {
  return { size: 0, atHandBytes: 0, name: ref.key, read: async () => new Uint8Array(0), async *stream() {} };
}

/** Fills memory with a body of its length. A shorter one is an error that a retry can fix, a longer one too. */
function createBody(bytes: Uint8Array) {
  let at = 0;
  return {
    add(piece: Uint8Array): void {
      const { length } = bytes;
      if (at + piece.length > length) throw new Error(`the body is longer than the ${length} bytes that were promised`);
      bytes.set(piece, at);
      at += piece.length;
      releaseMemory(piece);
    },
    whole(): Uint8Array {
      if (at < bytes.length) throw new Error(`the body ended after ${at} of ${bytes.length} bytes`);
      return bytes;
    },
  };
}

/** The longest that a request may take for `STALL_BYTES`, or for the end of its body. */
const STALL_MS_MAX = 20_000;
/** A body that trickles would hold its slot for ever: 3 kB a second is less than any network that works. */
const STALL_BYTES = 64 * 1024;

/** Stalls by the clock: after 20 s with too few bytes, or sooner where a request may take no longer than that. */
export function createStallWatch({ requestTimeoutMs }: { readonly requestTimeoutMs: number }): StallWatch {
  return (onStall) => {
    const begin = () => setTimeout(onStall, Math.min(STALL_MS_MAX, requestTimeoutMs));
    let timer = begin();
    let since = 0;
    return {
      touch(bytes) {
        since += bytes;
        if (since < STALL_BYTES) return;
        since = 0;
        clearTimeout(timer);
        timer = begin();
      },
      clear: () => clearTimeout(timer),
    };
  };
}

/** Aborts when the outer signal does, or when the request stalls. */
function stallSignal(outer: AbortSignal, watchStall: StallWatch) {
  const stalled = new AbortController();
  const { touch, clear } = watchStall(() =>
    stalled.abort(new DOMException('too little arrived for too long', 'TimeoutError')),
  );
  return {
    signal: AbortSignal.any([outer, stalled.signal]),
    touch,
    /** The TimeoutError of a stall. The call throws an AbortError in its place, which nobody would repeat. */
    reason: (): unknown => (outer.aborted ? undefined : stalled.signal.reason),
    clear,
  };
}

/** What a failed call for an object means. @returns the same error when the caller gave up */
export function toObjectError(ref: ObjectRef, cause: unknown): unknown {
  if (cause instanceof DistributorError) return cause;
  const what = objectId(ref);
  const failure = (code: ErrorCode, happened: string) =>
    awsFailure(code, `${what} ${happened}`, cause, { kind: 'read-object', bucket: ref.bucket });
  switch (awsErrorName(cause)) {
    case 'InvalidObjectState':
      return failure('object-archived', 'is archived');
    // The same request will be answered the same: S3 has the object, and wants more than a service can know (SSE-C).
    case 'InvalidRequest':
      return failure('object-request-rejected', 'cannot be read');
  }
  switch (faultOf(cause)) {
    case 'aborted':
      return cause;
    case 'missing':
      return failure('object-gone', 'does not exist');
    case 'condition':
      return failure('object-gone', 'was overwritten; its successor has a message of its own');
    case 'refused':
    case 'credentials':
      return failure('object-forbidden', 'may not be read');
    default:
      return failure('object-unreadable', 'could not be read');
  }
}
