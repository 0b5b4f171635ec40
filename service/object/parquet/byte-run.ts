import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';

/**
 * The bytes of one column chunk, front to back. Read in windows, the next one while this one is used, so that a chunk of
 * hundreds of megabytes takes no more memory than two windows and what is asked for at a time.
 */
export interface ByteRun {
  /** Place of the next byte in the file. */
  readonly offset: number;
  readonly left: number;
  /** The next `length` bytes, which stay next. Good until anything else is asked for. */
  peek(length: number): Promise<Uint8Array>;
  skip(length: number): void;
}

/** Large enough to hide a request's latency, small enough that a dozen columns of an object stay cheap. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export function createByteRun(source: ByteSource, start: number, end: number, signal: AbortSignal): ByteRun {
  let window: Uint8Array = new Uint8Array(0);
  /** Place of `window[0]` in the file. */
  let windowStart = start;
  let offset = start;
  let ahead: { readonly from: number; readonly bytes: Promise<Uint8Array> } | undefined;

  const request = (from: number, bytesMin: number) => {
    const bytes = source.read(from, Math.min(end, from + Math.max(WINDOW_BYTES, bytesMin)), signal);
    // Whoever comes for it hears of its failure; if nobody comes, nobody needs to.
    bytes.catch(() => {});
    return { from, bytes };
  };

  const fill = async (length: number): Promise<void> => {
    const kept = window.subarray(Math.min(window.length, offset - windowStart));
    const from = offset + kept.length;
    const coming = ahead?.from === from ? ahead : request(from, length - kept.length);
    ahead = undefined;
    let more = await coming.bytes;
    if (kept.length + more.length < length) {
      const rest = await request(from + more.length, length - kept.length - more.length).bytes;
      more = concat(more, rest);
    }
    window = kept.length === 0 ? more : concat(kept, more);
    windowStart = offset;
    const next = windowStart + window.length;
    if (next < end) ahead = request(next, 0);
  };

  return {
    get offset() {
      return offset;
    },
    get left() {
      return end - offset;
    },
    async peek(length) {
      if (length > end - offset) throw corrupt(`a Parquet page reaches beyond its column chunk, at byte ${offset}`);
      if (offset + length > windowStart + window.length) await fill(length);
      return window.subarray(offset - windowStart, offset - windowStart + length);
    },
    skip(length) {
      offset += length;
    },
  };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
