import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { corrupt } from '../corrupt.ts';
import { growsTooMuch } from '../growth.ts';

export type Compression = 'gzip' | 'zstd';

/** Pieces of this size keep the calls into zlib few. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Decompresses a stream, all its gzip members or zstd frames. Memory is bounded by back-pressure in both directions.
 * A piece is good until the next one is asked for.
 * @param sizeBytes of the compressed stream
 * @param pieceBytes of a piece at most; zlib takes as much memory at once, however short the stream is
 * @throws DistributorError `object-corrupt` when the stream is broken, truncated, followed by something else, or
 * inflates to more than `ratioMax` times its size
 */
export async function* inflate(
  pieces: AsyncIterable<Uint8Array>,
  compression: Compression,
  sizeBytes: number,
  ratioMax: number,
  pieceBytes = PIECE_BYTES,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream =
    compression === 'gzip' ? createGunzip({ chunkSize: pieceBytes }) : createZstdDecompress({ chunkSize: pieceBytes });
  const feeding = feed(pieces, stream);
  let inflated = 0;
  let last: Uint8Array | undefined;
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      inflated += piece.length;
      if (growsTooMuch(inflated, sizeBytes, ratioMax)) {
        throw corrupt(`${sizeBytes} bytes of ${compression} inflate to more than ${ratioMax} times their size`);
      }
      yield piece;
      // Full: zlib has taken another buffer for what follows.
      if (piece.byteOffset + piece.length === pieceBytes) release(piece, pieceBytes);
      last = piece;
    }
    if (stream.bytesWritten < sizeBytes) {
      throw corrupt(`${compression} data ends at byte ${stream.bytesWritten} of ${sizeBytes}; what follows is none`);
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
async function feed(pieces: AsyncIterable<Uint8Array>, stream: Transform): Promise<void> {
  const closed = new Promise((resolve) => stream.once('close', resolve));
  try {
    for await (const piece of pieces) {
      // The callback comes when the piece is used up; a stream that fails over it only closes.
      await Promise.race([new Promise((resolve) => stream.write(piece, resolve)), closed]);
      if (stream.destroyed) return;
    }
    stream.end();
  } catch (error) {
    stream.destroy(error as Error);
  }
}

function isCompressionError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
}
