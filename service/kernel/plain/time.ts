import { DATE_TIME_BYTES_MAX, EPOCH_MS_MAX, EPOCH_MS_MIN } from '../layout.ts';

/** Timestamps of records: assembly/time.ts. Text is ASCII, or it is none. */

/** Nothing that is read here: no double that a time can be. */
export const NO_TIME = -1;
const MINUTE_MS = 60_000;

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?: ?(?:[Zz]|UTC|([+-])(\d\d)(?::?(\d\d))?))?$/;

/** @returns milliseconds since the epoch, or NO_TIME */
export function parseDateTime(text: string): number {
  const found = text.length <= DATE_TIME_BYTES_MAX && DATE_TIME.exec(text);
  if (!found) return NO_TIME;
  const [, ...parts] = found;
  const [year, month, day, hour, minute, second] = parts.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = parts.slice(6);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDate || hour > 23 || minute > 59 || second > 60) return NO_TIME;
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return NO_TIME;
  const east = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1);
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  return date.getTime() + (hour * 60 + minute - east) * MINUTE_MS + second * 1_000 + ms;
}

/** A whole number of seconds, milliseconds, microseconds or nanoseconds. @returns milliseconds, or NO_TIME */
export function parseEpoch(text: string): number {
  const { length } = text;
  if (!/^[1-9]\d{7,18}$/.test(text)) return NO_TIME;
  const surplus = length <= 13 ? 0 : length <= 16 ? 3 : 6;
  const value = Number(text.slice(0, length - surplus));
  const ms = length <= 10 ? value * 1_000 : value;
  return ms >= EPOCH_MS_MIN && ms < EPOCH_MS_MAX ? ms : NO_TIME;
}
