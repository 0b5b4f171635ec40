import { SNAPPY_BAD_COPY, SNAPPY_TOO_LONG, SNAPPY_TOO_SHORT } from '../layout';

/** Snappy's raw format (google/snappy, format_description.txt): a length, then literals and copies. */

/** More than the longest element that is done at once: a tag, and 64 bytes. */
const SAFE: usize = 96;

/** Tags of literals from here on have their length behind them. */
const LONG_LITERAL: usize = 60 << 2;

/** A copy from less than a vector before: what it writes is what it reads next. */
function copyNear(from: usize, to: usize, length: usize): void {
  let at: usize = 0;
  if (to - from >= 8) for (; at + 8 <= length; at += 8) store<u64>(to + at, load<u64>(from + at));
  for (; at < length; at++) store<u8>(to + at, load<u8>(from + at));
}

/**
 * Decompresses [source, source + sourceLength) into [target, target + targetLength).
 * Up to 16 bytes behind the target may be overwritten.
 * @returns 0, or a negative number when the bytes are not Snappy or of another length, which one beyond the memory always is
 */
export function snappyDecompress(source: usize, sourceLength: usize, target: usize, targetLength: usize): i32 {
  const end = source + sourceLength;
  const targetEnd = target + targetLength;
  if (targetEnd < target) return SNAPPY_TOO_LONG;
  let from = source;
  let to = target;
  let announced: u64 = 0;
  for (let shift: u64 = 0; ; shift += 7) {
    if (from >= end || shift > 28) return SNAPPY_TOO_SHORT;
    const byte = <u64>load<u8>(from++);
    announced |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (announced != <u64>targetLength) return SNAPPY_TOO_LONG;

  // Far from both ends nothing needs to be checked but what the data itself claims.
  const safeEnd = sourceLength > SAFE ? end - SAFE : source;
  const safeTargetEnd = targetLength > SAFE ? targetEnd - SAFE : target;
  while (from < end) {
    while (from < safeEnd && to < safeTargetEnd) {
      const tag = <usize>load<u8>(from);
      const kind = tag & 3;
      const literal = i32(kind == 0);
      if (i32(kind == 3) | (literal & i32(tag >= LONG_LITERAL))) break;
      // Which kind comes next cannot be foreseen, and a wrong guess costs more than all of this: each is worked out, one is
      // taken, and conditions are joined by | and &, which do not branch.
      const short = kind == 1;
      const next = <usize>load<u16>(from + 1);
      const size = (tag >> 2) + 1;
      const length = select<usize>(((tag >> 2) & 7) + 4, size, short);
      const offset = select<usize>(((tag >> 5) << 8) | (next & 0xff), next, short);
      // Minus one makes an offset of 0, which is as wrong, the largest number there is.
      if (i32(kind != 0) & i32(offset - 1 >= <usize>(to - target))) return SNAPPY_BAD_COPY;
      const origin = select<usize>(from + 1, to - offset, literal);
      from += select<usize>(1 + size, 1 + kind, literal);
      if (literal | i32(offset >= 16)) {
        v128.store(to, v128.load(origin));
        v128.store(to + 16, v128.load(origin + 16));
        if (length > 32) {
          v128.store(to + 32, v128.load(origin + 32));
          v128.store(to + 48, v128.load(origin + 48));
        }
      } else {
        copyNear(origin, to, length);
      }
      to += length;
    }
    if (from >= end) break;

    // One element with all checks: a long literal, or one near an end.
    const tag = <u32>load<u8>(from++);
    const kind = tag & 3;
    if (kind == 0) {
      let length = <usize>(tag >> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        if (from + bytes > end) return SNAPPY_TOO_SHORT;
        length = 0;
        for (let i: usize = 0; i < bytes; i++) length |= (<usize>load<u8>(from + i)) << (i << 3);
        length += 1;
        from += bytes;
      }
      if (length > <usize>(end - from) || length > <usize>(targetEnd - to)) return SNAPPY_TOO_SHORT;
      if (length <= 16 && from + 16 <= end) v128.store(to, v128.load(from));
      else memory.copy(to, from, length);
      from += length;
      to += length;
      continue;
    }
    let length: usize;
    let offset: usize;
    if (kind == 1) {
      if (from + 1 > end) return SNAPPY_TOO_SHORT;
      length = <usize>((tag >> 2) & 7) + 4;
      offset = ((<usize>(tag >> 5)) << 8) | <usize>load<u8>(from);
      from += 1;
    } else if (kind == 2) {
      if (from + 2 > end) return SNAPPY_TOO_SHORT;
      length = <usize>(tag >> 2) + 1;
      offset = <usize>load<u16>(from);
      from += 2;
    } else {
      if (from + 4 > end) return SNAPPY_TOO_SHORT;
      length = <usize>(tag >> 2) + 1;
      offset = <usize>load<u32>(from);
      from += 4;
    }
    if (offset == 0 || offset > <usize>(to - target) || length > <usize>(targetEnd - to)) return SNAPPY_BAD_COPY;
    const copyFrom = to - offset;
    if (offset >= 16) {
      // Sixteen at a time may write past the copy, never past what is allowed behind the target.
      for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(copyFrom + at));
    } else {
      copyNear(copyFrom, to, length);
    }
    to += length;
  }
  return to == targetEnd ? 0 : SNAPPY_TOO_SHORT;
}
