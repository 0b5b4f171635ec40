import { DATE_TIME_BYTES, DATE_TIME_BYTES_MAX, EPOCH_MS_MAX, EPOCH_MS_MIN } from '../layout';

/** Timestamps of records, in the forms that core/timestamp.ts reads too; the few that are not read here are left to it. */

/** Nothing that is read here: no double that a time can be. */
export const NO_TIME: f64 = -1;

function two(at: usize): u32 {
  const tens = <u32>load<u8>(at) - 0x30;
  const ones = <u32>load<u8>(at + 1) - 0x30;
  // Beyond every limit that it is compared with, when one of the two is no digit.
  return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

function daysIn(year: u32, month: u32): u32 {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Days from 1970-01-01, by years that begin in March. */
function daysSinceEpoch(year: u32, month: u32, day: u32): i64 {
  const marchYear = <i64>year - (month > 2 ? 0 : 1);
  const marchMonth = <i64>(month > 2 ? month - 3 : month + 9);
  const leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400;
  return marchYear * 365 + leapDays + (153 * marchMonth + 2) / 5 + <i64>day - 719_469;
}

/** `YYYY-MM-DDTHH:MM` of the date that was read last, and its minutes since the epoch. */
let lastHigh: u64 = 0;
let lastLow: u64 = 0;
let lastMinutes: i64 = 0;
const NO_MINUTES: i64 = i64.MIN_VALUE;

/** Minutes since the epoch of `YYYY-MM-DDTHH:MM`, or NO_MINUTES. */
function parseMinutes(from: usize): i64 {
  const century = two(from);
  const ofCentury = two(from + 2);
  if (century > 99 || ofCentury > 99) return NO_MINUTES;
  const year = century * 100 + ofCentury;
  const month = two(from + 5);
  const day = two(from + 8);
  const hour = two(from + 11);
  const minute = two(from + 14);
  const between = <u32>load<u8>(from + 10);
  if (load<u8>(from + 4) !== 0x2d || load<u8>(from + 7) !== 0x2d || load<u8>(from + 13) !== 0x3a) return NO_MINUTES;
  if (between !== 0x54 && between !== 0x20 && between !== 0x74) return NO_MINUTES;
  // Years below 1 are a matter for the other reader.
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return NO_MINUTES;
  if (hour > 23 || minute > 59) return NO_MINUTES;
  return daysSinceEpoch(year, month, day) * 1_440 + <i64>(hour * 60 + minute);
}

/** What no zone is off UTC. */
const NO_ZONE: i64 = i64.MIN_VALUE;

/** Minutes east of UTC of the zone in [from, end), which is not `Z` alone. */
function zoneMinutes(from: usize, end: usize): i64 {
  if (from === end) return 0;
  const at = load<u8>(from) === 0x20 ? from + 1 : from;
  const length = end - at;
  if (length === 1) return (load<u8>(at) | 0x20) === 0x7a ? 0 : NO_ZONE;
  if (length === 3 && load<u16>(at) === 0x5455 && load<u8>(at + 2) === 0x43) return 0;
  if (length !== 3 && length !== 5 && length !== 6) return NO_ZONE;
  if (length === 6 && load<u8>(at + 3) !== 0x3a) return NO_ZONE;
  const hours = two(at + 1);
  const minutes = length === 3 ? 0 : two(length === 6 ? at + 4 : at + 3);
  const sign = <u32>load<u8>(at);
  if (hours > 23 || minutes > 59 || (sign !== 0x2b && sign !== 0x2d)) return NO_ZONE;
  return <i64>(hours * 60 + minutes) * (sign === 0x2d ? -1 : 1);
}

/** A date and a time in [from, end), as core/timestamp.ts has them. @returns milliseconds since the epoch, or NO_TIME */
export function parseDateTime(from: usize, end: usize): f64 {
  const length = end - from;
  if (length < DATE_TIME_BYTES || length > DATE_TIME_BYTES_MAX) return NO_TIME;
  // Consecutive lines are mostly of the same minute.
  const high = load<u64>(from);
  const low = load<u64>(from + 8);
  if (high !== lastHigh || low !== lastLow) {
    const minutes = parseMinutes(from);
    if (minutes === NO_MINUTES) return NO_TIME;
    lastMinutes = minutes;
    lastHigh = high;
    lastLow = low;
  }
  const second = two(from + 17);
  if (load<u8>(from + 16) !== 0x3a || second > 60) return NO_TIME;
  let at = from + DATE_TIME_BYTES;
  let fraction: i64 = 0;
  if (at < end && (load<u8>(at) === 0x2e || load<u8>(at) === 0x2c)) {
    const first = ++at;
    let unit: i64 = 100;
    for (; at < end && <u32>load<u8>(at) - 0x30 <= 9; at++) {
      fraction += <i64>(<u32>load<u8>(at) - 0x30) * unit;
      unit /= 10;
    }
    if (at === first) return NO_TIME;
  }
  let offsetMinutes: i64 = 0;
  if (end - at !== 1 || (load<u8>(at) | 0x20) !== 0x7a) {
    offsetMinutes = zoneMinutes(at, end);
    if (offsetMinutes === NO_ZONE) return NO_TIME;
  }
  const seconds = (lastMinutes - offsetMinutes) * 60 + <i64>second;
  return <f64>(seconds * 1_000 + fraction);
}

/** A whole number of seconds, milliseconds, microseconds or nanoseconds in [from, end). @returns milliseconds, or NO_TIME */
export function parseEpoch(from: usize, end: usize): f64 {
  const length = end - from;
  if (length < 8 || length > 19 || load<u8>(from) === 0x30) return NO_TIME;
  const surplus: usize = length <= 13 ? 0 : length <= 16 ? 3 : 6;
  let value: u64 = 0;
  for (let at = from; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) return NO_TIME;
    if (at < end - surplus) value = value * 10 + digit;
  }
  const ms = length <= 10 ? value * 1_000 : value;
  return ms >= EPOCH_MS_MIN && ms < EPOCH_MS_MAX ? <f64>ms : NO_TIME;
}
