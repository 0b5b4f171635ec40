import {
  FORM_JSON,
  FORM_TEXT,
  SCAN_BYTE_ARRAYS_BASE,
  SCAN_BYTE_ARRAYS_COUNT,
  SCAN_BYTE_ARRAYS_LENGTHS,
  SCAN_BYTE_ARRAYS_SOURCE,
  SCAN_BYTE_ARRAYS_SOURCE_BYTES,
  SCAN_BYTE_ARRAYS_STARTS,
  SLACK_BYTES,
  TAKE_MESSAGES_BYTES_MAX,
  TAKE_MESSAGES_COUNT,
  TAKE_MESSAGES_LENGTHS,
  TAKE_MESSAGES_RECORD_OVERHEAD,
  TAKE_MESSAGES_SHIFT,
  TAKE_MESSAGES_STARTS,
  TAKE_MESSAGES_TO_FORMS,
  TAKE_MESSAGES_TO_LENGTHS,
  TAKE_MESSAGES_TO_SIZES,
  TAKE_MESSAGES_TO_STARTS,
  WRITE_EVENTS_BYTES,
  WRITE_EVENTS_COUNT,
  WRITE_EVENTS_EVENTS,
  WRITE_EVENTS_FORMS,
  WRITE_EVENTS_LENGTHS,
  WRITE_EVENTS_LIMIT,
  WRITE_EVENTS_STARTS,
  WRITE_EVENTS_TARGET,
  WRITE_EVENTS_TIMES,
} from '../layout';

/** Bodies of PutLogEvents calls, from messages to JSON. */

const LONGEST_ESCAPE: usize = 6;
/** `{"timestamp":`, 16 digits, `,"message":"`, `"},` */
const FRAME: usize = 48;

// prettier-ignore
const SHORT_ESCAPES = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0x62, 0x74, 0x6e, 0, 0x66, 0x72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);
const HEX = memory.data<u8>([0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66]);

/** What must be escaped in a JSON string: quotes, backslashes and control characters. */
// @ts-expect-error: decorator
@inline
function specials(bytes: v128): i32 {
  const quote = i8x16.eq(bytes, i8x16.splat(0x22));
  const backslash = i8x16.eq(bytes, i8x16.splat(0x5c));
  const control = i8x16.lt_u(bytes, i8x16.splat(0x20));
  return i8x16.bitmask(v128.or(v128.or(quote, backslash), control));
}

// @ts-expect-error: decorator
@inline
function escapeByte(byte: u32, to: usize): usize {
  store<u8>(to, 0x5c);
  if (byte >= 0x20) {
    store<u8>(to + 1, byte);
    return to + 2;
  }
  const short = load<u8>(SHORT_ESCAPES + byte);
  if (short != 0) {
    store<u8>(to + 1, short);
    return to + 2;
  }
  store<u32>(to + 1, 0x30303075);
  store<u8>(to + 4, load<u8>(HEX + (byte >> 4)));
  store<u8>(to + 5, load<u8>(HEX + (byte & 15)));
  return to + 6;
}

/** Writes [from, end) as the inside of a JSON string. Up to 16 bytes behind the result may be overwritten. */
function writeEscaped(from: usize, end: usize, target: usize): usize {
  let to = target;
  while (from + 16 <= end) {
    const bytes = v128.load(from);
    v128.store(to, bytes);
    const mask = specials(bytes);
    if (mask == 0) {
      from += 16;
      to += 16;
      continue;
    }
    // Up to the first one is right already.
    const clean = ctz(mask);
    from += clean;
    to = escapeByte(load<u8>(from), to + clean);
    from++;
  }
  while (from < end) {
    const byte = <u32>load<u8>(from++);
    if (byte < 0x20 || byte == 0x22 || byte == 0x5c) to = escapeByte(byte, to);
    else store<u8>(to++, byte);
  }
  return to;
}

// @ts-expect-error: decorator
@inline
function copyBytes(from: usize, length: usize, to: usize): usize {
  // A call of memory.copy costs more than a few vectors.
  if (length <= 512) {
    for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
  } else {
    memory.copy(to, from, length);
  }
  return to + length;
}

function writeDigits(value: u64, to: usize): usize {
  let digits: usize = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  let at = to + digits;
  do {
    store<u8>(--at, <u8>(0x30 + (value % 10)));
    value /= 10;
  } while (value != 0);
  return to + digits;
}

/**
 * Writes `{"timestamp":…,"message":"…"},` for each event. The arguments are those of layout.ts.
 * @returns the end of what was written, or 0 when it does not fit before the limit
 */
export function writeEvents(): usize {
  const events = load<usize>(WRITE_EVENTS_EVENTS);
  const count = load<usize>(WRITE_EVENTS_COUNT);
  const starts = load<usize>(WRITE_EVENTS_STARTS);
  const lengths = load<usize>(WRITE_EVENTS_LENGTHS);
  const forms = load<usize>(WRITE_EVENTS_FORMS);
  const times = load<usize>(WRITE_EVENTS_TIMES);
  const base = load<usize>(WRITE_EVENTS_BYTES);
  const target = load<usize>(WRITE_EVENTS_TARGET);
  const limit = load<usize>(WRITE_EVENTS_LIMIT);
  let to = target;
  let lastSecond: u64 = u64.MAX_VALUE;
  // Of the last event: where its frame begins, and how long the part is that depends on the second alone.
  let frame: usize = 0;
  let frameLength: usize = 0;
  for (let i: usize = 0; i < count; i++) {
    const event = <usize>load<u32>(events + (i << 2));
    const from = base + <usize>load<u32>(starts + (event << 2));
    const length = <usize>load<u32>(lengths + (event << 2));
    const escaped = <u32>load<u8>(forms + event) == FORM_JSON;
    if (to + FRAME + (escaped ? length : length * LONGEST_ESCAPE) + SLACK_BYTES > limit) {
      // Hardly any text takes the most that it could: only then it must be known.
      if (escaped || to + FRAME + escapedLength(from, length) + SLACK_BYTES > limit) return 0;
    }
    const time = <u64>load<f64>(times + (event << 3));
    const second = time / 1000;
    if (second == 0) {
      // Digits of their own: zeros may not lead.
      store<u64>(to, 0x7473656d6974227b); // {"timest
      store<u64>(to + 5, 0x3a22706d61747365); // estamp":
      to = writeDigits(time, to + 13);
      lastSecond = u64.MAX_VALUE;
    } else {
    if (second == lastSecond) {
      // 26 bytes at most.
      v128.store(to, v128.load(frame));
      v128.store(to + 16, v128.load(frame + 16));
    } else {
      store<u64>(to, 0x7473656d6974227b); // {"timest
      store<u64>(to + 5, 0x3a22706d61747365); // estamp":
      frameLength = writeDigits(second, to + 13) - to;
      lastSecond = second;
    }
    frame = to;
    to = writeThreeDigits(<u32>(time - second * 1000), to + frameLength);
    }
    store<u64>(to, 0x67617373656d222c); // ,"messag
    store<u32>(to + 8, 0x223a2265); // e":"
    to += 12;
    to = escaped ? copyBytes(from, length, to) : writeEscaped(from, from + length, to);
    store<u32>(to, 0x002c7d22); // "},
    to += 3;
  }
  return to;
}

/** With leading zeros. */
function writeThreeDigits(value: u32, to: usize): usize {
  store<u8>(to, <u8>(0x30 + value / 100));
  store<u8>(to + 1, <u8>(0x30 + (value / 10) % 10));
  store<u8>(to + 2, <u8>(0x30 + (value % 10)));
  return to + 3;
}

function escapedLength(from: usize, length: usize): usize {
  let result = length;
  for (const end = from + length; from < end; from++) {
    const byte = <u32>load<u8>(from);
    if (byte == 0x22 || byte == 0x5c) result += 1;
    else if (byte < 0x20) result += load<u8>(SHORT_ESCAPES + byte) != 0 ? 1 : 5;
  }
  return result;
}

/**
 * Finds the values of a PLAIN page of byte arrays, and puts spaces over the length in front of each. The arguments are those of layout.ts.
 * @returns the length of what the values take, or -1 when they reach beyond the page
 */
export function scanByteArrays(): i32 {
  const source = load<usize>(SCAN_BYTE_ARRAYS_SOURCE);
  const count = load<usize>(SCAN_BYTE_ARRAYS_COUNT);
  const base = load<usize>(SCAN_BYTE_ARRAYS_BASE);
  const starts = load<usize>(SCAN_BYTE_ARRAYS_STARTS);
  const lengths = load<usize>(SCAN_BYTE_ARRAYS_LENGTHS);
  const end = source + load<usize>(SCAN_BYTE_ARRAYS_SOURCE_BYTES);
  let at = source;
  for (let i: usize = 0; i < count; i++) {
    if (end - at < 4) return -1;
    const length = <usize>load<u32>(at);
    store<u32>(at, 0x20202020);
    at += 4;
    if (length > end - at) return -1;
    store<u32>(starts + (i << 2), <u32>(at - base));
    store<u32>(lengths + (i << 2), <u32>length);
    at += length;
  }
  return <i32>(at - source);
}

/**
 * Takes text messages into a chunk, as long as the sum of their lengths and overheads stays within the limit. The arguments are those of
 * layout.ts.
 * @returns how many were taken
 */
export function takeMessages(): usize {
  const starts = load<usize>(TAKE_MESSAGES_STARTS);
  const lengths = load<usize>(TAKE_MESSAGES_LENGTHS);
  const count = load<usize>(TAKE_MESSAGES_COUNT);
  const shift = load<u32>(TAKE_MESSAGES_SHIFT);
  const toStarts = load<usize>(TAKE_MESSAGES_TO_STARTS);
  const toLengths = load<usize>(TAKE_MESSAGES_TO_LENGTHS);
  const toSizes = load<usize>(TAKE_MESSAGES_TO_SIZES);
  const overhead = load<u32>(TAKE_MESSAGES_RECORD_OVERHEAD);
  const bytesMax = load<u32>(TAKE_MESSAGES_BYTES_MAX);
  let bytes: u32 = 0;
  let taken: usize = 0;
  for (; taken < count; taken++) {
    const at = taken << 2;
    const length = load<u32>(lengths + at);
    if (length + overhead > bytesMax - bytes) break;
    bytes += length + overhead;
    store<u32>(toStarts + at, load<u32>(starts + at) + shift);
    store<u32>(toLengths + at, length);
    store<u32>(toSizes + at, length);
  }
  memory.fill(load<usize>(TAKE_MESSAGES_TO_FORMS), <u8>FORM_TEXT, taken);
  return taken;
}
