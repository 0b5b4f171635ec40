import type { Kernel } from '../../kernel/kernel.ts';
import { inflate } from './inflate.ts';
import type { PieceReader } from './piece-reader.ts';
import { inflateRawSnappy } from './raw-snappy.ts';
import { begins, bytesOf, nameBySign, type Sign } from './signs.ts';
import { unblockHadoopSnappy, unblockJavaSnappy, unframeSnappy } from './snappy.ts';
import { looksLikeHadoopSnappy, looksLikeRawSnappy } from './snappy-signs.ts';
import { decodeUtf16 } from './utf16.ts';
import { unzip } from './zip.ts';

/** What may be around the content of an object: a compression, or another encoding of its text. */
interface WrappingFormat {
  /** Beginnings that nothing else has. */
  readonly magic?: readonly Sign[];
  /**
   * Whether it may be this though no magic number says so: then it must be tried.
   * @param size bytes of all that `head` is the beginning of, where that is known
   */
  readonly looksLike?: (head: Buffer, size: number | undefined) => boolean;
  readonly open: (input: WrappedInput) => AsyncGenerator<Uint8Array, void, undefined>;
  /** It knows its own end, behind which only zeros may stand. */
  readonly endsItself?: boolean;
}

interface WrappedInput {
  readonly kernel: Kernel;
  readonly reader: PieceReader;
  /** Of a piece, about. */
  readonly pieceBytes: number;
  /** A ZIP archive of more files is refused. */
  readonly filesMax: number | undefined;
}

/** pzstd writes a frame in front that decoders skip; sixteen numbers mean that. */
const ZSTD_SKIPPABLE = Array.from({ length: 16 }, (_, low) => bytesOf(`5${low.toString(16)} 2a 4d 18`));
/** Deflate with a window of 32 KiB and no dictionary, of any level; the two bytes are a multiple of 31 (RFC 1950). */
const ZLIB_BEGINNINGS = ['78 01', '78 5e', '78 9c', '78 da'].map(bytesOf);

const FORMATS = {
  gzip: {
    magic: [bytesOf('1f 8b')],
    open: ({ reader, pieceBytes }) => inflate(reader, 'gzip', pieceBytes),
    endsItself: true,
  },
  zstd: {
    magic: [bytesOf('28 b5 2f fd'), ...ZSTD_SKIPPABLE],
    open: ({ reader, pieceBytes }) => inflate(reader, 'zstd', pieceBytes),
    endsItself: true,
  },
  zlib: {
    looksLike: (head) => ZLIB_BEGINNINGS.some((beginning) => begins(head, beginning)),
    open: ({ reader, pieceBytes }) => inflate(reader, 'zlib', pieceBytes),
    endsItself: true,
  },
  zip: {
    magic: [bytesOf('50 4b 03 04'), bytesOf('50 4b 05 06'), bytesOf('50 4b 07 08 50 4b 03 04')],
    open: ({ reader, pieceBytes, filesMax }) => unzip(reader, pieceBytes, filesMax),
  },
  'snappy-framed': {
    magic: [bytesOf('ff 06 00 00 73 4e 61 50 70 59')],
    open: ({ kernel, reader }) => unframeSnappy(kernel, reader),
  },
  'snappy-java': {
    magic: [bytesOf('82 53 4e 41 50 50 59 00')],
    open: ({ kernel, reader }) => unblockJavaSnappy(kernel, reader),
  },
  'snappy-hadoop': {
    looksLike: looksLikeHadoopSnappy,
    open: ({ kernel, reader }) => unblockHadoopSnappy(kernel, reader),
  },
  snappy: { looksLike: looksLikeRawSnappy, open: ({ reader, pieceBytes }) => inflateRawSnappy(reader, pieceBytes) },
  'utf-16le': { magic: [bytesOf('ff fe')], open: ({ reader }) => decodeUtf16(reader, 'le') },
  'utf-16be': { magic: [bytesOf('fe ff')], open: ({ reader }) => decodeUtf16(reader, 'be') },
} satisfies Record<string, WrappingFormat>;

/** A name, which is a part of formats. */
export type Wrapping = keyof typeof FORMATS;

const ALL: Readonly<Record<Wrapping, WrappingFormat>> = FORMATS;
export const WRAPPINGS = Object.keys(FORMATS) as readonly Wrapping[];

export function formatOf(wrapping: Wrapping): WrappingFormat {
  return ALL[wrapping];
}

/** What is around the content, where a magic number says so. */
export function wrappingOf(head: Buffer): Wrapping | undefined {
  return WRAPPINGS.find((wrapping) => ALL[wrapping].magic?.some((magic) => begins(head, magic)));
}

/** What may be around the content though no magic number says so: it must be tried. */
export function possibleWrappings(head: Buffer, size: number | undefined): Wrapping[] {
  return WRAPPINGS.filter((wrapping) => ALL[wrapping].looksLike?.(head, size));
}

/** What is known by a magic number, and not read. */
export const UNREAD_WRAPPINGS: readonly (readonly [string, Sign])[] = [
  ['xz', bytesOf('fd 37 7a 58 5a 00')],
  ['lzip', bytesOf('4c 5a 49 50 01')],
  ['compress (.Z)', bytesOf('1f 9d')],
  ['pack (.z)', bytesOf('1f 1e')],
  ['LZ4', bytesOf('04 22 4d 18')],
  ['LZ4 (legacy frames)', bytesOf('02 21 4c 18')],
  ['lzop', bytesOf('89 4c 5a 4f 00 0d 0a 1a 0a')],
  ['7-Zip', bytesOf('37 7a bc af 27 1c')],
  ['RAR', bytesOf('52 61 72 21 1a 07')],
  ['UTF-32', bytesOf('ff fe 00 00')],
  ['UTF-32', bytesOf('00 00 fe ff')],
];
/** The same by bytes that text might begin with too. */
export const UNREAD_BINARY_WRAPPINGS: readonly (readonly [string, Sign])[] = [['lzma', bytesOf('5d 00 00')]];

const BZIP2 = Buffer.from('BZh');
/** A compressed block follows, or the end of a file without any. */
const BZIP2_BLOCKS = [bytesOf('31 41 59 26 53 59'), bytesOf('17 72 45 38 50 90')];
const TAR = { name: 'ustar', at: 257 };

/** The name of a wrapping that is not read. */
export function unreadWrappingOf(head: Buffer): string | undefined {
  if (begins(head, BZIP2) && BZIP2_BLOCKS.some((block) => begins(head.subarray(4), block))) return 'bzip2';
  const isTar = head.toString('latin1', TAR.at, TAR.at + TAR.name.length) === TAR.name;
  if (isTar && head.subarray(0, TAR.at).includes(0)) return 'tar';
  return nameBySign(UNREAD_WRAPPINGS, head);
}
