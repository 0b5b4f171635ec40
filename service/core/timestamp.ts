import { TIMESTAMP_UNREADABLE } from './chunk.ts';

/**
 * Reads the time of a record: RFC 3339 text and the forms near it that agents write, or a number of seconds, milliseconds,
 * microseconds or nanoseconds since the epoch, as number or text. Works on bytes, as it runs once for every record. Nothing is
 * guessed: `Date` would take "1" for the year 2001 and move 30 February into March. Text without a zone is UTC.
 *
 * The kernel reads the same forms (kernel/assembly/time.ts); a test compares the two.
 *
 * The unit of a number follows from its magnitude. A time between the start of 1971 and the end of 2199 lies within
 *
 *     seconds       31,536,000 ..              7,258,118,400
 *     milliseconds  31,536,000,000 ..          7,258,118,400,000
 *     microseconds  31,536,000,000,000 ..      7,258,118,400,000,000
 *     nanoseconds   31,536,000,000,000,000 ..  7,258,118,400,000,000,000
 *
 * and no two of these overlap. A number outside of all four is no time.
 */
const EPOCH_SECONDS_MIN = 31_536_000;
const EPOCH_SECONDS_MAX = 7_258_118_400;

/** No form that is read here is longer; what comes with more fraction digits than this is rubbish. */
const TEXT_LENGTH_MAX = 64;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const ZERO = 0x30;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
/** Makes an ASCII letter lower case. */
const LOWER = 0x20;
const LOWER_T = 0x74;
const LOWER_Z = 0x7a;
const UTC = [0x55, 0x54, 0x43];
/** `2026-01-31T23:59:59` */
const DATE_TIME_LENGTH = 19;

/** @returns whole milliseconds since the epoch, rounded down, or TIMESTAMP_UNREADABLE */
export function parseTimestamp(value: string | number): number {
  if (typeof value === 'number') return fromMagnitude(value);
  if (value.length > TEXT_LENGTH_MAX) return TIMESTAMP_UNREADABLE;
  const bytes = Buffer.from(value, 'utf8');
  return parseTimestampBytes(bytes, 0, bytes.length);
}

/** The same for text that stands in bytes [start, end). */
export function parseTimestampBytes(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > TEXT_LENGTH_MAX) return TIMESTAMP_UNREADABLE;
  if (end - start >= DATE_TIME_LENGTH && bytes[start + 4] === MINUS) return parseDateTime(bytes, start, end);
  return parseNumber(bytes, start, end);
}

/**
 * `2026-01-31T23:59:59.123456789+01:00`, with a space for the T, a comma for the point, and any zone that `offsetMinutes` reads: at
 * least 19 bytes, of which the fifth is known to be a hyphen. Second 60 is the first of the next minute: of leap seconds, and of
 * clocks that write one where there is none.
 */
function parseDateTime(bytes: Uint8Array, start: number, end: number): number {
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  const between = bytes[start + 10] as number;
  if (
    bytes[start + 7] !== MINUS ||
    (between !== SPACE && (between | LOWER) !== LOWER_T) ||
    bytes[start + 13] !== COLON ||
    bytes[start + 16] !== COLON ||
    !(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)) ||
    !(hour <= 23 && minute <= 59 && second <= 60)
  ) {
    return TIMESTAMP_UNREADABLE;
  }
  let at = start + DATE_TIME_LENGTH;
  let fractionMs = 0;
  if (at < end && (bytes[at] === DOT || bytes[at] === COMMA)) {
    const from = ++at;
    for (let unit = 100; at < end && isDigit(bytes[at] as number); at++) {
      if (unit >= 1) fractionMs += ((bytes[at] as number) - ZERO) * unit;
      unit /= 10;
    }
    if (at === from) return TIMESTAMP_UNREADABLE;
  }
  const minutes = hour * 60 + minute - offsetMinutes(bytes, at, end);
  // An offset or a digit that could not be read makes this NaN.
  const result = daysSinceEpoch(year, month, day) * DAY_MS + minutes * MINUTE_MS + second * 1000 + fractionMs;
  return Number.isNaN(result) ? TIMESTAMP_UNREADABLE : result;
}

/**
 * Minutes east of UTC of the zone that fills [from, end): `Z`, `UTC`, `+01:00`, `+0100` or `+01`, with or without a space in front;
 * no zone is UTC. NaN when it is none of them.
 */
function offsetMinutes(bytes: Uint8Array, from: number, end: number): number {
  if (from === end) return 0;
  const at = bytes[from] === SPACE ? from + 1 : from;
  const length = end - at;
  if (length === 1) return ((bytes[at] as number) | LOWER) === LOWER_Z ? 0 : Number.NaN;
  if (length === UTC.length && UTC.every((byte, i) => bytes[at + i] === byte)) return 0;
  const colon = length === 6 ? 1 : 0;
  if (length !== 3 && length !== 5 && length !== 6) return Number.NaN;
  if (colon === 1 && bytes[at + 3] !== COLON) return Number.NaN;
  const hours = twoDigits(bytes, at + 1);
  const minutes = length === 3 ? 0 : twoDigits(bytes, at + 3 + colon);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  if (bytes[at] === PLUS) return hours * 60 + minutes;
  return bytes[at] === MINUS ? -(hours * 60 + minutes) : Number.NaN;
}

/** NaN, which fails every comparison, when one of the two is no digit. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/**
 * Days from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day is the last one
 * and the days before a month are a linear function of it: (153 m + 2) / 5.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  // 719,469 days lie between 0000-03-01 of this count and 1970-01-01, that day included.
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 719_469;
}

/** `1700000000`, `1700000000.123`, `1.7e12`: a JSON number without a sign. */
function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  let digitsEnd = start;
  while (digitsEnd < end && isDigit(bytes[digitsEnd] as number)) digitsEnd++;
  if (digitsEnd === start || bytes[start] === ZERO) return TIMESTAMP_UNREADABLE;
  if (digitsEnd < end) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    return /^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? fromMagnitude(Number(text)) : TIMESTAMP_UNREADABLE;
  }
  // Seconds have 8 to 10 digits, and each finer unit has three more. Nanoseconds do not fit a double: digits below a
  // millisecond are left out, not divided away.
  const length = end - start;
  const surplus = length <= 13 ? 0 : length <= 16 ? 3 : 6;
  let value = 0;
  for (let at = start; at < end - surplus; at++) value = value * 10 + ((bytes[at] as number) - ZERO);
  const ms = length <= 10 ? value * 1000 : value;
  return inRange(ms, 1e3) ? ms : TIMESTAMP_UNREADABLE;
}

function fromMagnitude(value: number): number {
  // Rounded to microseconds first: 1700000000.123 times 1000 is a little less than a whole number.
  if (inRange(value, 1)) return Math.floor(Math.round(value * 1e6) / 1e3);
  if (inRange(value, 1e3)) return Math.floor(value);
  if (inRange(value, 1e6)) return Math.floor(value / 1e3);
  if (inRange(value, 1e9)) return Math.floor(value / 1e6);
  return TIMESTAMP_UNREADABLE;
}

function inRange(value: number, unitsPerSecond: number): boolean {
  return value >= EPOCH_SECONDS_MIN * unitsPerSecond && value < EPOCH_SECONDS_MAX * unitsPerSecond;
}
