import { isUtf8 } from 'node:buffer';
import type { Leaf } from './schema.ts';
import { clockText, dateText, intervalText, JULIAN_EPOCH_DAY, timestampText } from './show-times.ts';
import type { ByteValues, FixedValues, PlainValues } from './values.ts';

/**
 * A value as JSON; null when it has no form there. docs/reference/formats.md, "Whole records", is the rule: what a reader of Athena or pyarrow sees, in
 * the digits that the file has.
 */
export type Show = (at: number) => string | null;

/** @returns shows the values of pages and dictionaries of a leaf, as long as these are good */
export function createShow(leaf: Leaf): (values: PlainValues) => Show {
  const ofBytes = bytesShow(leaf);
  const ofFixed = fixedShow(leaf);
  return (values) => (values.kind === 'bytes' ? showBytes(values, ofBytes) : showFixed(values, ofFixed));
}

type ShowBytes = (bytes: Buffer, start: number, end: number) => string | null;
type ShowFixed = (view: DataView, at: number) => string | null;

function showBytes({ bytes: { buffer, byteOffset, length: all }, start, length }: ByteValues, show: ShowBytes): Show {
  const bytes = Buffer.from(buffer, byteOffset, all);
  return (at) => {
    const from = start[at] as number;
    return show(bytes, from, from + (length[at] as number));
  };
}

function showFixed({ view, width }: FixedValues, show: ShowFixed): Show {
  return (at) => show(view, at * width);
}

function bytesShow({ logical }: Pick<Leaf, 'logical'>): ShowBytes {
  switch (logical?.kind) {
    case 'text':
      return (bytes, start, end) => JSON.stringify(bytes.toString('utf8', start, end));
    case 'json':
      return (bytes, start, end) => jsonText(bytes.toString('utf8', start, end));
    case 'decimal':
      return (bytes, start, end) => decimalOfBytes(bytes.subarray(start, end), logical.scale);
    case undefined:
      return textOrBase64;
    default:
      return base64;
  }
}

/** Without an annotation it may be either. A log's text mostly is text; what is none keeps its bytes. */
const textOrBase64: ShowBytes = (bytes, start, end) =>
  isUtf8(bytes.subarray(start, end)) ? JSON.stringify(bytes.toString('utf8', start, end)) : base64(bytes, start, end);

const base64: ShowBytes = (bytes, start, end) => `"${bytes.toString('base64', start, end)}"`;

/** What claims to be JSON stands as it is, in one line; what is none is a text. */
export function jsonText(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return JSON.stringify(text);
  }
  // Only between its parts: inside of strings there are none.
  return /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, ' ') : text;
}

function fixedShow({ type, logical, width = 0 }: Leaf): ShowFixed {
  switch (logical?.kind) {
    case 'text':
    case 'json': {
      const show = bytesShow({ logical });
      return (view, at) => show(bytesAt(view, at, width), 0, width);
    }
    case 'decimal':
      return decimalShow(type, width, logical.scale);
    case 'integer':
      return integerShow(type, logical.signed);
    case 'date':
      return (view, at) => dateText(view.getInt32(at, true));
    case 'time':
      return logical.unit === 'millis'
        ? (view, at) => clockText(BigInt(view.getInt32(at, true)), 'millis')
        : (view, at) => clockText(view.getBigInt64(at, true), logical.unit);
    case 'timestamp':
      return (view, at) => timestampText(view.getBigInt64(at, true), logical.unit);
    case 'uuid':
      return (view, at) => uuidText(bytesAt(view, at, width));
    case 'interval':
      return (view, at) =>
        intervalText(view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true));
    case 'float16':
      return (view, at) => floatText(view.getFloat16(at, true), HALF);
    default:
      return plainShow(type, width);
  }
}

function plainShow(type: Leaf['type'], width: number): ShowFixed {
  switch (type) {
    case 'BOOLEAN':
      return (view, at) => (view.getUint8(at) === 1 ? 'true' : 'false');
    case 'FLOAT':
      return (view, at) => floatText(view.getFloat32(at, true), SINGLE);
    case 'DOUBLE':
      return (view, at) => numberText(view.getFloat64(at, true));
    case 'INT96':
      return (view, at) => timestampText(int96Nanos(view, at), 'nanos');
    case 'INT32':
    case 'INT64':
      return integerShow(type, true);
    default:
      return (view, at) => base64(bytesAt(view, at, width), 0, width);
  }
}

function bytesAt(view: DataView, at: number, width: number): Buffer {
  return Buffer.from(view.buffer, view.byteOffset + at, width);
}

function integerShow(type: Leaf['type'], signed: boolean): ShowFixed {
  if (type === 'INT32') return (view, at) => String(signed ? view.getInt32(at, true) : view.getUint32(at, true));
  return (view, at) => String(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
}

function decimalShow(type: Leaf['type'], width: number, scale: number): ShowFixed {
  if (type === 'INT32') return (view, at) => decimalText(BigInt(view.getInt32(at, true)), scale);
  if (type === 'INT64') return (view, at) => decimalText(view.getBigInt64(at, true), scale);
  return (view, at) => decimalOfBytes(bytesAt(view, at, width), scale);
}

/** 38 digits, the most that anybody uses, take 16 bytes; what takes to write down a number grows with the square of its length. */
const DECIMAL_BYTES_MAX = 256;

/** Two's complement, the most significant byte first. */
function decimalOfBytes(bytes: Buffer, scale: number): string | null {
  if (bytes.length > DECIMAL_BYTES_MAX) return null;
  const unsigned = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
  return decimalText(BigInt.asIntN(bytes.length * 8, unsigned), scale);
}

/** Digits behind the point, at most: as many as a number of so many bytes has. */
const SCALE_MAX = 1_000;

/** All digits that the scale says, also zeros at the end; null for a scale that means nothing. */
export function decimalText(unscaled: bigint, scale: number): string | null {
  if (!(scale >= 0 && scale <= SCALE_MAX)) return null;
  if (scale === 0) return String(unscaled);
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** A number of JSON; those that JSON does not have are texts. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0' : String(value);
}

interface Precision {
  readonly round: (value: number) => number;
  /** Decimal digits that every value keeps, and that tell any two values apart. */
  readonly digitsMin: number;
  readonly digitsMax: number;
}

export const SINGLE: Precision = { round: Math.fround, digitsMin: 6, digitsMax: 9 };
const HALF: Precision = { round: Math.f16round, digitsMin: 3, digitsMax: 5 };

/** The shortest number that is this value again when it is rounded: 0.1, not 0.10000000149011612. Whole numbers have all their digits. */
export function floatText(value: number, { round, digitsMin, digitsMax }: Precision): string {
  if (Number.isFinite(value) && !Number.isSafeInteger(value)) {
    for (let digits = digitsMin; digits < digitsMax; digits++) {
      const short = Number(value.toPrecision(digits));
      if (round(short) === value) return numberText(short);
    }
  }
  return numberText(value);
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `"${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}"`;
}

const DAY_NANOS = 86_400_000_000_000n;

/** Nanoseconds of the day in eight bytes, then the Julian day in four. */
function int96Nanos(view: DataView, at: number): bigint {
  return BigInt(view.getInt32(at + 8, true) - JULIAN_EPOCH_DAY) * DAY_NANOS + view.getBigUint64(at, true);
}
