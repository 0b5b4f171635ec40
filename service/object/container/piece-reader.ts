import { corrupt } from '../corrupt.ts';

/**
 * Reads a stream of pieces as fast as its parser asks for them. What is not used of a piece stays for the next request. Closing it
 * ends the stream's producer.
 */
export interface PieceReader {
  /** What is at hand, or else the next piece; undefined at the end. Never empty; good until the next call. */
  piece(): Promise<Uint8Array | undefined>;
  /** Uses up the first bytes of what `piece` gave. */
  use(bytes: number): void;
  /**
   * A copy of the next bytes.
   * @returns undefined when the stream has ended
   * @throws DistributorError `object-corrupt` when it ends within them
   */
  take(bytes: number): Promise<Buffer | undefined>;
  /** The same where the stream may not have ended. @param what names it, for the error */
  demand(bytes: number, what: string): Promise<Buffer>;
  close(): Promise<void>;
}

export function createPieceReader(pieces: AsyncIterable<Uint8Array>): PieceReader {
  const iterator = pieces[Symbol.asyncIterator]();
  let current: Uint8Array = new Uint8Array(0);

  const piece = async (): Promise<Uint8Array | undefined> => {
    while (current.length === 0) {
      const next = await iterator.next();
      if (next.done) return undefined;
      current = next.value;
    }
    return current;
  };

  const use = (bytes: number): void => {
    current = current.subarray(bytes);
  };

  const take = async (bytes: number): Promise<Buffer | undefined> => {
    const taken = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes; ) {
      const next = await piece();
      if (!next) {
        if (at === 0) return undefined;
        throw corrupt(`the compressed data ends ${bytes - at} bytes too early`);
      }
      const part = next.subarray(0, bytes - at);
      taken.set(part, at);
      at += part.length;
      use(part.length);
    }
    return taken;
  };

  return {
    piece,
    use,
    take,
    async demand(bytes, what) {
      const taken = bytes === 0 ? Buffer.alloc(0) : await take(bytes);
      if (!taken) throw corrupt(`${what} ends too early`);
      return taken;
    },
    async close() {
      await iterator.return?.();
    },
  };
}
