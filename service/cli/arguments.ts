import { InvalidArgumentError } from 'commander';
import { nearest } from '../base/nearest.ts';

/** Parsers of what is typed. Each throws commander's own error, which names the option and ends with status 2. */

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TIME_RULE =
  'must be a time such as 2026-11-24T10:00:00Z, a UTC date such as 2026-11-24, now, or an age such as 90m';

/** Epoch milliseconds of a time with its zone, of a date's UTC midnight, or of so long ago. */
export function timeParser(nowMs: () => number): (text: string) => number {
  return (text) => {
    if (text === 'now') return nowMs();
    const [, amount, unit = ''] = /^-?(\d{1,6})([smhd])$/.exec(text) ?? [];
    if (amount !== undefined) return nowMs() - Number(amount) * (UNITS_MS[unit] ?? 0);
    // A time without a zone would be the local one of whoever types it, and another one in a container.
    const whole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
    const ms = whole ? Date.parse(text) : Number.NaN;
    // Date.parse rolls 31 February over into March.
    if (Number.isNaN(ms) || !isOnCalendar(text)) throw new InvalidArgumentError(TIME_RULE);
    return ms;
  };
}

function isOnCalendar(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,12}$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
    }
    return number;
  };
}

/** One of the names; what is no such name is probably a misspelling of one. */
export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    const meant = nearest(text, names);
    throw new InvalidArgumentError(
      `${meant === undefined ? '' : `Did you mean ${meant}? `}There are ${names.join(', ')}.`,
    );
  };
}

/** A rate: per second, fractions allowed. */
export function rate(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || number <= 0 || number > most) {
      throw new InvalidArgumentError(`must be a number above 0, at most ${most}`);
    }
    return number;
  };
}

export interface S3Url {
  readonly bucket: string;
  readonly key: string;
}

/** `s3://bucket/key`; the key may be anything, so it is not decoded. */
export function parseS3Url(text: string): S3Url | undefined {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/s.exec(text);
  return match ? { bucket: match[1] ?? '', key: match[2] ?? '' } : undefined;
}

/** The same as an option. */
export function s3Url(text: string): S3Url {
  const url = parseS3Url(text);
  if (!url) throw new InvalidArgumentError('must be s3://bucket/key');
  return url;
}

/** An option's values, each the address of a task. */
export function addresses(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? '')) {
    throw new InvalidArgumentError('must be an http or https URL, such as http://127.0.0.1:8080');
  }
  return [...before, text];
}
