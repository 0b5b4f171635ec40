import { present } from '../../base/present.ts';
import { releaseMemory } from '../../base/release-memory.ts';
import { TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../core/chunk.ts';
import { parseTimestamp, parseTimestampBytes } from '../../core/timestamp.ts';
import type { ColumnCursor } from './column.ts';
import { eachSpan } from './fields.ts';
import type { TimeUnit } from './metadata.ts';
import type { Leaf } from './schema.ts';
import { JULIAN_EPOCH_DAY } from './show-times.ts';
import type { FixedValues, PlainValues, Values } from './values.ts';

/**
 * Reads the timestamps of rows as whole milliseconds since the epoch, rounded down: from INT96 and TIMESTAMP columns, from
 * text, and from bare numbers, whose unit follows from their magnitude as in JSON.
 */
export function createTimestampReader(
  leaf: Leaf,
): (cursor: ColumnCursor, rows: number, out: Float64Array) => Promise<void> {
  const timesOf = createTimesReader((values) => readTimes(values, leaf));
  return async (cursor, rows, out) => {
    out.fill(TIMESTAMP_MISSING, 0, rows);
    await eachSpan(cursor, rows, ({ page, entry, value }, row, count) => {
      const { definition, values } = page;
      const times = timesOf(values);
      const indices = values.kind === 'indices' ? values.indices : undefined;
      if (!definition && !indices) {
        out.set(times.subarray(value, value + count), row);
        return;
      }
      let next = value;
      for (let at = 0; at < count; at++) {
        if (definition && definition[entry + at] !== leaf.maxDefinition) continue;
        out[row + at] = times[indices ? (indices[next] as number) : next] as number;
        next++;
      }
    });
  };
}

/** Turns values into times once, a dictionary's only the first time that it is met; a page's are good until the next page. */
function createTimesReader(read: (values: PlainValues) => Float64Array): (values: Values) => Float64Array {
  const dictionaries = new WeakMap<PlainValues, Float64Array>();
  let page: { readonly values: PlainValues; readonly times: Float64Array } | undefined;
  return (values) => {
    if (values.kind === 'indices') {
      const times = dictionaries.get(values.dictionary) ?? read(values.dictionary);
      dictionaries.set(values.dictionary, times);
      return times;
    }
    if (page?.values !== values) {
      if (page) releaseMemory(page.times);
      page = { values, times: read(values) };
    }
    return page.times;
  };
}

function readTimes(values: PlainValues, leaf: Leaf): Float64Array {
  if (values.kind === 'bytes') {
    if (leaf.logical?.kind === 'decimal') return new Float64Array(values.count).fill(TIMESTAMP_UNREADABLE);
    return Float64Array.from(values.start, (start, i) =>
      parseTimestampBytes(values.bytes, start, start + present(values.length[i], 'the length of a time')),
    );
  }
  return mapFixed(values, fixedReader(leaf));
}

/** Reads a time where it lies. */
type ReadTime = (view: DataView, at: number) => number;

const unreadable: ReadTime = () => TIMESTAMP_UNREADABLE;

function fixedReader({ type, logical }: Leaf): ReadTime {
  if (type === 'INT96') return int96Ms;
  switch (logical?.kind) {
    case 'timestamp':
      return INT64_MS[logical.unit];
    case 'date':
      return (view, at) => view.getInt32(at, true) * DAY_MS;
    case undefined:
    case 'integer':
      return numberReader(type, logical?.signed ?? true);
    default:
      // A time of day, a decimal: nothing that says when.
      return unreadable;
  }
}

/** Bare numbers: their unit follows from their magnitude. */
function numberReader(type: Leaf['type'], signed: boolean): ReadTime {
  switch (type) {
    case 'INT32':
      return (view, at) => parseTimestamp(signed ? view.getInt32(at, true) : view.getUint32(at, true));
    case 'INT64':
      return (view, at) => parseTimestamp(String(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)));
    case 'FLOAT':
      return (view, at) => parseTimestamp(view.getFloat32(at, true));
    case 'DOUBLE':
      return (view, at) => parseTimestamp(view.getFloat64(at, true));
    default:
      return unreadable;
  }
}

function mapFixed({ view, count, width }: FixedValues, read: ReadTime): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = read(view, i * width);
  return out;
}

const WORD = 2 ** 32;
/** A word of 32 bits in whole thousands or millions, and what is left: keeps every step below 2^53, where doubles are exact. */
const WORD_IN_MICROS = { ms: 4_294_967, rest: 296 };
const WORD_IN_NANOS = { ms: 4_294, rest: 967_296 };

const INT64_MS: Readonly<Record<TimeUnit, ReadTime>> = {
  millis: (view, at) => view.getInt32(at + 4, true) * WORD + view.getUint32(at, true),
  micros: (view, at) => scaled(view, at, WORD_IN_MICROS, 1e3),
  nanos: (view, at) => scaled(view, at, WORD_IN_NANOS, 1e6),
};

function scaled(view: DataView, at: number, word: { ms: number; rest: number }, unitsPerMs: number): number {
  const high = view.getInt32(at + 4, true);
  return high * word.ms + Math.floor((high * word.rest + view.getUint32(at, true)) / unitsPerMs);
}

const DAY_MS = 86_400_000;

/** Nanoseconds of the day in eight bytes, then the Julian day in four: what Hive and Firehose write. */
function int96Ms(view: DataView, at: number): number {
  const nanos = view.getUint32(at + 4, true) * WORD + view.getUint32(at, true);
  return (view.getInt32(at + 8, true) - JULIAN_EPOCH_DAY) * DAY_MS + Math.floor(nanos / 1e6);
}
