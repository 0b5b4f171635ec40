import { corrupt } from '../corrupt.ts';
import { deltaLengths, deltaTexts } from './delta-texts.ts';
import type { PageContext } from './page-context.ts';
import { type PageStream, PEEK_BYTES_MAX, readOut } from './page-stream.ts';
import type { Holding } from './room.ts';
import type { Leaf } from './schema.ts';
import {
  BEYOND,
  type ByteValues,
  booleanReader,
  decodeDeltas,
  decodePlain,
  ENCODING,
  type FixedValues,
  indexReader,
  LENGTH_BYTES,
  type PlainValues,
  readBits,
  splitReader,
  type Take,
  type Values,
  viewOf,
} from './values.ts';

/** Reads the values of a page from its stream, a slice at a time. */
export interface ValueReader extends Disposable {
  /** The next values, at most `count`, and at least one if `count` is not 0. Good until the next call. */
  take(count: number): Promise<Values>;
}

/** Bytes of a slice, unless a single value has more. */
const SLICE_BYTES = PEEK_BYTES_MAX;
/** A value that is larger than a slice is copied into a chunk, and the next one into the next. */
const COPIES_OF_LARGE = 3;

/** @param present counts the values of the page */
export function createValueReader(
  context: PageContext,
  encoding: number,
  stream: PageStream,
  dictionary: PlainValues | undefined,
  present: () => number,
): ValueReader {
  const { leaf, room } = context;
  const holding = room.open();
  let take: Take | undefined;
  return {
    async take(count) {
      if (count === 0) return emptyValues(leaf);
      take ??= await openValues(context, encoding, stream, dictionary, present, holding);
      return take(count);
    },
    [Symbol.dispose]() {
      holding[Symbol.dispose]();
    },
  };
}

function emptyValues({ width }: Leaf): PlainValues {
  if (width !== undefined) return { kind: 'fixed', count: 0, view: new DataView(new ArrayBuffer(0)), width };
  const [start, length] = [new Uint32Array(0), new Uint32Array(0)];
  return { kind: 'bytes', count: 0, bytes: new Uint8Array(0), start, length, gap: 0 };
}

async function openValues(
  context: PageContext,
  encoding: number,
  stream: PageStream,
  dictionary: PlainValues | undefined,
  present: () => number,
  holding: Holding,
): Promise<Take> {
  const { leaf } = context;
  /** The rest of the page at once, for encodings that cannot be cut. */
  const whole = (bytesPerValue = 0) => {
    const what = `a page of the column ${leaf.name} in the encoding ${encoding}`;
    holding.hold(stream.left + (bytesPerValue > 0 ? present() * bytesPerValue : 0), what);
    return readOut(stream, stream.left);
  };
  switch (encoding) {
    case ENCODING.plain:
      if (leaf.width === undefined) return plainTexts(context, stream, holding);
      return leaf.type === 'BOOLEAN' ? plainBooleans(await whole()) : plainNumbers(leaf.width, stream);
    case ENCODING.plainDictionary:
    case ENCODING.rleDictionary:
      return ready(indexReader(await whole(), dictionary));
    case ENCODING.rle:
      return ready(booleanReader(await whole(), leaf));
    case ENCODING.deltaBinaryPacked:
      return cutFixed(decodeDeltas(await whole(leaf.width), present(), leaf));
    case ENCODING.byteStreamSplit:
      return ready(splitReader(await whole(), present(), leaf));
    case ENCODING.deltaLengthByteArray:
      return deltaLengths(context, stream, present(), holding);
    case ENCODING.deltaByteArray:
      return deltaTexts(context, stream, present(), holding);
    default:
      throw corrupt(`the Parquet encoding ${encoding} is not supported`);
  }
}

/** Of a reader that has everything in memory. */
function ready(read: (count: number) => Values): Take {
  return async (count) => read(count);
}

function plainBooleans(bytes: Uint8Array): Take {
  let at = 0;
  return async (count) => {
    at += count;
    return { kind: 'fixed', count, view: viewOf(readBits(bytes, at - count, count)), width: 1 };
  };
}

function cutFixed({ view, width }: FixedValues): Take {
  let at = view.byteOffset;
  return async (count) => {
    at += count * width;
    return { kind: 'fixed', count, view: new DataView(view.buffer, at - count * width, count * width), width };
  };
}

function plainNumbers(width: number, stream: PageStream): Take {
  return async (wanted) => {
    if (width === 0) return { kind: 'fixed', count: wanted, view: new DataView(new ArrayBuffer(0)), width };
    if (width > SLICE_BYTES) return { kind: 'fixed', count: 1, view: viewOf(await readOut(stream, width)), width };
    const bytes = await stream.peek(Math.max(width, Math.min(stream.left, SLICE_BYTES)));
    const count = Math.min(wanted, Math.floor(bytes.length / width));
    stream.skip(count * width);
    return { kind: 'fixed', count, view: viewOf(bytes.subarray(0, count * width)), width };
  };
}

function plainTexts({ kernel, leaf, buffer }: PageContext, stream: PageStream, holding: Holding): Take {
  return async (wanted) => {
    const bytes = await stream.peek(Math.max(LENGTH_BYTES, Math.min(stream.left, SLICE_BYTES)));
    const { count, end } = measure(bytes, wanted);
    if (count === 0) {
      const length = viewOf(bytes).getUint32(0, true);
      stream.skip(LENGTH_BYTES);
      return oneLarge(leaf, stream, length, holding);
    }
    // Spaces are put in the place of lengths: not in the window, as compressed data may refer to them.
    const at = buffer.hold(end);
    kernel.bytes.set(bytes.subarray(0, end), at);
    stream.skip(end);
    return decodePlain(kernel.bytes.subarray(at, at + end), count, leaf, buffer);
  };
}

/** How many values of a PLAIN page lie in these bytes as a whole, up to `wanted`, and where the last of them ends. */
function measure(bytes: Uint8Array, wanted: number): { count: number; end: number } {
  const view = viewOf(bytes);
  let count = 0;
  let end = 0;
  while (count < wanted && end + LENGTH_BYTES <= bytes.length) {
    const next = end + LENGTH_BYTES + view.getUint32(end, true);
    if (next > bytes.length) break;
    end = next;
    count++;
  }
  return { count, end };
}

/** A value that does not fit a window is a slice by itself. */
async function oneLarge({ name }: Leaf, stream: PageStream, length: number, holding: Holding): Promise<ByteValues> {
  if (length > stream.left) throw corrupt(BEYOND);
  holding.hold(length * COPIES_OF_LARGE, `a value of ${length} bytes in the column ${name}`);
  const bytes = await readOut(stream, length);
  return { kind: 'bytes', count: 1, bytes, start: Uint32Array.of(0), length: Uint32Array.of(length), gap: 0 };
}
