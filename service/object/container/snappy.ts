import type { Kernel } from '../../kernel/kernel.ts';
import { SLACK_BYTES } from '../../kernel/layout.ts';
import { corrupt, unsupported } from '../corrupt.ts';
import { crc32c } from './crc32c.ts';
import type { PieceReader } from './piece-reader.ts';

/**
 * Three ways to cut a stream into blocks of Snappy: Google's framing format (google/snappy, framing_format.txt), snappy-java's
 * SnappyOutputStream, and Hadoop's BlockCompressorStream. A block is decompressed by the kernel.
 */

/** Uncompressed bytes of a block at most: Hadoop's default is 256 KiB, the others' are smaller. */
const BLOCK_BYTES_MAX = 512 * 1024;
/** Snappy's own bound of what a block may compress to (MaxCompressedLength, snappy.cc). */
const compressedMax = (bytes: number) => 32 + bytes + Math.floor(bytes / 6);

const FRAMED_BYTES_MAX = 65_536;
const FRAMED_IDENTIFIER = 'sNaPpY';
const CHUNK = { compressed: 0x00, plain: 0x01, firstSkippable: 0x80, identifier: 0xff } as const;
const CHECKSUM_BYTES = 4;

/** @throws DistributorError `object-corrupt` */
export async function* unframeSnappy(kernel: Kernel, reader: PieceReader): AsyncGenerator<Uint8Array, void, undefined> {
  using block = createBlock(kernel);
  for (let head = await reader.take(4); head; head = await reader.take(4)) {
    const type = head.readUInt8(0);
    const length = head.readUIntLE(1, 3);
    if (type >= CHUNK.firstSkippable && type !== CHUNK.identifier) {
      await skip(reader, length);
      continue;
    }
    if (length > CHECKSUM_BYTES + compressedMax(FRAMED_BYTES_MAX)) throw corrupt(`a Snappy frame of ${length} bytes`);
    const body = await reader.demand(length, 'a Snappy frame');
    if (type === CHUNK.identifier) {
      if (body.toString('latin1') !== FRAMED_IDENTIFIER) throw corrupt('the Snappy frames are not announced as such');
      continue;
    }
    if (type !== CHUNK.compressed && type !== CHUNK.plain) throw corrupt(`a Snappy frame of the type ${type}`);
    if (length < CHECKSUM_BYTES) throw corrupt('a Snappy frame without a checksum');
    const data = body.subarray(CHECKSUM_BYTES);
    const bytes = type === CHUNK.plain ? data : block.inflate(data, FRAMED_BYTES_MAX);
    if (maskedChecksum(bytes) !== body.readUInt32LE(0)) throw corrupt('a Snappy frame has another checksum');
    if (bytes.length > 0) yield bytes;
  }
}

/** Checksums are turned and shifted, so that one of data that holds checksums is not special (framing_format.txt, section 3). */
function maskedChecksum(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** Magic of eight bytes, and two versions. */
const JAVA_HEADER_BYTES = 16;

/** @throws DistributorError `object-corrupt` */
export async function* unblockJavaSnappy(
  kernel: Kernel,
  reader: PieceReader,
): AsyncGenerator<Uint8Array, void, undefined> {
  using block = createBlock(kernel);
  const header = await reader.demand(JAVA_HEADER_BYTES, 'the header of snappy-java');
  const magic = header.readUInt32BE(0);
  for (let head = await reader.take(4); head; head = await reader.take(4)) {
    const length = head.readUInt32BE(0);
    // Where streams were put behind one another, a header stands in place of a length.
    if (length === magic) await reader.demand(JAVA_HEADER_BYTES - 4, 'the header of snappy-java');
    else yield await readBlock(reader, block, length);
  }
}

/** @throws DistributorError `object-corrupt` */
export async function* unblockHadoopSnappy(
  kernel: Kernel,
  reader: PieceReader,
): AsyncGenerator<Uint8Array, void, undefined> {
  using block = createBlock(kernel);
  for (let head = await reader.take(4); head; head = await reader.take(4)) {
    const announced = head.readUInt32BE(0);
    for (let left = announced; left > 0; ) {
      const length = await reader.demand(4, 'a block of Hadoop-Snappy');
      const bytes = await readBlock(reader, block, length.readUInt32BE(0));
      if (bytes.length > left) throw corrupt(`a block of Hadoop-Snappy is longer than its ${announced} bytes`);
      if (bytes.length === 0) throw corrupt('an empty part of a block of Hadoop-Snappy');
      left -= bytes.length;
      yield bytes;
    }
  }
}

async function readBlock(reader: PieceReader, block: Block, length: number): Promise<Uint8Array> {
  if (length > compressedMax(BLOCK_BYTES_MAX)) throw tooLarge(length);
  return block.inflate(await reader.demand(length, 'a block of Snappy'), BLOCK_BYTES_MAX);
}

function tooLarge(bytes: number): Error {
  return unsupported(`a block of Snappy of ${bytes} bytes: ${BLOCK_BYTES_MAX} are read at most`);
}

async function skip(reader: PieceReader, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; ) {
    const piece = await reader.piece();
    if (!piece) throw corrupt('a Snappy frame ends too early');
    const part = Math.min(left, piece.length);
    reader.use(part);
    left -= part;
  }
}

/** Room in the kernel's memory for one block after another. */
interface Block extends Disposable {
  /** @returns the block, good until the next. @throws DistributorError `object-corrupt`, or `object-unsupported` when it is too large */
  inflate(compressed: Uint8Array, bytesMax: number): Uint8Array;
}

function createBlock({ memory, bytes: all, calls }: Kernel): Block {
  let loans = new DisposableStack();
  let room = 0;
  let source = 0;
  let target = 0;
  const reserve = (bytes: number) => {
    if (bytes <= room) return;
    room = 0;
    loans.dispose();
    loans = new DisposableStack();
    source = loans.use(memory.lend(compressedMax(bytes) + SLACK_BYTES)).at;
    target = loans.use(memory.lend(bytes + SLACK_BYTES)).at;
    room = bytes;
  };
  return {
    inflate(compressed, bytesMax) {
      const bytes = announcedBytes(compressed);
      if (bytes > bytesMax) throw tooLarge(bytes);
      if (compressed.length > compressedMax(bytes)) throw corrupt('a block of Snappy is longer than it may be');
      reserve(Math.max(bytes, FRAMED_BYTES_MAX));
      all.set(compressed, source);
      if (calls.snappyDecompress(source, compressed.length, target, bytes) !== 0) {
        throw corrupt('a block of Snappy is broken');
      }
      return all.subarray(target, target + bytes);
    },
    [Symbol.dispose]: () => loans.dispose(),
  };
}

/** The length that stands in front of a block: seven bits a byte, the lowest first. */
export function announcedBytes(compressed: Uint8Array): number {
  let bytes = 0;
  for (let at = 0; at < 5; at++) {
    const byte = compressed[at];
    if (byte === undefined) break;
    bytes += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return bytes;
  }
  throw corrupt('a block of Snappy does not say how long it is');
}
