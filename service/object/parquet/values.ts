import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { byteStreamSplit, readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { corrupt } from '../corrupt.ts';
import { oneRunOf, readHybrid } from './levels.ts';
import type { PageBuffer } from './page-buffer.ts';
import type { Leaf } from './schema.ts';

/** Values of a page or a dictionary. Texts and timestamps stay bytes; who needs more than bytes asks for it. */
export type PlainValues = ByteValues | FixedValues | OtherValues;
export type Values = PlainValues | IndexValues;

/** BYTE_ARRAY: value i is bytes [start[i], start[i] + length[i]). */
export interface ByteValues {
  readonly kind: 'bytes';
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
  /** Bytes that stand in front of each value: they were the encoding's, and are spaces. */
  readonly gap: number;
}

/** Numbers and byte strings of one width, as the PLAIN encoding has them: little endian, one behind the other. */
export interface FixedValues {
  readonly kind: 'fixed';
  readonly count: number;
  readonly view: DataView;
  readonly width: number;
}

/** Whatever hyparquet makes of the rarer encodings. */
export interface OtherValues {
  readonly kind: 'other';
  readonly count: number;
  readonly values: ArrayLike<unknown>;
}

export interface IndexValues {
  readonly kind: 'indices';
  readonly count: number;
  readonly indices: Uint32Array;
  /** What all of them are, where the encoding says so itself. */
  readonly only: number | undefined;
  readonly dictionary: PlainValues;
}

/** Bytes of a value in the PLAIN encoding, for types that have a fixed number. */
const WIDTHS: Readonly<Record<string, number>> = { INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 };
/** PLAIN puts four bytes of length in front of each BYTE_ARRAY. */
const LENGTH_BYTES = 4;
const FOUR_SPACES = 0x20202020;
/** The start and the length of a value. */
const PLACE_BYTES = 8;

/**
 * Decodes `count` values. Bytes may be written to, and those of a PLAIN page of texts are.
 * @param buffer of the page, if it is a data page: where its values lie may be kept there
 * @throws DistributorError `object-corrupt`, or whatever hyparquet throws on bytes that end too soon
 */
export function decodeValues(
  bytes: Uint8Array,
  encoding: string,
  count: number,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer?: PageBuffer,
): Values {
  const { type } = leaf.element;
  switch (encoding) {
    case 'PLAIN':
      return decodePlain(bytes, count, leaf, buffer);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      if (!dictionary) throw corrupt('a dictionary page is missing');
      return decodeIndices(bytes, count, dictionary);
    case 'DELTA_LENGTH_BYTE_ARRAY':
      return decodeDeltaLength(bytes, count);
    case 'DELTA_BYTE_ARRAY':
      return decodeDeltaBytes(bytes, count);
    case 'DELTA_BINARY_PACKED': {
      const values = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      if (count > 0) deltaBinaryUnpack(readerOf(bytes), count, values);
      return { kind: 'other', count, values };
    }
    case 'BYTE_STREAM_SPLIT': {
      const width = leaf.element.type_length ?? WIDTHS[type ?? ''] ?? 0;
      if (!type || count * width > bytes.length) throw corrupt('split values end too soon');
      return { kind: 'other', count, values: byteStreamSplit(readerOf(bytes), count, type, leaf.element.type_length) };
    }
    case 'RLE': {
      const values = new Array<number>(count);
      readRleBitPackedHybrid(readerOf(bytes), 1, values);
      return { kind: 'other', count, values: values.map(Boolean) };
    }
    default:
      throw corrupt(`the Parquet encoding ${encoding} is not supported`);
  }
}

function readerOf(bytes: Uint8Array): { view: DataView; offset: number } {
  return { view: viewOf(bytes), offset: 0 };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decodePlain(bytes: Uint8Array, count: number, leaf: Leaf, buffer: PageBuffer | undefined): PlainValues {
  const { type, type_length: typeLength } = leaf.element;
  if (!type) throw corrupt('a column without a type');
  if (type === 'BYTE_ARRAY') return decodeByteArrays(bytes, count, buffer);
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : WIDTHS[type];
  if (width === undefined) return { kind: 'other', count, values: readPlain(readerOf(bytes), type, count, typeLength) };
  if (count * width > bytes.length) throw corrupt(`${bytes.length} bytes for ${count} values of ${width}`);
  return { kind: 'fixed', count, view: viewOf(bytes), width };
}

function decodeByteArrays(bytes: Uint8Array, count: number, buffer: PageBuffer | undefined): ByteValues {
  // Before there is room for what a header claims.
  if (count * LENGTH_BYTES > bytes.length) throw corrupt(BEYOND);
  const places =
    buffer && bytes.buffer === buffer.kernel.bytes.buffer
      ? placesByKernel(bytes, count, buffer)
      : placesOf(bytes, count);
  return { kind: 'bytes', count, bytes, gap: LENGTH_BYTES, ...places };
}

type Places = Pick<ByteValues, 'start' | 'length'>;
const BEYOND = 'a value reaches beyond its page';

function placesByKernel(bytes: Uint8Array, count: number, buffer: PageBuffer): Places {
  const { calls, words } = buffer.kernel;
  const from = bytes.byteOffset;
  const starts = buffer.holdPlaces(count * PLACE_BYTES);
  const lengths = starts + count * 4;
  if (calls.scanByteArrays(from, bytes.length, count, from, starts, lengths) < 0) throw corrupt(BEYOND);
  return {
    start: words.subarray(starts / 4, starts / 4 + count),
    length: words.subarray(lengths / 4, lengths / 4 + count),
  };
}

function placesOf(bytes: Uint8Array, count: number): Places {
  const view = viewOf(bytes);
  const start = new Uint32Array(count);
  const length = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const size = view.getUint32(at, true);
    view.setUint32(at, FOUR_SPACES);
    at += LENGTH_BYTES;
    start[i] = at;
    length[i] = size;
    at += size;
    if (at > bytes.length) throw corrupt(BEYOND);
  }
  return { start, length };
}

/** Lengths that must be those of `count` values: none is negative. @returns them, and where their bytes end */
function readLengths(reader: { view: DataView; offset: number }, count: number): Int32Array {
  const lengths = new Int32Array(count);
  if (count > 0) deltaBinaryUnpack(reader, count, lengths);
  for (const length of lengths) if (length < 0) throw corrupt('a value has a negative length');
  return lengths;
}

function decodeDeltaLength(bytes: Uint8Array, count: number): ByteValues {
  const reader = readerOf(bytes);
  const length = Uint32Array.from(readLengths(reader, count));
  const start = new Uint32Array(count);
  let at = reader.offset;
  for (let i = 0; i < count; i++) {
    start[i] = at;
    at += length[i] ?? 0;
    if (at > bytes.length) throw corrupt('a value reaches beyond its page');
  }
  return { kind: 'bytes', count, bytes, start, length, gap: 0 };
}

/** Values that share beginnings can be much larger than their page: as much as the largest page may be. */
const DELTA_BYTES_MAX = 64 * 1024 * 1024;

/** Each value is so many bytes of the one before, and a suffix. */
function decodeDeltaBytes(bytes: Uint8Array, count: number): ByteValues {
  const reader = readerOf(bytes);
  const prefixes = readLengths(reader, count);
  const suffixes = readLengths(reader, count);
  const total = prefixes.reduce((sum, length) => sum + length, 0) + suffixes.reduce((sum, length) => sum + length, 0);
  if (total > DELTA_BYTES_MAX) throw corrupt(`the values of a page come to ${total} bytes`);
  const out = new Uint8Array(total);
  const start = new Uint32Array(count);
  const length = new Uint32Array(count);
  let from = reader.offset;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const prefix = prefixes[i] ?? 0;
    const suffix = suffixes[i] ?? 0;
    const before = i === 0 ? 0 : (start[i - 1] ?? 0);
    if (prefix > (i === 0 ? 0 : (length[i - 1] ?? 0)) || from + suffix > bytes.length) {
      throw corrupt('a value refers to bytes that are not there');
    }
    out.copyWithin(at, before, before + prefix);
    out.set(bytes.subarray(from, from + suffix), at + prefix);
    start[i] = at;
    length[i] = prefix + suffix;
    at += prefix + suffix;
    from += suffix;
  }
  return { kind: 'bytes', count, bytes: out, start, length, gap: 0 };
}

function decodeIndices(bytes: Uint8Array, count: number, dictionary: PlainValues): IndexValues {
  const indices = new Uint32Array(count);
  if (count === 0) return { kind: 'indices', count, indices, only: undefined, dictionary };
  const width = bytes[0];
  if (width === undefined) throw corrupt('indices without a bit width');
  const only = width === 0 ? 0 : oneRunOf(bytes, 1, width, count);
  if (only === undefined) readHybrid(bytes, 1, bytes.length, width, indices, count);
  else indices.fill(only);
  for (const index of only === undefined ? indices : [only]) {
    if (index >= dictionary.count) throw corrupt(`index ${index} of a dictionary of ${dictionary.count}`);
  }
  return { kind: 'indices', count, indices, only, dictionary };
}

/** The values as hyparquet has them before it converts them to rich types: for the slow paths. */
export function rawValues(values: PlainValues, leaf: Leaf): ArrayLike<unknown> {
  switch (values.kind) {
    case 'bytes':
      return Array.from(values.start, (start, i) => values.bytes.subarray(start, start + (values.length[i] ?? 0)));
    case 'fixed': {
      const { type, type_length: typeLength } = leaf.element;
      if (!type) throw corrupt('a column without a type');
      return readPlain({ view: values.view, offset: 0 }, type, values.count, typeLength);
    }
    case 'other':
      return values.values;
  }
}
