import { DEFLATE_COPY_SYMBOLS, DEFLATE_COUNTS, DEFLATE_DISTANCE_SYMBOLS, DEFLATE_DISTANCES } from '../layout';

/** The symbols of DEFLATE (RFC 1951, 3.2.5), and the scratch of the compression that is under way. */

export const DISTANCE_MAX: usize = 32_768;
/** Symbol of the end of a block; those of lengths follow. */
export const END: u32 = 256;
const COPY_SYMBOLS: usize = 29;

// The symbols of lengths 3 to 258 and of distances, from 257 and 0 on: the least that each stands for, and how many bits say what is beyond.
export const COPY_BASES = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
export const COPY_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
export const DISTANCE_BASES = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]);
export const DISTANCE_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);
export let scratch: usize = 0;

/** @param room of DEFLATE_SCRATCH_BYTES */
export function useScratch(room: usize): void {
  scratch = room;
  for (let symbol: usize = 0; symbol < COPY_SYMBOLS; symbol++) {
    const from = <usize>load<u16>(COPY_BASES + (symbol << 1)) - 3;
    const end: usize = symbol === COPY_SYMBOLS - 1 ? 256 : <usize>load<u16>(COPY_BASES + ((symbol + 1) << 1)) - 3;
    memory.fill(scratch + DEFLATE_COPY_SYMBOLS + from, <u8>symbol, end - from);
  }
  const table = scratch + DEFLATE_DISTANCE_SYMBOLS;
  for (let symbol: usize = 0; symbol < <usize>DEFLATE_DISTANCES; symbol++) {
    const isLast = symbol === <usize>DEFLATE_DISTANCES - 1;
    const from = <usize>load<u16>(DISTANCE_BASES + (symbol << 1)) - 1;
    const end: usize = isLast ? DISTANCE_MAX : <usize>load<u16>(DISTANCE_BASES + ((symbol + 1) << 1)) - 1;
    if (from < 256) memory.fill(table + from, <u8>symbol, end - from);
    else memory.fill(table + 256 + (from >> 7), <u8>symbol, (end - from) >> 7);
  }
}

/** Without the 257 that lengths begin at. */
export function copySymbol(length: u32): u32 {
  return load<u8>(scratch + DEFLATE_COPY_SYMBOLS + length - 3);
}

export function distanceSymbol(distance: u32): u32 {
  const table = scratch + DEFLATE_DISTANCE_SYMBOLS;
  const from = distance - 1;
  return load<u8>(from < 256 ? table + from : table + 256 + (from >> 7));
}

export function count(symbol: u32): void {
  const at = scratch + DEFLATE_COUNTS + ((<usize>symbol) << 2);
  store<u32>(at, load<u32>(at) + 1);
}
