// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript's u64 holds them exactly
import {
  DEFLATE_COUNTS,
  DEFLATE_DISTANCES,
  DEFLATE_HASH_BITS,
  DEFLATE_LITERALS,
  DEFLATE_SEQUENCES,
  DEFLATE_SEQUENCES_MAX,
  DEFLATE_TABLE,
  DEFLATE_TABLE_BYTES,
} from '../layout';
import { beginBits, endBits, writeBlock } from './deflate-block';
import { copySymbol, count, DISTANCE_MAX, distanceSymbol, END, scratch, useScratch } from './deflate-symbols';

/**
 * Compresses bodies of calls as DEFLATE (RFC 1951). A table has the last place of each five bytes, and nothing before that is looked at; a copy is
 * taken where it is found; each block has its own Huffman codes. Bodies repeat themselves so much that searching more makes them hardly smaller
 * (docs/decisions/0008-compressed-bodies.md).
 */

const COPY_MAX: usize = 258;

/** Of five bytes: a copy that begins with them is longer than one of four, and the table forgets less. */
function hashOf(at: usize): usize {
  return (<usize>(((load<u64>(at) << 24) * 0x9e3779b185ebca87) >> <u64>(64 - DEFLATE_HASH_BITS))) << 2;
}

/** How many bytes are the same from both places on, where four are. */
function sameBytes(a: usize, b: usize, most: usize): usize {
  let length: usize = 4;
  while (length < most) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length);
    if (difference !== 0) {
      length += <usize>(ctz(difference) >> 3);
      break;
    }
    length += 8;
  }
  return min(length, most);
}

/** Cuts [from, end) into literals and copies until a block is full. @returns the byte behind the block */
function findSequences(source: usize, start: usize, end: usize): usize {
  const table = scratch + DEFLATE_TABLE;
  let sequence = scratch + DEFLATE_SEQUENCES;
  const last = sequence + ((<usize>DEFLATE_SEQUENCES_MAX - 1) << 3);
  let at = start;
  let literals = start;
  const lastCopy = end - min(end - start, 8);
  while (at < lastCopy && sequence < last) {
    const place = table + hashOf(at);
    const from = <usize>load<u32>(place);
    store<u32>(place, <u32>at);
    if (from < source || at - from > DISTANCE_MAX || load<u32>(from) !== load<u32>(at)) {
      at++;
      continue;
    }
    const length = sameBytes(from, at, min(end - at, COPY_MAX));
    for (let literal = literals; literal < at; literal++) count(load<u8>(literal));
    store<u32>(sequence, <u32>(at - literals));
    store<u32>(sequence, ((<u32>length) << 16) | <u32>(at - from - 1), 4);
    sequence += 8;
    count(END + 1 + copySymbol(<u32>length));
    count(DEFLATE_LITERALS + distanceSymbol(<u32>(at - from)));
    at += length;
    literals = at;
  }
  if (at >= lastCopy) at = end;
  for (let literal = literals; literal < at; literal++) count(load<u8>(literal));
  store<u32>(sequence, <u32>(at - literals));
  store<u32>(sequence, 0, 4);
  return at;
}

/**
 * @param room of DEFLATE_SCRATCH_BYTES
 * @returns the length of what was written, or 0 when it does not fit into the target
 */
export function deflate(source: usize, sourceBytes: usize, target: usize, targetBytes: usize, room: usize): usize {
  useScratch(room);
  beginBits(target);
  memory.fill(scratch + DEFLATE_TABLE, 0, DEFLATE_TABLE_BYTES);
  const end = source + sourceBytes;
  let at = source;
  do {
    const counts = scratch + DEFLATE_COUNTS;
    memory.fill(counts, 0, (<usize>DEFLATE_LITERALS + DEFLATE_DISTANCES) << 2);
    store<u32>(counts, 1, END << 2);
    const next = findSequences(source, at, end);
    if (!writeBlock(at, next >= end, target + targetBytes)) return 0;
    at = next;
  } while (at < end);
  return endBits() - target;
}
