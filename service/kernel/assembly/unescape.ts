import { startsOf } from './json';

/** From the inside of a JSON string to its text. */

/** Of a digit that is known to be one. */
function hexDigit(byte: u32): u32 {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
}

function codeUnit(at: usize): u32 {
  return (
    (hexDigit(load<u8>(at)) << 12) |
    (hexDigit(load<u8>(at, 1)) << 8) |
    (hexDigit(load<u8>(at, 2)) << 4) |
    hexDigit(load<u8>(at, 3))
  );
}

/** As UTF-8. @returns behind it */
function writeCharacter(code: u32, to: usize): usize {
  if (code < 0x80) {
    store<u8>(to, code);
    return to + 1;
  }
  if (code < 0x800) {
    store<u8>(to, 0xc0 | (code >> 6));
    store<u8>(to, 0x80 | (code & 0x3f), 1);
    return to + 2;
  }
  if (code < 0x10000) {
    store<u8>(to, 0xe0 | (code >> 12));
    store<u8>(to, 0x80 | ((code >> 6) & 0x3f), 1);
    store<u8>(to, 0x80 | (code & 0x3f), 2);
    return to + 3;
  }
  store<u8>(to, 0xf0 | (code >> 18));
  store<u8>(to, 0x80 | ((code >> 12) & 0x3f), 1);
  store<u8>(to, 0x80 | ((code >> 6) & 0x3f), 2);
  store<u8>(to, 0x80 | (code & 0x3f), 3);
  return to + 4;
}

/** For each set of bytes of eight that are dropped: where the others are, one after the other. */
const KEPT = memory.data(256 * 8, 16);
let hasKept = false;

function writeKept(): void {
  for (let dropped: u32 = 0; dropped < 256; dropped++) {
    let to = KEPT + (dropped << 3);
    for (let byte: u32 = 0; byte < 8; byte++) {
      if ((dropped & (1 << byte)) === 0) store<u8>(to++, byte);
    }
  }
  hasKept = true;
}

/** What stands behind backslashes as what it stands for; `escaped` has a bit for each of these bytes. */
function meanings(bytes: v128, escaped: u32): v128 {
  // b, f and n; r and t: they are told by their halves.
  const ofSix = i8x16(0, 0, 0x08, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0);
  const ofSeven = i8x16(0, 0, 0x0d, 0, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const high = v128.and(bytes, i8x16.splat(<i8>0xf0));
  const low = v128.and(bytes, i8x16.splat(0x0f));
  const six = v128.and(i8x16.swizzle(ofSix, low), i8x16.eq(high, i8x16.splat(0x60)));
  const seven = v128.and(i8x16.swizzle(ofSeven, low), i8x16.eq(high, i8x16.splat(0x70)));
  const controls = v128.or(six, seven);
  // Each bit becomes a byte.
  const bits = i8x16(1, 2, 4, 8, 16, 32, 64, <i8>128, 1, 2, 4, 8, 16, 32, 64, <i8>128);
  const spread = i8x16.swizzle(i16x8.splat(<i16>escaped), i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
  const isEscaped = i8x16.eq(v128.and(spread, bits), bits);
  const isControl = v128.and(isEscaped, i8x16.ne(controls, i8x16.splat(0)));
  return v128.bitselect(controls, bytes, isControl);
}

/** Reads an escape by number, of two halves where it takes two: scanLines takes no others. @returns behind what was written */
function writeUnicodeEscape(from: usize, to: usize): usize {
  let code = codeUnit(from + 2);
  if (code >= 0xd800 && code < 0xe000) code = 0x10000 + ((code - 0xd800) << 10) + (codeUnit(from + 8) - 0xdc00);
  return writeCharacter(code, to);
}

/**
 * Unescapes [from, end), which scanLines has found to be right. Reads up to 16 bytes behind the end, and writes up to 16 behind the limit.
 * @returns the end of what was written, or 0 when it does not fit before the limit
 */
export function unescapeText(from: usize, end: usize, target: usize, limit: usize): usize {
  if (!hasKept) writeKept();
  let to = target;
  while (from < end && to <= limit) {
    const bytes = v128.load(from);
    const backslashes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x5c)));
    if (backslashes === 0) {
      v128.store(to, bytes);
      const clean = min<usize>(16, end - from);
      from += clean;
      to += clean;
      continue;
    }
    // Whoever begins here begins at no second half of an escape.
    const starts = startsOf(backslashes);
    const escaped = starts << 1;
    // Quotes and backslashes stand for themselves; most escapes are such.
    const letters = escaped & i8x16.bitmask(i8x16.ge_u(bytes, i8x16.splat(0x60)));
    const numbers = letters === 0 ? 0 : letters & i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x75)));
    // Up to the end, a start whose second half is in the next vector, or the backslash of a number.
    let taken = min<usize>(16, end - from);
    if (taken === 16 && (starts & 0x8000) !== 0) taken = 15;
    if (numbers !== 0) taken = min<usize>(taken, <usize>ctz(numbers) - 1);
    const dropped = (starts | (0xffff << (<u32>taken))) & 0xffff;
    const text = letters === 0 ? bytes : meanings(bytes, escaped);
    const upper = i8x16.shuffle(text, text, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    const first = dropped & 0xff;
    const second = dropped >> 8;
    v128.store(to, i8x16.swizzle(text, v128.load64_zero(KEPT + (first << 3))));
    to += 8 - popcnt(first);
    store<u64>(to, i64x2.extract_lane(i8x16.swizzle(upper, v128.load64_zero(KEPT + (second << 3))), 0));
    to += 8 - popcnt(second);
    from += taken;
    if (numbers === 0 || from >= end || to > limit || load<u16>(from) !== 0x755c) continue;
    to = writeUnicodeEscape(from, to);
    from += codeUnit(from + 2) - 0xd800 < 0x800 ? 12 : 6;
  }
  return to > limit ? 0 : to;
}
