/** From the inside of a JSON string to its text. */

/** What stands for `b`, `f`, `n`, `r` and `t` behind a backslash; other characters stand for themselves. Begins with `b`. */
const SHORT = memory.data<u8>([0x08, 0, 0, 0, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0x0d, 0, 0x09]);

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

/**
 * Unescapes [from, end), which scanLines has found to be right. Reads up to 16 bytes behind the end, and writes up to 16 behind the limit.
 * @returns the end of what was written, or 0 when it does not fit before the limit
 */
export function unescapeText(from: usize, end: usize, target: usize, limit: usize): usize {
  let to = target;
  while (from < end && to <= limit) {
    const bytes = v128.load(from);
    v128.store(to, bytes);
    const mask = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x5c)));
    // A vector without an escape, or up to the first one; it may reach beyond the end.
    const clean = min<usize>(mask === 0 ? 16 : ctz(mask), end - from);
    from += clean;
    to += clean;
    if (mask === 0 || from >= end || to > limit) continue;
    const byte = <u32>load<u8>(from, 1);
    if (byte !== 0x75) {
      const short = byte >= 0x62 && byte <= 0x74 ? <u32>load<u8>(SHORT + byte - 0x62) : 0;
      store<u8>(to++, short !== 0 ? short : byte);
      from += 2;
      continue;
    }
    let code = codeUnit(from + 2);
    from += 6;
    if (code >= 0xd800 && code < 0xe000) {
      // Both halves are there: scanLines takes no others.
      code = 0x10000 + ((code - 0xd800) << 10) + (codeUnit(from + 2) - 0xdc00);
      from += 6;
    }
    to = writeCharacter(code, to);
  }
  return to > limit ? 0 : to;
}
