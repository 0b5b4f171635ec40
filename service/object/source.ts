import { releaseMemory } from '../base/release-memory.ts';

/** Where a decoder gets an object's bytes from. Injected, so that decoding is tested without a network. */
export interface ByteSource {
  /** Size of the object in bytes. */
  readonly size: number;
  /** Bytes from the beginning that are here already: to read them takes no request, and is done when it is asked for. */
  readonly atHandBytes: number;
  /** The object's key, for format detection by name; its content decides first. */
  readonly name: string;
  /**
   * Bytes [start, end). At most one ranged request. The bytes are read-only and shared, unless they are in `into`, which is the
   * caller's.
   * @param into where the bytes shall lie, if they are to lie somewhere; it must stay theirs until the promise has settled
   */
  read(start: number, end: number, signal: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  /**
   * All bytes from `start` on, as they arrive; memory stays bounded by back-pressure. A piece is good until the next is asked
   * for.
   */
  stream(start: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A byte source over bytes in memory: for tests and for small things. Counts nothing, fails never, and is read as if each read were a request. */
export function memorySource(name: string, bytes: Uint8Array, pieceBytes = 64 * 1024): ByteSource {
  // Not slice(), which gives a view where the bytes are a Buffer.
  const copyOf = (start: number, end: number) => new Uint8Array(bytes.subarray(start, end));
  return {
    size: bytes.length,
    atHandBytes: 0,
    name,
    async read(start, end, _signal, into) {
      if (!into) return bytes.subarray(start, end);
      into.set(bytes.subarray(start, end));
      return into.subarray(0, end - start);
    },
    async *stream(start) {
      for (let at = start; at < bytes.length; at += pieceBytes) {
        const piece = copyOf(at, at + pieceBytes);
        yield piece;
        releaseMemory(piece);
      }
    },
  };
}
