import type { OriginalBytes } from '../core/chunk.ts';

/** Collects the bytes of a chunk's records that are not UTF-8, one behind the other. */
export interface OriginalsCollector {
  /** Bytes so far. */
  readonly bytes: number;
  /** @param record greater than those before */
  add(record: number, bytes: Uint8Array): void;
  /** What was collected, if anything was; begins anew. */
  take(): OriginalBytes | undefined;
}

const SMALLEST_BYTES = 4 * 1024;

export function createOriginalsCollector(): OriginalsCollector {
  let memory = Buffer.alloc(0);
  let used = 0;
  let records: number[] = [];
  let ends: number[] = [];

  const reserve = (more: number): void => {
    if (used + more <= memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST_BYTES, used + more, memory.length * 2));
    memory.copy(larger, 0, 0, used);
    memory = larger;
  };

  return {
    get bytes() {
      return used;
    },
    add(record, bytes) {
      reserve(bytes.length);
      memory.set(bytes, used);
      used += bytes.length;
      records.push(record);
      ends.push(used);
    },
    take() {
      if (records.length === 0) return undefined;
      const taken = toOriginals(Uint32Array.from(records), Uint32Array.from(ends), memory);
      memory = Buffer.alloc(0);
      used = 0;
      records = [];
      ends = [];
      return taken;
    },
  };
}

function toOriginals(records: Uint32Array, ends: Uint32Array, memory: Buffer): OriginalBytes {
  return {
    records,
    of(record) {
      const at = placeOf(records, record);
      return at === -1 ? undefined : memory.subarray(at === 0 ? 0 : ends[at - 1], ends[at]);
    },
  };
}

function placeOf(records: Uint32Array, record: number): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as number) < record) low = middle + 1;
    else high = middle;
  }
  return records[low] === record ? low : -1;
}
