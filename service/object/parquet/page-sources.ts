import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import type { PageBody } from './byte-run.ts';
import { addressOf, type Codec, createParts, isBadData, type Parts } from './codecs.ts';
import { createStretch } from './page-buffer.ts';
import type { Room } from './room.ts';

/** Decompresses the body of a page bit by bit into the kernel's memory. */
export interface PageSource extends Disposable {
  /** Bytes of what came out that must stay where they are, in front of what comes next. */
  readonly keeps: number;
  /**
   * Writes the next bytes at an address of the kernel, at least one.
   * @param begin of what has come out and still lies there, up to `at`
   * @returns how many; 0 at the end
   * @throws DistributorError `object-corrupt`
   */
  read(at: number, room: number, begin: number): Promise<number>;
}

/**
 * How far back a copy may reach: LZ4's offsets have 16 bits, and writers of Snappy compress 64 KiB at a time (google/snappy,
 * format_description.txt: "the current Snappy compressor works in 64 kB blocks"); its format would allow more.
 */
export const KEPT_BYTES = 64 * 1024;

/** @param length of what comes out, as the page's header promises it */
export async function createSource(
  kernel: Kernel,
  codec: Codec,
  body: PageBody,
  length: number,
  room: Room,
): Promise<PageSource> {
  switch (codec) {
    case 'UNCOMPRESSED':
      return copying(kernel, body);
    case 'SNAPPY':
      await passPreamble(body, length);
      return byParts(kernel, body, createParts(kernel, kernel.calls.snappyPart));
    case 'LZ4_RAW':
      return byParts(kernel, body, createParts(kernel, kernel.calls.lz4Part));
    case 'LZ4':
      return (await isFramed(body, length))
        ? byFrames(kernel, body)
        : byParts(kernel, body, createParts(kernel, kernel.calls.lz4Part));
    case 'GZIP':
      return byZlib(kernel, codec, body, createGunzip({ chunkSize: PIECE_BYTES }), 0, room);
    case 'BROTLI':
      return byZlib(kernel, codec, body, createBrotliDecompress({ chunkSize: PIECE_BYTES }), BROTLI_WINDOW_BYTES, room);
    case 'ZSTD':
      return byZlib(kernel, codec, body, createZstdDecompress({ chunkSize: PIECE_BYTES }), await windowOf(body), room);
  }
}

function copying({ bytes }: Kernel, body: PageBody): PageSource {
  return {
    keeps: 0,
    async read(at, room) {
      const piece = (await body.peekSome()).subarray(0, room);
      bytes.set(piece, at);
      body.skip(piece.length);
      return piece.length;
    },
    [Symbol.dispose]() {},
  };
}

/** Snappy begins with the length of what comes out, in groups of seven bits. */
async function passPreamble(body: PageBody, length: number): Promise<void> {
  const bytes = await body.peek(Math.min(body.left, 5));
  let announced = 0;
  for (const [at, byte] of bytes.entries()) {
    announced += (byte & 0x7f) * 2 ** (7 * at);
    if (byte >= 0x80) continue;
    if (announced !== length) throw corrupt(`the Snappy data of a page of ${length} bytes announces ${announced}`);
    body.skip(at + 1);
    return;
  }
  throw corrupt('the Snappy data has no beginning');
}

/** More than an element has in front of its literal: pieces in which one is cut off are joined. */
const HEAD_BYTES = 8;

function byParts(kernel: Kernel, body: PageBody, parts: Parts): PageSource {
  const stretch = createStretch(kernel);
  return {
    keeps: KEPT_BYTES,
    async read(at, room, begin) {
      let piece = await body.peekSome();
      while (piece.length > 0) {
        const from = addressOf(kernel, piece, stretch);
        const { consumed, written } = parts.run(from, piece.length, begin, at, room);
        body.skip(consumed);
        if (written > 0) return written;
        if (consumed > 0) piece = await body.peekSome();
        else if (piece.length < Math.min(HEAD_BYTES, body.left))
          piece = await body.peek(Math.min(HEAD_BYTES, body.left));
        else break;
      }
      return 0;
    },
    [Symbol.dispose]() {
      stretch[Symbol.dispose]();
      parts[Symbol.dispose]();
    },
  };
}

/** A frame's header: how many bytes come out of its blocks, and then in front of each block its length. Big endian, as Hadoop has them. */
const FRAME_NUMBER_BYTES = 4;

/**
 * Whether LZ4 stands in the frames of Hadoop, which the codec LZ4 of old means. Another meaning is a bare block, as early Arrow wrote it:
 * that one cannot begin with a copy, as any number below 2^28 would.
 */
async function isFramed(body: PageBody, length: number): Promise<boolean> {
  if (body.left < 2 * FRAME_NUMBER_BYTES || length >= 2 ** 28) return false;
  const bytes = await body.peek(FRAME_NUMBER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0) <= length;
}

function byFrames(kernel: Kernel, body: PageBody): PageSource {
  /** Of the frame at hand: bytes that are still to come out. */
  let frameLeft = 0;
  let block: PageSource | undefined;
  let blockEnds = 0;

  const number = async (): Promise<number> => {
    if (body.left < FRAME_NUMBER_BYTES) throw corrupt('a frame of LZ4 is cut off');
    const bytes = await body.peek(FRAME_NUMBER_BYTES);
    const value = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
    body.skip(FRAME_NUMBER_BYTES);
    return value;
  };

  /** Opens the next block; undefined at the end. */
  const open = async (): Promise<PageSource | undefined> => {
    while (body.left > 0) {
      if (frameLeft === 0) frameLeft = await number();
      if (frameLeft === 0) continue;
      const length = await number();
      if (length > body.left) throw corrupt('a block of LZ4 is cut off');
      blockEnds = body.left - length;
      return byParts(kernel, within(body, blockEnds), createParts(kernel, kernel.calls.lz4Part));
    }
    return undefined;
  };

  const close = (): void => {
    block?.[Symbol.dispose]();
    block = undefined;
  };

  return {
    keeps: KEPT_BYTES,
    async read(at, room, begin) {
      for (;;) {
        block ??= await open();
        if (!block) return 0;
        const written = await block.read(at, Math.min(room, frameLeft), begin);
        frameLeft -= written;
        if (written > 0) return written;
        if (body.left > blockEnds) throw corrupt('a block of LZ4 is broken');
        close();
      }
    },
    [Symbol.dispose]: close,
  };
}

/** The part of a body in front of its last bytes. */
function within(body: PageBody, last: number): PageBody {
  return {
    get left() {
      return body.left - last;
    },
    peek: (length) => body.peek(length),
    peekSome: async () => (await body.peekSome()).subarray(0, body.left - last),
    skip: (length) => body.skip(length),
  };
}

/** Pieces of this size keep the calls into zlib few. */
const PIECE_BYTES = 1024 * 1024;
/** Of 24 bits, the most without extensions (RFC 7932, 9.1). */
const BROTLI_WINDOW_BYTES = 16 * 1024 * 1024;

/** @param windowBytes of memory that the codec keeps */
function byZlib(
  kernel: Kernel,
  codec: Codec,
  body: PageBody,
  stream: Transform,
  windowBytes: number,
  room: Room,
): PageSource {
  const holding = room.open();
  try {
    holding.hold(windowBytes, `the window of a page in ${codec}`);
  } catch (error) {
    stream.destroy();
    throw error;
  }
  feed(body, stream);
  const pieces = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);
  return {
    keeps: 0,
    async read(at, space) {
      if (piece.length === 0) {
        try {
          const { done, value } = await pieces.next();
          if (done) return 0;
          piece = value;
        } catch (error) {
          throw isBadData(error) ? corrupt(`a Parquet page in ${codec} is broken: ${error.code}`, error) : error;
        }
      }
      const length = Math.min(piece.length, space);
      kernel.bytes.set(piece.subarray(0, length), at);
      const used = piece;
      piece = piece.subarray(length);
      // Full, and used up: zlib has taken another buffer for what follows.
      if (piece.length === 0 && used.byteOffset + length === PIECE_BYTES) release(used);
      return length;
    },
    [Symbol.dispose]() {
      // Left early, zlib's thread may read on in a window for a moment, whatever that holds by then: what it makes of it goes nowhere.
      stream.destroy();
      holding[Symbol.dispose]();
    },
  };
}

/** A piece that Node has joined from several lies elsewhere, and is left to the collector. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === PIECE_BYTES) buffer.transfer(0);
}

/** Never rejects: a failure of the source destroys the stream, whose reader then throws it. */
async function feed(body: PageBody, stream: Transform): Promise<void> {
  const closed = new Promise((resolve) => stream.once('close', resolve));
  try {
    while (body.left > 0 && !stream.destroyed) {
      const piece = await body.peekSome();
      // The callback comes when the piece is used up; a stream that fails over it only closes.
      await Promise.race([new Promise((resolve) => stream.write(piece, resolve)), closed]);
      if (stream.destroyed) return;
      body.skip(piece.length);
    }
    stream.end();
  } catch (error) {
    stream.destroy(error as Error);
  }
}

const ZSTD_MAGIC = 0xfd2fb528;
/** Of dictionary ids and content sizes, by the flags of a frame's header (RFC 8878, 3.1.1.1). */
const ZSTD_ID_BYTES = [0, 1, 2, 4] as const;

/** Bytes that a decoder of zstd keeps, as the header of the first frame says; 0 where there is none. */
async function windowOf(body: PageBody): Promise<number> {
  const bytes = await body.peek(Math.min(body.left, 18));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 18 || view.getUint32(0, true) !== ZSTD_MAGIC) return 0;
  const flags = view.getUint8(4);
  const isSingle = (flags & 0x20) !== 0;
  if (!isSingle) {
    const descriptor = view.getUint8(5);
    return 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
  }
  const at = 5 + ZSTD_ID_BYTES[(flags & 3) as 0 | 1 | 2 | 3];
  switch (flags >> 6) {
    case 0:
      return view.getUint8(at);
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
