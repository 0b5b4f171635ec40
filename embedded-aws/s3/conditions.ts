import { AwsError } from '../http/aws-error.ts';
import { type HttpRequest, header } from '../http/message.ts';
import type { Version } from './store.ts';

/** Preconditions and ranges of reads (S3 API reference, GetObject; RFC 9110, 13 and 14). */

/** @returns `not-modified` where a 304 is due
 *  @throws AwsError PreconditionFailed */
export function checkRead(request: HttpRequest, { eTag, lastModifiedMs }: Version): 'ok' | 'not-modified' {
  const ifMatch = header(request, 'if-match');
  const ifUnmodified = Date.parse(header(request, 'if-unmodified-since') ?? '');
  // If-Match decides alone when it is there.
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, eTag)) throw failed('If-Match');
  } else if (seconds(lastModifiedMs) > seconds(ifUnmodified)) throw failed('If-Unmodified-Since');
  const ifNoneMatch = header(request, 'if-none-match');
  const ifModified = Date.parse(header(request, 'if-modified-since') ?? '');
  if (ifNoneMatch !== undefined) return lists(ifNoneMatch, eTag) ? 'not-modified' : 'ok';
  return seconds(lastModifiedMs) <= seconds(ifModified) ? 'not-modified' : 'ok';
}

/** Conditional writes: `If-None-Match: *` creates only, `If-Match` replaces only that object.
 *  @throws AwsError */
export function checkWrite(request: HttpRequest, current: Version | undefined): void {
  const present = current?.marker === false ? current : undefined;
  const ifNoneMatch = header(request, 'if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501);
  }
  if (ifNoneMatch === '*' && present) throw failed('If-None-Match');
  const ifMatch = header(request, 'if-match');
  if (ifMatch === undefined) return;
  if (!present) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (!lists(ifMatch, present.eTag)) throw failed('If-Match');
}

/** A part of an object; `end` is exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * @returns undefined where the whole object is to be sent: no range, several, or one that is no range at all
 * @throws AwsError InvalidRange
 */
export function readRange(value: string | undefined, size: number): ByteRange | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(value ?? '') ?? [];
  if (value === undefined || (from === '' && to === '')) return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
  if (from !== '' && to !== '' && Number(to) < start) return undefined;
  if (start >= end) {
    const details = { RangeRequested: value, ActualObjectSize: String(size) };
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, details);
  }
  return { start, end };
}

/** The pieces of a body that hold a range; nothing is copied. */
export function sliceOf(pieces: readonly Buffer[], { start, end }: ByteRange): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, piece.length);
    if (from < to) found.push(piece.subarray(from, to));
    at += piece.length;
  }
  return found;
}

function lists(value: string, eTag: string): boolean {
  const bare = (tag: string) => tag.trim().replace(/^W\//, '').replaceAll('"', '');
  return value.split(',').some((tag) => bare(tag) === '*' || bare(tag) === bare(eTag));
}

/** Dates of HTTP have whole seconds. NaN, which compares false, where there is none. */
function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}

function failed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError('PreconditionFailed', message, 412, { Condition: condition });
}
