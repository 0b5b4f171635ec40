import type { DecodeLimits } from '../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../core/limits.ts';

/** Decides where chunks end: the same records give the same chunks, whatever pieces they arrive in. */
export interface ChunkMeter {
  /** Takes a record of this message size (UTF-8 bytes) into the chunk, or refuses it because the chunk is full. */
  admit(size: number): boolean;
  /** For who admits many at a time: how much the chunk still takes, if the next record is of this size. */
  room(nextSize: number): { readonly records: number; readonly bytes: number };
  /** Takes records that have room: the sum of their message sizes. */
  add(more: number, messageBytes: number): void;
  /** Of the chunk so far, as chunks count. */
  readonly bytes: number;
  reset(): void;
}

export function createChunkMeter({ chunkBytesMax, chunkRecordsMax }: DecodeLimits): ChunkMeter {
  let records = 0;
  let bytes = 0;
  return {
    admit(size) {
      const cost = size + EVENT_OVERHEAD_BYTES;
      if (records > 0 && (bytes + cost > chunkBytesMax || records >= chunkRecordsMax)) return false;
      records++;
      bytes += cost;
      return true;
    },
    // One record always has room.
    room: (nextSize) =>
      records === 0
        ? { records: Math.max(1, chunkRecordsMax), bytes: Math.max(nextSize + EVENT_OVERHEAD_BYTES, chunkBytesMax) }
        : { records: Math.max(0, chunkRecordsMax - records), bytes: Math.max(0, chunkBytesMax - bytes) },
    add(more, messageBytes) {
      records += more;
      bytes += messageBytes + more * EVENT_OVERHEAD_BYTES;
    },
    get bytes() {
      return bytes;
    },
    reset() {
      records = 0;
      bytes = 0;
    },
  };
}
