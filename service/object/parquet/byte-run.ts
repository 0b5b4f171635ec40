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
  /** Leaves bytes behind that were peeked at. */
  skip(length: number): void;
}

/** Large enough to hide a request's latency, small enough that a dozen columns of an object stay cheap. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export function createByteRun(source: ByteSource, start: number, end: number, signal: AbortSignal): ByteRun {
  let offset = start;
  /** Windows that lie behind one another; the first has the next byte. */
  const windows: { readonly from: number; readonly bytes: Uint8Array }[] = [];
  let requested = start;
  let ahead: Promise<Uint8Array> | undefined;

  const request = (): Promise<Uint8Array> | undefined => {
    if (requested >= end) return undefined;
    const from = requested;
    requested = Math.min(end, from + WINDOW_BYTES);
    const bytes = source.read(from, requested, signal);
    // Whoever comes for it hears of its failure; if nobody comes, nobody needs to.
    bytes.catch(() => {});
    return bytes;
  };

  const fetched = () => {
    const last = windows.at(-1);
    return last ? last.from + last.bytes.length : offset;
  };

  const fetchUpTo = async (place: number): Promise<void> => {
    while (fetched() < place) {
      const from = fetched();
      const bytes = await (ahead ?? request());
      if (!bytes) throw corrupt('nothing is left of a column chunk');
      windows.push({ from, bytes });
      ahead = request();
    }
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
      await fetchUpTo(offset + length);
      const [first] = windows;
      if (!first) return new Uint8Array(0);
      const at = offset - first.from;
      if (at + length <= first.bytes.length) return first.bytes.subarray(at, at + length);
      const joined = new Uint8Array(length);
      let filled = 0;
      for (const { from, bytes } of windows) {
        const part = bytes.subarray(Math.max(0, offset - from), Math.max(0, offset + length - from));
        joined.set(part, filled);
        filled += part.length;
      }
      return joined;
    },
    skip(length) {
      offset += length;
      while (windows[0] && windows[0].from + windows[0].bytes.length <= offset) windows.shift();
    },
  };
}
