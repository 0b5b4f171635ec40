import {
  DEFLATE_CODE_LENGTHS,
  DEFLATE_CODES,
  DEFLATE_COUNTS,
  DEFLATE_DISTANCES,
  DEFLATE_LENGTHS,
  DEFLATE_LITERALS,
  DEFLATE_NODES,
  DEFLATE_RUNS,
  DEFLATE_SEQUENCES,
} from '../layout';
import {
  COPY_BASES,
  COPY_EXTRA,
  copySymbol,
  count,
  DISTANCE_BASES,
  DISTANCE_EXTRA,
  distanceSymbol,
  END,
  scratch,
} from './deflate-symbols';
import { makeCodes } from './huffman';

/** Writes a block of DEFLATE with codes of its own (RFC 1951, 3.2.7) from the sequences in the scratch. */

const CODE_LENGTH_MAX: u32 = 15;
/** Of the codes that write the lengths of the others. */
const RUN_CODE_LENGTH_MAX: u32 = 7;
/** What stands before the sequences: 17 bits, 19 lengths of 3, and at most 316 codes of 14. */
const HEAD_BYTES: usize = 600;
/** The order in which the lengths of the run codes are written. */
const RUN_ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** What was written, and the bits that are not whole bytes yet. */
let out: usize = 0;
let bits: u64 = 0;
let bitCount: u64 = 0;

function put(value: u64, count: u64): void {
  bits |= value << bitCount;
  bitCount += count;
  store<u64>(out, bits);
  out += <usize>(bitCount >> 3);
  bits >>= bitCount & ~7;
  bitCount &= 7;
}

export function beginBits(target: usize): void {
  out = target;
  bits = 0;
  bitCount = 0;
}

/** @returns the end of what was written */
export function endBits(): usize {
  if (bitCount > 0) put(0, 8 - bitCount);
  return out;
}

/** Writes the lengths of both codes as runs (RFC 1951, 3.2.7): first collects them, as their own code depends on how often each occurs. */
function writeCodeLengths(): void {
  const lengths = scratch + DEFLATE_LENGTHS;
  const runs = scratch + DEFLATE_RUNS;
  const counts = scratch + DEFLATE_COUNTS + ((<usize>DEFLATE_LITERALS + DEFLATE_DISTANCES) << 2);
  memory.fill(counts, 0, (<usize>DEFLATE_CODE_LENGTHS) << 2);
  const total = <usize>DEFLATE_LITERALS + DEFLATE_DISTANCES;
  let runCount: usize = 0;
  for (let at: usize = 0; at < total; ) {
    const length = <u32>load<u8>(lengths + at);
    let end = at + 1;
    while (end < total && load<u8>(lengths + end) === length) end++;
    let left = <u32>(end - at);
    at = end;
    if (length !== 0) {
      runCount = addRun(runs, runCount, length, 0);
      left--;
    }
    while (left > 0) {
      const symbol: u32 = length !== 0 ? (left >= 3 ? 16 : length) : left >= 11 ? 18 : left >= 3 ? 17 : 0;
      const least: u32 = symbol === 18 ? 11 : symbol >= 16 ? 3 : 1;
      const most: u32 = symbol === 18 ? 138 : symbol === 17 ? 10 : symbol === 16 ? 6 : 1;
      const taken = min(left, most);
      runCount = addRun(runs, runCount, symbol, taken - least);
      left -= taken;
    }
  }
  const runLengths = lengths + total;
  const runCodes = scratch + DEFLATE_CODES + (total << 2);
  makeCodes(counts, DEFLATE_CODE_LENGTHS, RUN_CODE_LENGTH_MAX, runLengths, runCodes, scratch + DEFLATE_NODES);
  let ordered: u32 = DEFLATE_CODE_LENGTHS;
  while (ordered > 4 && load<u8>(runLengths + load<u8>(RUN_ORDER + ordered - 1)) === 0) ordered--;
  put(DEFLATE_LITERALS - 257, 5);
  put(DEFLATE_DISTANCES - 1, 5);
  put(ordered - 4, 4);
  for (let i: usize = 0; i < <usize>ordered; i++) put(load<u8>(runLengths + load<u8>(RUN_ORDER + i)), 3);
  for (let i: usize = 0; i < runCount; i++) {
    const run = load<u32>(runs + (i << 2));
    const symbol = run & 0xff;
    const code = load<u32>(runCodes + ((<usize>symbol) << 2));
    put(code & 0xffff, code >> 24);
    if (symbol >= 16) put(run >> 8, symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
  }
}

function addRun(runs: usize, at: usize, symbol: u32, more: u32): usize {
  store<u32>(runs + (at << 2), symbol | (more << 8));
  count(DEFLATE_LITERALS + DEFLATE_DISTANCES + symbol);
  return at + 1;
}

/** Bits that the sequences take with these codes. */
function bitsOfSequences(): u64 {
  let sum: u64 = 0;
  for (let symbol: usize = 0; symbol < <usize>(DEFLATE_LITERALS + DEFLATE_DISTANCES); symbol++) {
    const times = <u64>load<u32>(scratch + DEFLATE_COUNTS + (symbol << 2));
    let extra: u64 = 0;
    if (symbol >= <usize>DEFLATE_LITERALS) extra = load<u8>(DISTANCE_EXTRA + symbol - DEFLATE_LITERALS);
    else if (symbol > <usize>END) extra = load<u8>(COPY_EXTRA + symbol - END - 1);
    sum += times * (<u64>load<u8>(scratch + DEFLATE_LENGTHS + symbol) + extra);
  }
  return sum;
}

function writeSequences(start: usize): void {
  const codes = scratch + DEFLATE_CODES;
  const distanceCodes = codes + ((<usize>DEFLATE_LITERALS) << 2);
  let sequence = scratch + DEFLATE_SEQUENCES;
  let at = start;
  let to = out;
  let pending = bits;
  let pendingCount = bitCount;
  while (true) {
    const literalsEnd = at + <usize>load<u32>(sequence);
    for (; at < literalsEnd; at++) {
      const code = load<u32>(codes + ((<usize>load<u8>(at)) << 2));
      pending |= (<u64>(code & 0xffff)) << pendingCount;
      pendingCount += code >> 24;
      if (pendingCount >= 32) {
        store<u32>(to, <u32>pending);
        to += 4;
        pending >>= 32;
        pendingCount -= 32;
      }
    }
    const copy = load<u32>(sequence, 4);
    if (copy === 0) break;
    sequence += 8;
    const length = copy >> 16;
    const distance = (copy & 0xffff) + 1;
    const symbol = <usize>copySymbol(length);
    const code = load<u32>(codes + ((<usize>END + 1 + symbol) << 2));
    pending |= (<u64>(code & 0xffff)) << pendingCount;
    pendingCount += code >> 24;
    pending |= (<u64>(length - load<u16>(COPY_BASES + (symbol << 1)))) << pendingCount;
    pendingCount += load<u8>(COPY_EXTRA + symbol);
    // At most 31 + 20 bits.
    store<u64>(to, pending);
    to += <usize>(pendingCount >> 3);
    pending >>= pendingCount & ~7;
    pendingCount &= 7;
    const distanceAt = <usize>distanceSymbol(distance);
    const distanceCode = load<u32>(distanceCodes + (distanceAt << 2));
    pending |= (<u64>(distanceCode & 0xffff)) << pendingCount;
    pendingCount += distanceCode >> 24;
    pending |= (<u64>(distance - load<u16>(DISTANCE_BASES + (distanceAt << 1)))) << pendingCount;
    pendingCount += load<u8>(DISTANCE_EXTRA + distanceAt);
    store<u64>(to, pending);
    to += <usize>(pendingCount >> 3);
    pending >>= pendingCount & ~7;
    pendingCount &= 7;
    at += length;
  }
  store<u64>(to, pending);
  out = to + <usize>(pendingCount >> 3);
  bits = pending >> (pendingCount & ~7);
  bitCount = pendingCount & 7;
  const endCode = load<u32>(codes + ((<usize>END) << 2));
  put(endCode & 0xffff, endCode >> 24);
}

/**
 * Writes the sequences that begin at `start` of the source.
 * @returns whether they fit before the limit; if not, nothing is written
 */
export function writeBlock(start: usize, isLast: bool, limit: usize): bool {
  const counts = scratch + DEFLATE_COUNTS;
  const lengths = scratch + DEFLATE_LENGTHS;
  const codes = scratch + DEFLATE_CODES;
  const nodes = scratch + DEFLATE_NODES;
  const literals = <usize>DEFLATE_LITERALS;
  makeCodes(counts, DEFLATE_LITERALS, CODE_LENGTH_MAX, lengths, codes, nodes);
  const distances = literals << 2;
  makeCodes(counts + distances, DEFLATE_DISTANCES, CODE_LENGTH_MAX, lengths + literals, codes + distances, nodes);
  if (out + HEAD_BYTES + <usize>(bitsOfSequences() >> 3) > limit) return false;
  put(isLast ? 1 : 0, 1);
  // Codes of its own.
  put(2, 2);
  writeCodeLengths();
  writeSequences(start);
  return true;
}
