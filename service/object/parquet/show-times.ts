import type { TimeUnit } from './metadata.ts';

/** Dates, times and intervals as JSON texts (RFC 3339, ISO 8601), with the digits that their unit has; null where they have no form. */

const NANOS: Readonly<Record<TimeUnit, bigint>> = { millis: 1_000_000n, micros: 1_000n, nanos: 1n };
const MILLI_NANOS = 1_000_000n;
const SECOND_NANOS = 1_000_000_000n;
const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400n;

/** One without a zone is taken for UTC, as everywhere here. */
export function timestampText(value: bigint, unit: TimeUnit): string | null {
  const nanos = value * NANOS[unit];
  const ms = floorDivide(nanos, MILLI_NANOS);
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) return null;
  return `"${date.toISOString().slice(0, -1)}${digitsBehindMillis(nanos - ms * MILLI_NANOS)}Z"`;
}

/** @param days since 1970-01-01 */
export function dateText(days: number): string | null {
  const date = new Date(days * DAY_MS);
  return Number.isNaN(date.getTime()) ? null : `"${date.toISOString().split('T', 1)[0]}"`;
}

/** A time of day. */
export function clockText(value: bigint, unit: TimeUnit): string | null {
  const nanos = value * NANOS[unit];
  const seconds = floorDivide(nanos, SECOND_NANOS);
  if (seconds < 0n || seconds >= DAY_SECONDS) return null;
  const millis = floorDivide(nanos, MILLI_NANOS);
  const clock = new Date(Number(millis)).toISOString().slice(11, -1);
  return `"${clock}${digitsBehindMillis(nanos - millis * MILLI_NANOS)}"`;
}

/** Months, days and milliseconds that are not made one another: none of them has a fixed number of the next. */
export function intervalText(months: number, days: number, millis: number): string {
  const date = `${months === 0 ? '' : `${months}M`}${days === 0 ? '' : `${days}D`}`;
  const time = millis === 0 && date !== '' ? '' : `T${millis / 1_000}S`;
  return `"P${date}${time}"`;
}

/** Three digits, six or none: zeros at the end are left out in threes. @param nanos below a millisecond */
function digitsBehindMillis(nanos: bigint): string {
  return nanos === 0n ? '' : String(nanos).padStart(6, '0').replace(/000$/, '');
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

/** Julian day number of 1970-01-01. */
export const JULIAN_EPOCH_DAY = 2_440_588;
