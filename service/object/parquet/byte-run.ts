import type { Loan } from '../../kernel/allocator.ts';
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
  /** The next bytes as far as they lie together, at least one while there are any; they stay next. Good as those of `peek`. */
  peekSome(): Promise<Uint8Array>;
  /** Leaves bytes behind; what was not fetched of them is not fetched. */
  skip(length: number): void;
}

/** The body of a page, as a part of the run that it lies in. */
export type PageBody = Omit<ByteRun, 'offset' | typeof Symbol.dispose>;

/** @param end of the body, a place in the file */
export function bodyOf(run: ByteRun, end: number): PageBody {
  return {
    get left() {
      return end - run.offset;
    },
    peek: (length) => run.peek(length),
    peekSome: async () => (await run.peekSome()).subarray(0, end - run.offset),
    // Who reads it in the background may be late: what comes behind it is somebody else's.
    skip: (length) => run.skip(Math.max(0, Math.min(length, end - run.offset))),
  };
}

interface Window {
  readonly from: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  /** The kernel's memory that it lies in. */
  readonly loan: Loan;
}

/**
 * Windows lie in the kernel's memory, where they are used again and again: as garbage they would be most of all there is.
 * @param windowBytes of each: large enough to hide a request's latency
 */
export function createByteRun(
  { source, kernel }: { readonly source: ByteSource; readonly kernel: Kernel },
  start: number,
  end: number,
  windowBytes: number,
  signal: AbortSignal,
): ByteRun {
  const { bytes: all, memory } = kernel;
  let offset = start;
  let requested = start;
  /** They lie behind one another; the first has the next byte. */
  const windows: Window[] = [];
  let ahead: Promise<Window> | undefined;
  let closed = false;

  const fetch = async (from: number, to: number): Promise<Window> => {
    using opened = new DisposableStack();
    const loan = opened.use(memory.lend(to - from));
    const bytes = await source.read(from, to, signal, all.subarray(loan.at, loan.at + to - from));
    opened.move();
    return { from, end: to, bytes, loan };
  };

  const request = (): Promise<Window> | undefined => {
    // What lies behind a page that was passed over.
    const from = windows.length === 0 ? Math.max(requested, offset) : requested;
    if (from >= end) return undefined;
    requested = Math.min(end, from + windowBytes);
    const window = fetch(from, requested);
    // Whoever comes for it hears of its failure; if nobody comes, nobody needs to.
    window.catch(() => {});
    return window;
  };

  const dropPassed = (): void => {
    while (windows[0] && windows[0].end <= offset) windows.shift()?.loan[Symbol.dispose]();
  };

  const fetchUpTo = async (place: number): Promise<void> => {
    for (;;) {
      dropPassed();
      if ((windows.at(-1)?.end ?? offset) >= place) return;
      const window = await (ahead ?? request());
      // What was on its way then is given back when it has settled.
      if (closed) throw new Error('the column chunk was left while it was read');
      if (!window) throw corrupt('nothing is left of a column chunk');
      windows.push(window);
      ahead = undefined;
      dropPassed();
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
    async peekSome() {
      if (offset >= end) return new Uint8Array(0);
      await fetchUpTo(offset + 1);
      const [first] = windows as [Window];
      return first.bytes.subarray(offset - first.from);
    },
    skip(length) {
      offset += length;
    },
    [Symbol.dispose]() {
      closed = true;
      for (const { loan } of windows.splice(0)) loan[Symbol.dispose]();
      // One that is still on its way is written to until it has settled.
      ahead?.then(
        ({ loan }) => loan[Symbol.dispose](),
        () => {},
      );
      ahead = undefined;
    },
  };
}
