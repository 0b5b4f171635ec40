import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import { growsTooMuch } from '../growth.ts';
import { PIECE_BYTES } from './inflate.ts';
import { createPieceReader, type PieceReader } from './piece-reader.ts';
import { formatOf, type Wrapping } from './wrappings.ts';

export interface UnwrapOptions {
  /** Of the object: whatever is around what, all of it together may not grow to more than `ratioMax` times this. */
  readonly sizeBytes: number;
  readonly ratioMax: number;
  /** Of a piece, about. */
  readonly pieceBytes?: number;
  /** A ZIP archive of more files is refused. */
  readonly filesMax?: number;
}

/**
 * Takes off what is around the content, the outermost first. A piece is good until the next one is asked for.
 * @throws DistributorError `object-corrupt` when something is broken, truncated, followed by something else than zeros, or grows without
 * measure; `object-unsupported`
 */
export function unwrap(
  kernel: Kernel,
  pieces: AsyncIterable<Uint8Array>,
  wrappings: readonly Wrapping[],
  options: UnwrapOptions,
): AsyncIterable<Uint8Array> {
  return wrappings.reduce((inner, wrapping) => unwrapOne(kernel, inner, wrapping, options), pieces);
}

async function* unwrapOne(
  kernel: Kernel,
  pieces: AsyncIterable<Uint8Array>,
  wrapping: Wrapping,
  options: UnwrapOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { sizeBytes, ratioMax, pieceBytes = PIECE_BYTES, filesMax } = options;
  const format = formatOf(wrapping);
  const reader = createPieceReader(pieces);
  let bytes = 0;
  try {
    for await (const piece of format.open({ kernel, reader, pieceBytes, filesMax })) {
      bytes += piece.length;
      if (growsTooMuch(bytes, sizeBytes, ratioMax)) {
        throw corrupt(`${sizeBytes} bytes of ${wrapping} inflate to more than ${ratioMax} times their size`);
      }
      yield piece;
    }
    if (format.endsItself) await expectZeros(reader, wrapping);
  } finally {
    await reader.close();
  }
}

/** Tapes and block devices fill up with zeros, and so do some writers. Anything else is data that would be lost. */
async function expectZeros(reader: PieceReader, wrapping: Wrapping): Promise<void> {
  for (let piece = await reader.piece(); piece; piece = await reader.piece()) {
    if (piece.some((byte) => byte !== 0)) throw corrupt(`something else stands behind the ${wrapping} data`);
    reader.use(piece.length);
  }
}
