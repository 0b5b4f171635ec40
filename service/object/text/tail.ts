import { corrupt } from '../corrupt.ts';

/** What has arrived of a stream and is not used up: the rest of the pieces before, and the newest behind it. */
export interface Tail {
  /** Good until the next `push`. */
  readonly bytes: Buffer;
  /** Everything before this place in `bytes` is used up. */
  at: number;
  /** Place of `bytes[0]` in the stream. */
  readonly base: number;
  /** @throws DistributorError `object-corrupt` when more than a record may have is not used up */
  push(piece: Uint8Array): void;
}

const SMALLEST_BYTES = 64 * 1024;

/** @param offset place in the stream where the first piece begins */
export function createTail(offset: number, recordBytesMax: number): Tail {
  let memory = Buffer.allocUnsafeSlow(SMALLEST_BYTES);
  let held = 0;
  let base = offset;
  const tail = {
    bytes: memory.subarray(0, 0),
    at: 0,
    get base() {
      return base;
    },
    push(piece: Uint8Array) {
      const rest = held - tail.at;
      if (rest > recordBytesMax) {
        throw corrupt(`the record at byte ${base + tail.at} is longer than ${recordBytesMax} bytes`);
      }
      const from = memory;
      if (rest + piece.length > memory.length) {
        memory = Buffer.allocUnsafeSlow(Math.max(rest + piece.length, memory.length * 2));
      }
      // Of a long record that arrives in small pieces each byte would be moved again and again: only what is used up makes room.
      if (from !== memory || tail.at > 0) from.copy(memory, 0, tail.at, held);
      base += tail.at;
      tail.at = 0;
      memory.set(piece, rest);
      held = rest + piece.length;
      tail.bytes = memory.subarray(0, held);
    },
  };
  return tail;
}
