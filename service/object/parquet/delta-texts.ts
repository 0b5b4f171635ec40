import { corrupt } from '../corrupt.ts';
import { DELTA_HEADER_BYTES, openDeltas } from './delta.ts';
import type { PageContext } from './page-context.ts';
import { type PageStream, PEEK_BYTES_MAX, readOut } from './page-stream.ts';
import type { Holding } from './room.ts';
import { BEYOND, type ByteValues, type FixedValues, LENGTH_BYTES, type Take, viewOf } from './values.ts';

/** Bytes of a slice, unless a single value has more. */
const SLICE_BYTES = PEEK_BYTES_MAX;
/** A value that is larger than a slice is copied into a chunk, and the next one into the next. */
const COPIES_OF_LARGE = 3;

/** DELTA_LENGTH_BYTE_ARRAY: the lengths of all values of the page, then their bytes. */
export async function deltaLengths(
  { leaf }: PageContext,
  stream: PageStream,
  present: number,
  holding: Holding,
): Promise<Take> {
  if (leaf.type !== 'BYTE_ARRAY') throw corrupt(`lengths of ${leaf.type}`);
  const lengthBytes = present * LENGTH_BYTES;
  holding.hold(lengthBytes, `lengths of ${present} values in a page of ${leaf.name}`);
  const lengths = await readLengths(stream, present);
  let next = 0;
  return async (wanted) => {
    const { lengths: taken, total } = sumUp(wanted, (i) => lengths[next + i] as number);
    next += taken.length;
    if (total > stream.left) throw corrupt(BEYOND);
    if (total > SLICE_BYTES) {
      holding.hold(lengthBytes + total * COPIES_OF_LARGE, `a value of ${total} bytes in the column ${leaf.name}`);
      return placed(await readOut(stream, total), taken);
    }
    const bytes = (await stream.peek(total)).subarray(0, total);
    stream.skip(total);
    return placed(bytes, taken);
  };
}

/** DELTA_BYTE_ARRAY: each value is so many bytes of the one before, and a suffix; the suffixes as above. */
export async function deltaTexts(
  { kernel, leaf, buffer }: PageContext,
  stream: PageStream,
  present: number,
  holding: Holding,
): Promise<Take> {
  if (leaf.type !== 'BYTE_ARRAY' && leaf.type !== 'FIXED_LEN_BYTE_ARRAY') throw corrupt(`prefixes of ${leaf.type}`);
  const lengthBytes = 2 * present * LENGTH_BYTES;
  holding.hold(lengthBytes, `lengths of ${present} values in a page of ${leaf.name}`);
  const prefixes = await readLengths(stream, present);
  const suffixes = await readLengths(stream, present);
  let next = 0;
  /** The last value, of which the next may take a beginning. */
  let last: Uint8Array = new Uint8Array(0);

  const lengthOf = (i: number): number => {
    const before = i === next ? last.length : (prefixes[i - 1] as number) + (suffixes[i - 1] as number);
    const [prefix, suffix] = [prefixes[i] as number, suffixes[i] as number];
    if (prefix > before || suffix > stream.left) throw corrupt('a value refers to bytes that are not there');
    return prefix + suffix;
  };

  return async (wanted) => {
    const { lengths, total } = sumUp(wanted, (i) => lengthOf(next + i));
    if (total > SLICE_BYTES) {
      holding.hold(lengthBytes + total * COPIES_OF_LARGE, `a value of ${total} bytes in the column ${leaf.name}`);
    }
    const at = buffer.hold(total);
    const out = kernel.bytes.subarray(at, at + total);
    let filled = 0;
    let piece: Uint8Array = new Uint8Array(0);
    for (const length of lengths) {
      const prefix = prefixes[next] as number;
      out.set(last.subarray(0, prefix), filled);
      last = out.subarray(filled, filled + length);
      for (let got = prefix; got < length; ) {
        if (piece.length === 0) piece = await stream.peek(1);
        const part = piece.subarray(0, length - got);
        last.set(part, got);
        stream.skip(part.length);
        piece = piece.subarray(part.length);
        got += part.length;
      }
      filled += length;
      next++;
    }
    // Where it lies now, the next slice will.
    last = new Uint8Array(last);
    return leaf.width === undefined ? placed(out, lengths) : fixed(out, lengths, leaf.width);
  };
}

/** The lengths of all values of a page. */
async function readLengths(stream: PageStream, count: number): Promise<Int32Array> {
  const lengths = new Int32Array(count);
  if (count === 0) return lengths;
  const { deltas, end } = openDeltas(await stream.peek(Math.min(stream.left, DELTA_HEADER_BYTES)), 0, lengths);
  stream.skip(end);
  if (deltas.blockBytes > PEEK_BYTES_MAX) throw corrupt(`deltas in blocks of up to ${deltas.blockBytes} bytes`);
  while (!deltas.done) {
    const bytes = await stream.peek(Math.min(stream.left, deltas.blockBytes));
    stream.skip(deltas.block(bytes, 0));
  }
  for (const length of lengths) if (length < 0) throw corrupt('a value has a negative length');
  return lengths;
}

/** The lengths of the next values, as many as make a slice, and their sum. */
function sumUp(wanted: number, lengthOf: (i: number) => number): { lengths: Uint32Array; total: number } {
  const lengths = new Uint32Array(wanted);
  let count = 0;
  let total = 0;
  while (count < wanted) {
    const length = lengthOf(count);
    if (count > 0 && total + length > SLICE_BYTES) break;
    lengths[count++] = length;
    total += length;
  }
  return { lengths: lengths.subarray(0, count), total };
}

/** Values that lie behind one another. */
function placed(bytes: Uint8Array, length: Uint32Array): ByteValues {
  const start = new Uint32Array(length.length);
  for (let i = 1; i < length.length; i++) start[i] = (start[i - 1] as number) + (length[i - 1] as number);
  return { kind: 'bytes', count: length.length, bytes, start, length, gap: 0 };
}

function fixed(bytes: Uint8Array, lengths: Uint32Array, width: number): FixedValues {
  if (lengths.some((length) => length !== width)) throw corrupt(`a value does not have the ${width} bytes of its type`);
  return { kind: 'fixed', count: lengths.length, view: viewOf(bytes), width };
}
