import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';

/**
 * The bytes of one column chunk, front to back. Read in windows, the first at once and each further one while that before is used,
 * so that a chunk of hundreds of megabytes takes no more memory than two windows and what is asked for at a time.
 */
export interface ByteRun extends Disposable {
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

interface Window {
  readonly from: number;
  readonly bytes: Uint8Array;
  /** Where in the kernel's memory it lies. */
  readonly at: number;
}

/** Windows lie in the kernel's memory, where they are used again and again: as garbage they would be most of all there is. */
export function createByteRun(
  { source, kernel }: { readonly source: ByteSource; readonly kernel: Kernel },
  start: number,
  end: number,
  signal: AbortSignal,
): ByteRun {
  const { bytes: all, memory } = kernel;
  let offset = start;
  let requested = start;
  /** They lie behind one another; the first has the next byte. */
  const windows: Window[] = [];
  let ahead: Promise<Window> | undefined;

  const fetch = async (from: number, to: number): Promise<Window> => {
    const at = memory.allocate(to - from);
    try {
      const bytes = await source.read(from, to, signal, all.subarray(at, at + to - from));
      return { from, bytes, at };
    } catch (error) {
      memory.release(at);
      throw error;
    }
  };

  const request = (): Promise<Window> | undefined => {
    if (requested >= end) return undefined;
    const from = requested;
    requested = Math.min(end, from + WINDOW_BYTES);
    const window = fetch(from, requested);
    // Whoever comes for it hears of its failure; if nobody comes, nobody needs to.
    window.catch(() => {});
    return window;
  };

  const fetchUpTo = async (place: number): Promise<void> => {
    for (;;) {
      const last = windows.at(-1);
      if ((last ? last.from + last.bytes.length : offset) >= place) return;
      const window = await (ahead ?? request());
      if (!window) throw corrupt('nothing is left of a column chunk');
      windows.push(window);
      ahead = request();
    }
  };

  ahead = request();
  return {
    get offset() {
      return offset;
    },
    get left() {
      return end - offset;
    },
    async peek(length) {
      while (windows[0] && windows[0].from + windows[0].bytes.length <= offset)
        memory.release(windows.shift()?.at ?? 0);
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
    },
    [Symbol.dispose]() {
      for (const { at } of windows.splice(0)) memory.release(at);
      // One that is still on its way is written to until it has settled.
      ahead?.then(
        ({ at }) => memory.release(at),
        () => {},
      );
      ahead = undefined;
    },
  };
}
