import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import type { PageBody } from './byte-run.ts';
import type { Codec } from './codecs.ts';
import { createSource, KEPT_BYTES } from './page-sources.ts';
import type { Room } from './room.ts';

/**
 * The bytes of a page, decompressed while they are read, through a window in the kernel's memory: a page of any size takes no more than
 * the window.
 */
export interface PageStream extends Disposable {
  /** Bytes that are not behind yet. */
  readonly left: number;
  /**
   * At least the next `length` bytes, PEEK_BYTES_MAX at most, and whatever more is there; they stay next. Good until the next call,
   * and not to be written to, as compressed data refers to what came before.
   * @throws DistributorError `object-corrupt` when there are not so many
   */
  peek(length: number): Promise<Uint8Array>;
  skip(length: number): void;
  /** Leaves the rest behind. @throws DistributorError `object-corrupt` when the page is not as long as its header says */
  finish(): Promise<void>;
}

export const PEEK_BYTES_MAX = 1024 * 1024;
/** So that what is peeked at is seldom moved. */
const WINDOW_BYTES = 2 * PEEK_BYTES_MAX;

/**
 * @param length of the page when it is decompressed, as its header promises it
 * @param room is asked for what a codec keeps beside the window
 */
export async function createPageStream(
  kernel: Kernel,
  codec: Codec,
  body: PageBody,
  length: number,
  room: Room,
): Promise<PageStream> {
  const { bytes, memory } = kernel;
  using opened = new DisposableStack();
  const source = opened.use(await createSource(kernel, codec, body, length, room));
  const size = Math.min(WINDOW_BYTES, length + KEPT_BYTES);
  const { at: window } = opened.use(memory.lend(size));
  const resources = opened.move();
  /** Of the window: where what is not behind begins and ends. */
  let from = 0;
  let to = 0;
  /** Bytes that have come out. */
  let produced = 0;

  /** Moves what is still needed to the beginning of the window. */
  const makeRoom = (): void => {
    const keptFrom = Math.min(from, Math.max(0, to - source.keeps));
    bytes.copyWithin(window, window + keptFrom, window + to);
    from -= keptFrom;
    to -= keptFrom;
  };

  const left = () => length - produced + to - from;

  const peek = async (needed: number): Promise<Uint8Array> => {
    if (needed > left()) throw corrupt('a value reaches beyond its page');
    if (needed > PEEK_BYTES_MAX) throw new Error(`${needed} bytes are more than a window has`);
    while (to - from < needed) {
      if (from + needed > size || to === size) makeRoom();
      const written = await source.read(window + to, Math.min(size - to, length - produced), window);
      if (written === 0) throw corrupt(`a Parquet page has ${produced} bytes instead of ${length}`);
      to += written;
      produced += written;
    }
    return bytes.subarray(window + from, window + to);
  };

  return {
    get left() {
      return left();
    },
    peek,
    skip(passed) {
      from += passed;
    },
    async finish() {
      while (left() > 0) from += (await peek(1)).length;
      if (to === size) makeRoom();
      if ((await source.read(window + to, 1, window)) > 0)
        throw corrupt(`a Parquet page has more than ${length} bytes`);
    },
    [Symbol.dispose]() {
      resources.dispose();
    },
  };
}

/** The next bytes, however many, in memory of their own; they are behind then. Whoever asks has asked for the room. */
export async function readOut(stream: Pick<PageStream, 'peek' | 'skip'>, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const piece = (await stream.peek(1)).subarray(0, length - filled);
    out.set(piece, filled);
    stream.skip(piece.length);
    filled += piece.length;
  }
  return out;
}
