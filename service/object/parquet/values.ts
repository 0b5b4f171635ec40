import { corrupt } from '../corrupt.ts';
import { readDeltas } from './delta.ts';
import type { PageBuffer } from './page-buffer.ts';
import { createRuns } from './runs.ts';
import type { Leaf } from './schema.ts';

/** Values of a page or a dictionary. They stay bytes; who needs more than bytes asks for it. */
export type PlainValues = ByteValues | FixedValues;
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

/** All other types, as the PLAIN encoding has them: little endian, one behind the other. A BOOLEAN is a byte, 0 or 1. */
export interface FixedValues {
  readonly kind: 'fixed';
  readonly count: number;
  readonly view: DataView;
  readonly width: number;
}

export interface IndexValues {
  readonly kind: 'indices';
  readonly count: number;
  readonly indices: Uint32Array;
  /** What all of them are, where the encoding says so itself. */
  readonly only: number | undefined;
  readonly dictionary: PlainValues;
}

/** The encodings of values, by their numbers in parquet.thrift. */
export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  deltaBinaryPacked: 5,
  deltaLengthByteArray: 6,
  deltaByteArray: 7,
  rleDictionary: 8,
  byteStreamSplit: 9,
} as const;

/** PLAIN puts four bytes of length in front of each BYTE_ARRAY. */
export const LENGTH_BYTES = 4;
export const FOUR_SPACES = 0x20202020;
/** The start and the length of a value. */
const PLACE_BYTES = 8;

/** Those that are only read as a stream: what comes out may be much more than what goes in. */
export const STREAMED_ENCODINGS: readonly number[] = [ENCODING.deltaLengthByteArray, ENCODING.deltaByteArray];

/**
 * Decodes `count` values, in an encoding that is not a streamed one. Bytes may be written to, and those of a PLAIN page of texts are.
 * @param buffer of the page, if it is a data page: where its values lie may be kept there
 * @throws DistributorError `object-corrupt`
 */
export function decodeValues(
  bytes: Uint8Array,
  encoding: number,
  count: number,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer?: PageBuffer,
): Values {
  switch (encoding) {
    case ENCODING.plain:
      return decodePlain(bytes, count, leaf, buffer);
    case ENCODING.plainDictionary:
    case ENCODING.rleDictionary:
      return indexReader(bytes, dictionary)(count);
    case ENCODING.rle:
      return booleanReader(bytes, leaf)(count);
    case ENCODING.deltaBinaryPacked:
      return decodeDeltas(bytes, count, leaf);
    case ENCODING.byteStreamSplit:
      return splitReader(bytes, count, leaf)(count);
    default:
      throw corrupt(`the Parquet encoding ${encoding} is not supported`);
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function decodePlain(bytes: Uint8Array, count: number, leaf: Leaf, buffer?: PageBuffer): PlainValues {
  const { type, width } = leaf;
  if (width === undefined) return decodeByteArrays(bytes, count, buffer);
  if (type === 'BOOLEAN') return { kind: 'fixed', count, view: viewOf(readBits(bytes, 0, count)), width };
  if (count * width > bytes.length) throw corrupt(`${bytes.length} bytes for ${count} values of ${width}`);
  return { kind: 'fixed', count, view: viewOf(bytes), width };
}

/** Bits, the least significant of a byte first, as a byte each. @param from a bit */
export function readBits(bytes: Uint8Array, from: number, count: number): Uint8Array {
  if (Math.ceil((from + count) / 8) > bytes.length) throw corrupt(`${bytes.length} bytes for ${from + count} bits`);
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) out[i] = ((bytes[(from + i) >> 3] as number) >> ((from + i) & 7)) & 1;
  return out;
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
export const BEYOND = 'a value reaches beyond its page';

function placesByKernel(bytes: Uint8Array, count: number, buffer: PageBuffer): Places {
  const { calls, words } = buffer.kernel;
  const from = bytes.byteOffset;
  const starts = buffer.holdPlaces(count * PLACE_BYTES);
  const lengths = starts + count * 4;
  const page = { source: from, sourceBytes: bytes.length, count, base: from, starts, lengths };
  if (calls.scanByteArrays(page) < 0) throw corrupt(BEYOND);
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
    if (at + LENGTH_BYTES > bytes.length) throw corrupt(BEYOND);
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

export function decodeDeltas(bytes: Uint8Array, count: number, { type, width = 0 }: Leaf): FixedValues {
  if (type !== 'INT32' && type !== 'INT64') throw corrupt(`deltas of ${type}`);
  const values = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
  if (count > 0) readDeltas(bytes, 0, values);
  return { kind: 'fixed', count, view: new DataView(values.buffer), width };
}

/** Reads the next values of a page whose bytes are all there, which stay as they are. */
export type ReadNext = (count: number) => Values;

/** Indices of a dictionary, behind a byte with their width. */
export function indexReader(bytes: Uint8Array, dictionary: PlainValues | undefined): ReadNext {
  if (!dictionary) throw corrupt('a dictionary page is missing');
  const [width] = bytes;
  const runs = width === undefined ? undefined : createRuns(bytes.subarray(1), width);
  return (count) => {
    const indices = new Uint32Array(count);
    if (count === 0) return { kind: 'indices', count, indices, only: undefined, dictionary };
    if (!runs) throw corrupt('indices without a bit width');
    const only = width === 0 ? 0 : runs.only(count);
    if (only === undefined) runs.read(indices, count);
    else indices.fill(only);
    for (const index of only === undefined ? indices : [only]) {
      if (index >= dictionary.count) throw corrupt(`index ${index} of a dictionary of ${dictionary.count}`);
    }
    return { kind: 'indices', count, indices, only, dictionary };
  };
}

/** Booleans as runs of one bit, behind their length in four bytes. */
export function booleanReader(bytes: Uint8Array, { type }: Leaf): ReadNext {
  if (type !== 'BOOLEAN') throw corrupt(`runs of ${type}`);
  const end = bytes.length < LENGTH_BYTES ? Number.NaN : LENGTH_BYTES + viewOf(bytes).getUint32(0, true);
  if (!(end <= bytes.length)) throw corrupt('runs reach beyond their page');
  const runs = createRuns(bytes.subarray(LENGTH_BYTES, end), 1);
  return (count) => {
    const values = new Uint8Array(count);
    runs.read(values, count);
    return { kind: 'fixed', count, view: viewOf(values), width: 1 };
  };
}

/**
 * The first bytes of all values, then their second ones, and so on: put together again.
 * @param total number of values that the page has
 */
export function splitReader(bytes: Uint8Array, total: number, { type, width }: Leaf): ReadNext {
  if (width === undefined || type === 'BOOLEAN' || type === 'INT96')
    throw corrupt(`${type} split into streams of bytes`);
  if (total * width > bytes.length) throw corrupt(`${bytes.length} bytes for ${total} values of ${width}`);
  let at = 0;
  return (count) => {
    const values = new Uint8Array(count * width);
    for (let byte = 0; byte < width; byte++) {
      const from = byte * total + at;
      for (let i = 0; i < count; i++) values[i * width + byte] = bytes[from + i] as number;
    }
    at += count;
    return { kind: 'fixed', count, view: viewOf(values), width };
  };
}

export type Take = (count: number) => Promise<Values>;
