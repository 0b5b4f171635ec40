import { announcedBytes } from './snappy.ts';
import type { Wrapping } from './unwrap.ts';

/** What the first bytes say. */

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
// The first byte alone rules nearly all out, and every object is asked for each of them.
const begins = (head: Buffer, magic: Buffer): boolean =>
  head[0] === magic[0] && head.subarray(0, magic.length).equals(magic);

const WRAPPINGS: readonly (readonly [Wrapping, Buffer])[] = [
  ['gzip', bytesOf('1f 8b')],
  ['zstd', bytesOf('28 b5 2f fd')],
  ['zip', bytesOf('50 4b 03 04')],
  ['zip', bytesOf('50 4b 05 06')],
  ['zip', bytesOf('50 4b 07 08 50 4b 03 04')],
  ['snappy-framed', bytesOf('ff 06 00 00 73 4e 61 50 70 59')],
  ['snappy-java', bytesOf('82 53 4e 41 50 50 59 00')],
  ['utf-16le', bytesOf('ff fe')],
  ['utf-16be', bytesOf('fe ff')],
];

/** What is known by a magic number, and not read. */
export const UNREAD: readonly (readonly [string, Buffer])[] = [
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
  ['Avro', bytesOf('4f 62 6a 01')],
  ['Arrow', bytesOf('41 52 52 4f 57 31 00 00')],
  ['SQLite', bytesOf('53 51 4c 69 74 65 20 66 6f 72 6d 61 74 20 33 00')],
];

const BZIP2 = Buffer.from('BZh');
/** A compressed block follows, or the end of a file without any. */
const BZIP2_BLOCKS = [bytesOf('31 41 59 26 53 59'), bytesOf('17 72 45 38 50 90')];
const TAR = { name: 'ustar', at: 257 };
const ZSTD_SKIPPABLE = 0x184d2a50;

/** What is around the content, where a magic number says so. */
export function wrappingOf(head: Buffer): Wrapping | undefined {
  // pzstd writes a frame in front that decoders skip; sixteen numbers mean that.
  if (head.length >= 4 && ((head.readUInt32LE(0) ^ ZSTD_SKIPPABLE) & ~0x0f) === 0) return 'zstd';
  return WRAPPINGS.find(([, magic]) => begins(head, magic))?.[0];
}

/** The name of a format that is not read. */
export function unreadFormatOf(head: Buffer): string | undefined {
  if (begins(head, BZIP2) && BZIP2_BLOCKS.some((block) => begins(head.subarray(4), block))) return 'bzip2';
  const isTar = head.toString('latin1', TAR.at, TAR.at + TAR.name.length) === TAR.name;
  if (isTar && head.subarray(0, TAR.at).includes(0)) return 'tar';
  return UNREAD.find(([, magic]) => begins(head, magic))?.[0];
}

/** The same by bytes that text might begin with too. */
export const UNREAD_BINARY: readonly (readonly [string, Buffer])[] = [
  ['lzma', bytesOf('5d 00 00')],
  ['ORC', Buffer.from('ORC')],
];

/** The name of a format that is not read, of something that is no text. */
export function binaryFormatOf(head: Buffer): string | undefined {
  return UNREAD_BINARY.find(([, magic]) => begins(head, magic))?.[0];
}

/** Deflate with a window of 32 KiB and no dictionary, of any level; the two bytes are a multiple of 31 (RFC 1950). */
const ZLIB_BEGINNINGS = ['78 01', '78 5e', '78 9c', '78 da'].map(bytesOf);
/** Shortest and longest that Snappy makes of bytes: 64 from three; 32 and a sixth more. */
const SNAPPY_RATIO_MAX = 22;
const compressedMax = (bytes: number) => 32 + bytes + bytes / 6;

/**
 * What may be around the content though no magic number says so: it must be tried.
 * @param size bytes of all that `head` is the beginning of, where that is known
 */
export function possibleWrappings(head: Buffer, size: number | undefined): Wrapping[] {
  const found: Wrapping[] = [];
  if (ZLIB_BEGINNINGS.some((beginning) => begins(head, beginning))) found.push('zlib');
  if (looksLikeHadoop(head)) found.push('snappy-hadoop');
  if (looksLikeRawSnappy(head, size)) found.push('snappy');
  return found;
}

/** Two lengths, and Snappy's own, which is not more than the first; that begins with a zero, and no text does. */
function looksLikeHadoop(head: Buffer): boolean {
  if (head.length < 10 || head[0] !== 0) return false;
  const blockBytes = head.readUInt32BE(0);
  const bytes = lengthAt(head, 8);
  return bytes !== undefined && bytes > 0 && bytes <= blockBytes && head.readUInt32BE(4) <= compressedMax(bytes);
}

/** A length that fits the size, and a literal: there is nothing yet that could be copied. */
function looksLikeRawSnappy(head: Buffer, size: number | undefined): boolean {
  const bytes = lengthAt(head, 0);
  if (bytes === undefined || bytes === 0) return false;
  const tag = head[lengthBytes(head)];
  if (tag === undefined || (tag & 3) !== 0) return false;
  return (
    head.length <= compressedMax(bytes) &&
    (size === undefined || (size <= compressedMax(bytes) && bytes <= size * SNAPPY_RATIO_MAX))
  );
}

function lengthAt(head: Buffer, at: number): number | undefined {
  const bytes = head.subarray(at, at + 5);
  return bytes.some((byte) => byte < 0x80) ? announcedBytes(bytes) : undefined;
}

function lengthBytes(head: Buffer): number {
  return head.findIndex((byte) => byte < 0x80) + 1;
}
