import type { Transform } from 'node:stream';
import {
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { corrupt } from '../corrupt.ts';
import type { PieceReader } from './piece-reader.ts';

/** `deflate` has neither header nor checksum: ZIP's. */
export type Compression = 'gzip' | 'zstd' | 'zlib' | 'deflate';

/** Pieces of this size keep the calls into zlib few. */
export const PIECE_BYTES = 1024 * 1024;

const STREAMS: Readonly<Record<Compression, (options: { chunkSize: number }) => Transform & { bytesWritten: number }>> =
  {
    gzip: createGunzip,
    zstd: createZstdDecompress,
    zlib: createInflate,
    deflate: createInflateRaw,
  };

/** The same in one call. With `info` each answers with its engine, which knows how much it has read; Node's types do not say so. */
const AT_ONCE: Readonly<Record<Compression, (bytes: Uint8Array, options: AtOnceOptions) => unknown>> = {
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
  zlib: inflateSync,
  deflate: inflateRawSync,
};
interface AtOnceOptions {
  readonly info: boolean;
  readonly chunkSize: number;
  readonly maxOutputLength: number;
}
interface AtOnce {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * A piece of no more than this is tried at once: a stream costs as much as inflating 200 kB, and the thread is held for some 2 ms at
 * most, as the result is bounded too.
 */
const AT_ONCE_BYTES_MAX = 64 * 1024;

/**
 * Decompresses what the reader gives, all its gzip members or zstd frames; the reader is then behind them. Memory is bounded by
 * back-pressure in both directions. A piece is good until the next one is asked for.
 * @param pieceBytes of a piece at most; zlib takes as much memory at once, however short the stream is
 * @throws DistributorError `object-corrupt` when the stream is broken or truncated
 */
export async function* inflate(
  reader: PieceReader,
  compression: Compression,
  pieceBytes = PIECE_BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let atOnce = 0; ; atOnce++) {
    const piece = await reader.piece();
    // Behind a stream that is whole another may begin, or zeros, which are the reader's.
    if (atOnce > 0 && (!piece || piece[0] === 0)) return;
    const roomBytes = piece && roomFor(piece, compression, pieceBytes);
    const whole = piece && roomBytes && inflateAtOnce(piece, compression, roomBytes, pieceBytes);
    if (!whole) break;
    reader.use(piece.length);
    yield whole;
    release(whole, roomBytes);
  }
  yield* inflateStream(reader, compression, pieceBytes);
}

/** @returns undefined where the bytes are not a small stream, whole and nothing else: then the stream says what they are */
function inflateAtOnce(
  bytes: Uint8Array,
  compression: Compression,
  roomBytes: number,
  bytesMax: number,
): Uint8Array | undefined {
  if (bytes.length > AT_ONCE_BYTES_MAX) return undefined;
  try {
    const options = { info: true, chunkSize: roomBytes, maxOutputLength: bytesMax };
    const { buffer, engine } = AT_ONCE[compression](bytes, options) as AtOnce;
    return engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** gzip ends with its content's length; with room for it and a byte, zlib writes the content in one go. */
function roomFor(bytes: Uint8Array, compression: Compression, bytesMax: number): number {
  const guess =
    compression === 'gzip' && bytes.length >= 18
      ? new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(bytes.length - 4, true) + 1
      : bytes.length * 8;
  return Math.min(Math.max(guess, 1024), bytesMax);
}

async function* inflateStream(
  reader: PieceReader,
  compression: Compression,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = STREAMS[compression]({ chunkSize: pieceBytes });
  const feeding = feed(reader, stream);
  let last: Uint8Array | undefined;
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      yield piece;
      // Full: zlib has taken another buffer for what follows.
      if (piece.byteOffset + piece.length === pieceBytes) release(piece, pieceBytes);
      last = piece;
    }
    if (last) release(last, pieceBytes);
  } catch (error) {
    throw isCompressionError(error) ? corrupt(`the ${compression} data is broken: ${error.message}`, error) : error;
  } finally {
    // Left early, zlib's thread may read on in a piece for a moment, whatever that holds by then: what it makes of it goes nowhere.
    stream.destroy();
    await feeding;
  }
}

/**
 * Gives back the memory of a piece and of all before it in the same buffer. Left to the garbage collector, gigabytes a second of them
 * decide how often that runs. A piece that Node has joined from several lies elsewhere, and is left to it.
 */
function release({ buffer }: Uint8Array, pieceBytes: number): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === pieceBytes) buffer.transfer(0);
}

/** Never rejects: a failure of the source destroys the stream, whose reader then throws it. */
async function feed(reader: PieceReader, stream: Transform & { bytesWritten: number }): Promise<void> {
  const closed = new Promise((resolve) => stream.once('close', resolve));
  let fed = 0;
  try {
    for (let piece = await reader.piece(); piece; piece = await reader.piece()) {
      // A stream that fails over the piece, or is left, only closes.
      await Promise.race([new Promise((resolve) => stream.write(piece, resolve)), closed]);
      const used = stream.bytesWritten - fed;
      reader.use(used);
      fed += used;
      // It has ended within the piece, or before it.
      if (stream.destroyed || used < piece.length) return;
    }
    stream.end();
  } catch (error) {
    stream.destroy(error as Error);
  }
}

function isCompressionError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
}
