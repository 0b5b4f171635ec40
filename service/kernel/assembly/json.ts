import { DEPTH_MAX } from '../layout';

/** Walks JSON text without building anything. Every function gives 0 for what it does not accept. */

/** Of the last string: how many bytes fewer it has once unescaped. */
export let savedByEscapes: u32 = 0;

export function skipSpace(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const byte = <u32>load<u8>(at);
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d)) break;
    at++;
  }
  return at;
}

function hexDigit(byte: u32): i32 {
  if (byte - 0x30 <= 9) return <i32>(byte - 0x30);
  const letter = (byte | 0x20) - 0x61;
  return letter <= 5 ? <i32>letter + 10 : -1;
}

/** The code unit of four hexadecimal digits, or -1. */
function codeUnit(at: usize): i32 {
  const a = hexDigit(load<u8>(at));
  const b = hexDigit(load<u8>(at + 1));
  const c = hexDigit(load<u8>(at + 2));
  const d = hexDigit(load<u8>(at + 3));
  return (a | b | c | d) < 0 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

/** Of which bytes are " \\ / b f n r t, what may stand behind a backslash: they are told by their two halves. */
function shortEscapes(bytes: v128): u32 {
  // A bit for each of 2x, 5x, 6x and 7x.
  const high = i8x16(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
  const low = i8x16(0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
  const byHigh = i8x16.swizzle(high, i8x16.shr_u(bytes, 4));
  const byLow = i8x16.swizzle(low, v128.and(bytes, i8x16.splat(0x0f)));
  return i8x16.bitmask(i8x16.ne(v128.and(byHigh, byLow), i8x16.splat(0)));
}

/** Of bits for backslashes those that begin an escape, which is every second one of a run. */
export function startsOf(backslashes: u32): u32 {
  // A difference borrows through a run up to its end; what differs then from the odd places, and is a backslash, is a start.
  const odd: u32 = 0xaaaaaaaa;
  return ((((backslashes << 1) | odd) - backslashes) ^ odd) & backslashes;
}

/** Reads an escape by number, of two halves where it takes two. @returns the byte behind it, or 0 */
function skipUnicodeEscape(at: usize, end: usize): usize {
  if (at + 6 > end || load<u8>(at + 1) !== 0x75) return 0;
  const unit = codeUnit(at + 2);
  if (unit < 0) return 0;
  if (unit < 0xd800 || unit > 0xdfff) {
    savedByEscapes += unit < 0x80 ? 5 : unit < 0x800 ? 4 : 3;
    return at + 6;
  }
  // Twelve bytes of two escapes become four.
  if (unit > 0xdbff || at + 12 > end || load<u16>(at + 6) !== 0x755c) return 0;
  const low = codeUnit(at + 8);
  if (low < 0xdc00 || low > 0xdfff) return 0;
  savedByEscapes += 8;
  return at + 12;
}

/** Of which bytes are quotes or control characters: without one bit a quote is 0x20, and nothing else comes below. */
function stopsOf(bytes: v128): v128 {
  return i8x16.le_u(v128.xor(bytes, i8x16.splat(0x02)), i8x16.splat(0x20));
}

/**
 * @param from behind the opening quote
 * @returns where the closing quote is. Control characters, unknown escapes and halves of surrogate pairs are not accepted.
 */
export function skipString(from: usize, end: usize): usize {
  savedByEscapes = 0;
  for (let at = from; at < end; at += 16) {
    // The input has 16 bytes of room behind it: what is loaded beyond its end is never believed.
    const bytes = v128.load(at);
    const mask = i8x16.bitmask(v128.or(stopsOf(bytes), i8x16.eq(bytes, i8x16.splat(0x5c))));
    if (mask === 0) continue;
    at += ctz(mask);
    if (at >= end) return 0;
    const byte = <u32>load<u8>(at);
    return byte === 0x22 ? at : byte === 0x5c ? skipEscaped(at, end) : 0;
  }
  return 0;
}

/**
 * The rest of a string from its first escape on. A message that is JSON itself has some in every vector, and nobody foresees how
 * many: all of a vector's are read at once.
 */
function skipEscaped(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const bytes = v128.load(at);
    const starts = startsOf(i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x5c))));
    const stops = i8x16.bitmask(stopsOf(bytes)) & ~(starts << 1);
    const before = starts & ((stops & -stops) - 1);
    const others = before & ~shortEscapes(v128.load(at, 1));
    if (others !== 0) {
      savedByEscapes += popcnt(before & ((others & -others) - 1));
      at = skipUnicodeEscape(at + ctz(others), end);
      if (at === 0) return 0;
      continue;
    }
    savedByEscapes += popcnt(before);
    if (stops !== 0) {
      at += ctz(stops);
      return at < end && load<u8>(at) === 0x22 ? at : 0;
    }
    // The second half of the last may be in the next vector.
    at += 16 + (starts >> 15);
  }
  return 0;
}

function isDigit(at: usize, end: usize): bool {
  return at < end && <u32>load<u8>(at) - 0x30 <= 9;
}

function skipDigits(from: usize, end: usize): usize {
  let at = from;
  while (isDigit(at, end)) at++;
  return at;
}

function skipNumber(from: usize, end: usize): usize {
  let at = from;
  if (load<u8>(at) === 0x2d) at++;
  if (!isDigit(at, end)) return 0;
  at = load<u8>(at) === 0x30 ? at + 1 : skipDigits(at, end);
  if (at < end && load<u8>(at) === 0x2e) {
    if (!isDigit(at + 1, end)) return 0;
    at = skipDigits(at + 1, end);
  }
  if (at < end && (load<u8>(at) | 0x20) === 0x65) {
    at++;
    if (at < end && (load<u8>(at) === 0x2b || load<u8>(at) === 0x2d)) at++;
    if (!isDigit(at, end)) return 0;
    at = skipDigits(at, end);
  }
  return at;
}

/** @returns the first byte behind the value that begins at `from` */
export function skipValue(from: usize, end: usize, depth: i32): usize {
  if (from >= end) return 0;
  const byte = <u32>load<u8>(from);
  if (byte === 0x22) {
    const close = skipString(from + 1, end);
    return close === 0 ? 0 : close + 1;
  }
  if (byte === 0x7b || byte === 0x5b) return skipContainer(from, end, depth, byte === 0x7b);
  if (byte === 0x74) return from + 4 <= end && load<u32>(from) === 0x65757274 ? from + 4 : 0;
  if (byte === 0x6e) return from + 4 <= end && load<u32>(from) === 0x6c6c756e ? from + 4 : 0;
  if (byte === 0x66) return from + 5 <= end && load<u32>(from + 1) === 0x65736c61 ? from + 5 : 0;
  return skipNumber(from, end);
}

function skipContainer(from: usize, end: usize, depth: i32, isObject: bool): usize {
  if (depth >= DEPTH_MAX) return 0;
  const close: u32 = isObject ? 0x7d : 0x5d;
  let at = skipSpace(from + 1, end);
  if (at < end && load<u8>(at) === close) return at + 1;
  while (true) {
    if (isObject) {
      if (at >= end || load<u8>(at) !== 0x22) return 0;
      at = skipString(at + 1, end);
      if (at === 0) return 0;
      at = skipSpace(at + 1, end);
      if (at >= end || load<u8>(at) !== 0x3a) return 0;
      at = skipSpace(at + 1, end);
    }
    at = skipValue(at, end, depth + 1);
    if (at === 0) return 0;
    at = skipSpace(at, end);
    if (at >= end) return 0;
    const byte = <u32>load<u8>(at);
    if (byte === close) return at + 1;
    if (byte !== 0x2c) return 0;
    at = skipSpace(at + 1, end);
  }
}
