import type { DecodeLimits, TextColumn } from '../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../core/limits.ts';

/** Parts of a chunk while it grows. */

/**
 * Longest value of a field that is kept, in UTF-16 units. Fields name destinations and are compared with configured
 * names; what is longer than this is neither, and must not fill the memory.
 */
export const FIELD_LENGTH_MAX = 2_048;

export interface TextColumnBuilder {
  /** The number of a value, '' being 0; a value that is seen again gets the number that it has. */
  idOf(value: string): number;
  /** Sets the value of one record by its number. */
  set(record: number, id: number): void;
  build(count: number): TextColumn;
}

export function createTextColumnBuilder(): TextColumnBuilder {
  const ids = new Map<string, number>([['', 0]]);
  const values = [''];
  let index = new Uint32Array(1_024);
  return {
    idOf(value) {
      const known = ids.get(value);
      if (known !== undefined) return known;
      const id = values.length;
      values.push(value);
      ids.set(value, id);
      return id;
    },
    set(record, id) {
      if (record >= index.length) index = grow(index, record + 1);
      index[record] = id;
    },
    build: (count) => ({ values, index: count <= index.length ? index.subarray(0, count) : grow(index, count) }),
  };
}

/** A copy with room for `length` entries and more, as what has grown once grows again. */
export function grow<T extends Uint8Array | Uint32Array | Float64Array>(array: T, length: number): T {
  const grown = new (array.constructor as new (length: number) => T)(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}

/** Decides where chunks end: the same records give the same chunks, whatever pieces they arrive in. */
export interface ChunkMeter {
  /** Takes a record of this message size (UTF-8 bytes) into the chunk, or refuses it because the chunk is full. */
  admit(size: number): boolean;
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
    reset() {
      records = 0;
      bytes = 0;
    },
  };
}
