import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import { growsTooMuch } from '../growth.ts';
import { inflate, PIECE_BYTES } from './inflate.ts';
import { createPieceReader, type PieceReader } from './piece-reader.ts';
import { inflateRawSnappy } from './raw-snappy.ts';
import { unblockHadoopSnappy, unblockJavaSnappy, unframeSnappy } from './snappy.ts';
import { decodeUtf16 } from './utf16.ts';
import { unzip } from './zip.ts';

/** What may be around the content of an object: a compression, or another encoding of its text. The names are parts of formats. */
export const WRAPPINGS = [
  'gzip',
  'zstd',
  'zlib',
  'zip',
  'snappy-framed',
  'snappy-java',
  'snappy-hadoop',
  'snappy',
  'utf-16le',
  'utf-16be',
] as const;

export type Wrapping = (typeof WRAPPINGS)[number];

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
  const { sizeBytes, ratioMax } = options;
  const reader = createPieceReader(pieces);
  let bytes = 0;
  try {
    for await (const piece of open(kernel, reader, wrapping, options)) {
      bytes += piece.length;
      if (growsTooMuch(bytes, sizeBytes, ratioMax)) {
        throw corrupt(`${sizeBytes} bytes of ${wrapping} inflate to more than ${ratioMax} times their size`);
      }
      yield piece;
    }
    if (COMPRESSIONS.has(wrapping)) await expectZeros(reader, wrapping);
  } finally {
    await reader.close();
  }
}

function open(
  kernel: Kernel,
  reader: PieceReader,
  wrapping: Wrapping,
  { pieceBytes = PIECE_BYTES, filesMax }: UnwrapOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  switch (wrapping) {
    case 'gzip':
    case 'zstd':
    case 'zlib':
      return inflate(reader, wrapping, pieceBytes);
    case 'zip':
      return unzip(reader, pieceBytes, filesMax);
    case 'snappy-framed':
      return unframeSnappy(kernel, reader);
    case 'snappy-java':
      return unblockJavaSnappy(kernel, reader);
    case 'snappy-hadoop':
      return unblockHadoopSnappy(kernel, reader);
    case 'snappy':
      return inflateRawSnappy(reader, pieceBytes);
    case 'utf-16le':
      return decodeUtf16(reader, 'le');
    case 'utf-16be':
      return decodeUtf16(reader, 'be');
  }
}

/** Those that know their own end. */
const COMPRESSIONS: ReadonlySet<Wrapping> = new Set(['gzip', 'zstd', 'zlib']);

/** Tapes and block devices fill up with zeros, and so do some writers. Anything else is data that would be lost. */
async function expectZeros(reader: PieceReader, wrapping: Wrapping): Promise<void> {
  for (let piece = await reader.piece(); piece; piece = await reader.piece()) {
    if (piece.some((byte) => byte !== 0)) throw corrupt(`something else stands behind the ${wrapping} data`);
    reader.use(piece.length);
  }
}
