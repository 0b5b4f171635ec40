import {
  PART_BAD_COPY,
  PART_COPY,
  PART_FROM,
  PART_LITERAL,
  PART_OFFSET,
  PART_PHASE,
  PART_TO,
  SLACK_BYTES,
} from '../layout';

/**
 * Snappy and LZ4 a part at a time: as many elements as there are bytes of and room for. What lies before the target is what came out
 * before, and may be referred to. The state is what one call leaves to the next.
 */

// The phases of an LZ4 sequence.
const TOKEN: u32 = 0;
const LITERAL_LENGTH: u32 = 1;
const LITERALS: u32 = 2;
const MATCH_OFFSET: u32 = 3;
const MATCH_LENGTH: u32 = 4;
const MATCH: u32 = 5;

const DONE: i32 = 0;

/** Where so much may be written behind a place, short stretches are copied by vectors. */
const SHORT: usize = 64;

/** Bytes that do not overlap. Up to 16 bytes behind them may be overwritten where there is room. */
// @ts-expect-error: decorator
@inline
function copyAhead(from: usize, to: usize, length: usize, limit: usize): void {
  // A call of memory.copy costs more than a few vectors.
  if (length <= SHORT && limit - to >= SHORT + SLACK_BYTES) {
    for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
  } else {
    memory.copy(to, from, length);
  }
}

/** A copy that may overlap what it makes. Up to 16 bytes behind it may be overwritten where there is room. */
// @ts-expect-error: decorator
@inline
function copyBack(from: usize, to: usize, length: usize, limit: usize): void {
  const distance = to - from;
  if (distance >= length || (distance >= 16 && length <= SHORT && limit - to >= SHORT + SLACK_BYTES)) {
    copyAhead(from, to, length, limit);
  } else {
    copyNear(from, to, length);
  }
}

/** From so near that what is written is read again. */
function copyNear(from: usize, to: usize, length: usize): void {
  const distance = to - from;
  let at: usize = 0;
  if (distance >= 16) for (; at + 16 <= length; at += 16) v128.store(to + at, v128.load(from + at));
  else if (distance >= 8) for (; at + 8 <= length; at += 8) store<u64>(to + at, load<u64>(from + at));
  for (; at < length; at++) store<u8>(to + at, load<u8>(from + at));
}

/**
 * Goes on with the elements of Snappy, behind its preamble.
 * @param end of the bytes that are there
 * @param begin of what may be referred to
 * @param limit of what may be written
 * @returns 0 when there is no more input or room, and where only a part of an element's head is there; 1 when a copy reaches too far back
 */
export function snappyPart(state: usize, end: usize, begin: usize, limit: usize): i32 {
  let from = <usize>load<u32>(state + PART_FROM);
  let to = <usize>load<u32>(state + PART_TO);
  let literal = <usize>load<u32>(state + PART_LITERAL);
  let copy = <usize>load<u32>(state + PART_COPY);
  let offset = <usize>load<u32>(state + PART_OFFSET);
  let result: i32 = DONE;
  for (;;) {
    if (literal > 0) {
      const length = min(literal, min(end - from, limit - to));
      copyAhead(from, to, length, limit);
      from += length;
      to += length;
      literal -= length;
      if (literal > 0) break;
    }
    if (copy > 0) {
      const length = min(copy, limit - to);
      copyBack(to - offset, to, length, limit);
      to += length;
      copy -= length;
      if (copy > 0) break;
    }
    if (from == end || to == limit) break;
    const tag = <usize>load<u8>(from);
    const kind = tag & 3;
    const extra: usize = kind == 0 ? (tag >> 2 < 60 ? 0 : (tag >> 2) - 59) : kind == 3 ? 4 : kind;
    if (end - from <= extra) break;
    let number: usize = 0;
    for (let i: usize = 0; i < extra; i++) number |= (<usize>load<u8>(from + 1 + i)) << (i << 3);
    from += 1 + extra;
    if (kind == 0) {
      literal = (extra == 0 ? tag >> 2 : number) + 1;
    } else {
      copy = kind == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      offset = kind == 1 ? ((tag >> 5) << 8) | number : number;
      if (offset == 0 || offset > to - begin) {
        result = PART_BAD_COPY;
        break;
      }
    }
  }
  store<u32>(state + PART_FROM, <u32>from);
  store<u32>(state + PART_TO, <u32>to);
  store<u32>(state + PART_LITERAL, <u32>literal);
  store<u32>(state + PART_COPY, <u32>copy);
  store<u32>(state + PART_OFFSET, <u32>offset);
  return result;
}

/**
 * Goes on with the sequences of an LZ4 block (lz4_Block_format.md). The parameters and the result are those of `snappyPart`.
 */
export function lz4Part(state: usize, end: usize, begin: usize, limit: usize): i32 {
  let from = <usize>load<u32>(state + PART_FROM);
  let to = <usize>load<u32>(state + PART_TO);
  let literal = <usize>load<u32>(state + PART_LITERAL);
  let copy = <usize>load<u32>(state + PART_COPY);
  let offset = <usize>load<u32>(state + PART_OFFSET);
  let phase = load<u32>(state + PART_PHASE);
  let result: i32 = DONE;
  for (;;) {
    if (phase == TOKEN) {
      if (from == end) break;
      const token = <usize>load<u8>(from++);
      literal = token >> 4;
      copy = (token & 15) + 4;
      phase = literal == 15 ? LITERAL_LENGTH : LITERALS;
    }
    if (phase == LITERAL_LENGTH) {
      let byte: usize = 255;
      while (byte == 255 && from < end) {
        byte = load<u8>(from++);
        literal += byte;
      }
      if (byte == 255) break;
      phase = LITERALS;
    }
    if (phase == LITERALS) {
      const length = min(literal, min(end - from, limit - to));
      copyAhead(from, to, length, limit);
      from += length;
      to += length;
      literal -= length;
      if (literal > 0) break;
      phase = MATCH_OFFSET;
    }
    if (phase == MATCH_OFFSET) {
      // A block ends with literals.
      if (end - from < 2) break;
      offset = <usize>load<u16>(from);
      from += 2;
      if (offset == 0 || offset > to - begin) {
        result = PART_BAD_COPY;
        break;
      }
      phase = copy == 19 ? MATCH_LENGTH : MATCH;
    }
    if (phase == MATCH_LENGTH) {
      let byte: usize = 255;
      while (byte == 255 && from < end) {
        byte = load<u8>(from++);
        copy += byte;
      }
      if (byte == 255) break;
      phase = MATCH;
    }
    const length = min(copy, limit - to);
    copyBack(to - offset, to, length, limit);
    to += length;
    copy -= length;
    if (copy > 0) break;
    phase = TOKEN;
  }
  store<u32>(state + PART_FROM, <u32>from);
  store<u32>(state + PART_TO, <u32>to);
  store<u32>(state + PART_LITERAL, <u32>literal);
  store<u32>(state + PART_COPY, <u32>copy);
  store<u32>(state + PART_OFFSET, <u32>offset);
  store<u32>(state + PART_PHASE, phase);
  return result;
}
