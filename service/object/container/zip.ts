import { crc32 } from 'node:zlib';
import { corrupt, unsupported } from '../corrupt.ts';
import { inflate } from './inflate.ts';
import type { PieceReader } from './piece-reader.ts';

/**
 * The files of a ZIP archive, one behind the other, each beginning on a line of its own: Firehose writes one. Read from front to
 * back by the headers in front of the files; the directory at the end says nothing that is needed, so entries of it that overlap or
 * hide others mean nothing. (PKWARE, APPNOTE.TXT.)
 */

const SIGNATURE = {
  file: 0x04034b50,
  descriptor: 0x08074b50,
  directory: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  extra: 0x08064b50,
} as const;
/** What may stand behind the last file. */
const BEHIND_FILES: ReadonlySet<number> = new Set([
  SIGNATURE.directory,
  SIGNATURE.end,
  SIGNATURE.end64,
  SIGNATURE.extra,
]);
/** An archive that might have been cut into several begins with a descriptor's signature. */
const BEGINS: ReadonlySet<number> = new Set([SIGNATURE.file, SIGNATURE.end, SIGNATURE.descriptor]);

const HEADER_BYTES = 26;
const FLAG = { encrypted: 1 << 0, descriptor: 1 << 3 } as const;
const METHODS: Readonly<Record<number, string>> = { 9: 'Deflate64', 12: 'bzip2', 14: 'lzma', 93: 'zstd', 95: 'xz' };
const [STORED, DEFLATED] = [0, 8];
/** Stands for a size that is in the extra field of ZIP64 instead. */
const IN_EXTRA = 0xffffffff;
const EXTRA_ZIP64 = 1;
const NEWLINE = 0x0a;
/** An archive may have very many small files, and zlib takes a piece for each. */
const PIECE_BYTES_MAX = 64 * 1024;
/** Each costs a stream of its own, however small it is. */
const FILES_MAX = 10_000;

/**
 * @param filesMax files that are not empty
 * @throws DistributorError `object-corrupt`, or `object-unsupported` where a file is encrypted or compressed otherwise
 */
export async function* unzip(
  reader: PieceReader,
  pieceBytes: number,
  filesMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void, undefined> {
  let last: number | undefined;
  let headers = 0;
  let files = 0;
  let signature = (await reader.demand(4, 'the ZIP archive')).readUInt32LE(0);
  if (!BEGINS.has(signature)) throw corrupt('the ZIP archive does not begin with a file');
  if (signature === SIGNATURE.descriptor) signature = await nextSignature(reader);
  for (; signature === SIGNATURE.file; signature = await nextSignature(reader)) {
    if (++headers > FILES_MAX) throw tooMany(FILES_MAX);
    const header = await readHeader(reader);
    const sum = { bytes: 0, crc: 0 };
    for await (const piece of contentOf(reader, header, Math.min(pieceBytes, PIECE_BYTES_MAX))) {
      if (piece.length === 0) continue;
      if (sum.bytes === 0 && ++files > filesMax) throw tooMany(filesMax);
      if (sum.bytes === 0 && last !== undefined && last !== NEWLINE) yield Uint8Array.of(NEWLINE);
      sum.bytes += piece.length;
      sum.crc = crc32(piece, sum.crc);
      last = piece.at(-1);
      yield piece;
    }
    const wanted = header.hasDescriptor ? await readDescriptor(reader, sum.bytes) : header;
    if (wanted.crc !== sum.crc || wanted.bytes !== sum.bytes)
      throw corrupt('a file of the ZIP archive has another checksum');
  }
  if (!BEHIND_FILES.has(signature)) throw corrupt('between the files of the ZIP archive stands something else');
}

function tooMany(filesMax: number): Error {
  return unsupported(`a ZIP archive of more than ${filesMax} ${filesMax === 1 ? 'file' : 'files'}`);
}

async function nextSignature(reader: PieceReader): Promise<number> {
  return (await reader.demand(4, 'the ZIP archive')).readUInt32LE(0);
}

interface Header {
  readonly method: number;
  readonly hasDescriptor: boolean;
  readonly crc: number;
  /** Uncompressed. */
  readonly bytes: number;
  readonly compressedBytes: number;
}

async function readHeader(reader: PieceReader): Promise<Header> {
  const head = await reader.demand(HEADER_BYTES, 'a header of the ZIP archive');
  const flags = head.readUInt16LE(2);
  const method = head.readUInt16LE(4);
  const hasDescriptor = (flags & FLAG.descriptor) !== 0;
  await reader.demand(head.readUInt16LE(22), 'a name in the ZIP archive');
  const extra = await reader.demand(head.readUInt16LE(24), 'a header of the ZIP archive');
  if ((flags & FLAG.encrypted) !== 0) throw unsupported('an encrypted ZIP archive');
  if (method !== STORED && method !== DEFLATED) {
    throw unsupported(`a ZIP archive whose files are compressed with ${METHODS[method] ?? `method ${method}`}`);
  }
  if (method === STORED && hasDescriptor) {
    throw unsupported('a ZIP archive that was streamed without compression: it does not say where its files end');
  }
  const large = extraSizes(extra);
  const size = (at: number) =>
    head.readUInt32LE(at) === IN_EXTRA ? (large.shift() ?? IN_EXTRA) : head.readUInt32LE(at);
  const bytes = size(18);
  return { method, hasDescriptor, crc: head.readUInt32LE(10), bytes, compressedBytes: size(14) };
}

/** Of the extra field of ZIP64: first the uncompressed size, then the compressed one, as far as they are there. */
function extraSizes(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    const field = extra.subarray(at + 4, at + 4 + length);
    if (extra.readUInt16LE(at) === EXTRA_ZIP64) {
      return Array.from({ length: Math.floor(field.length / 8) }, (_, n) => Number(field.readBigUInt64LE(n * 8)));
    }
    at += 4 + length;
  }
  return [];
}

async function* contentOf(
  reader: PieceReader,
  { method, compressedBytes }: Header,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (method === DEFLATED) {
    yield* inflate(reader, 'deflate', pieceBytes);
    return;
  }
  for (let left = compressedBytes; left > 0; ) {
    const piece = await reader.piece();
    if (!piece) throw corrupt('a file of the ZIP archive ends too early');
    const part = piece.subarray(0, left);
    yield part;
    reader.use(part.length);
    left -= part.length;
  }
}

/**
 * What follows a file whose sizes were not known before it: with or without a signature, its sizes of four or of eight bytes. Which,
 * shows by what comes next.
 */
async function readDescriptor(reader: PieceReader, bytes: number): Promise<Pick<Header, 'crc' | 'bytes'>> {
  const what = 'a descriptor of the ZIP archive';
  let crc = await nextSignature(reader);
  if (crc === SIGNATURE.descriptor) crc = (await reader.demand(4, what)).readUInt32LE(0);
  const sizes = await reader.demand(8, what);
  const short = sizes.readUInt32LE(4);
  const next = await reader.piece();
  // The next thing begins with PK; of a size of eight bytes, what stands here is the uncompressed one.
  if (next && next[0] === 0x50 && short === bytes % 2 ** 32) return { crc, bytes };
  return { crc, bytes: Number((await reader.demand(8, what)).readBigUInt64LE(0)) };
}
