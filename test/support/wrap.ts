/** What is put around content, by hand where no library writes it. */
import { crc32, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { snappyCompress } from 'hysnappy';
import { crc32c } from '../../service/object/container/crc32c.ts';

export const big = (...numbers: number[]) =>
  Buffer.concat(numbers.map((number) => Buffer.from(Uint32Array.of(number).buffer).swap32()));
export const little = (...numbers: number[]) => Buffer.from(Uint32Array.from(numbers).buffer);

/** A block of raw Snappy. */
export const snappy = (bytes: Uint8Array) => Buffer.from(snappyCompress(bytes));

/** What Google's framing format begins with. */
export const FRAMED = Buffer.from('ff060000734e61507059', 'hex');
/** What snappy-java's stream begins with. */
export const JAVA = Buffer.from('82534e41505059000000000100000001', 'hex');

/** A frame of the framing format, with the checksum that it should have unless told otherwise. */
export function frame(type: number, data: Uint8Array, of: Uint8Array = data, wrong = 0): Buffer {
  const sum = crc32c(of);
  const masked = (((sum >>> 15) | (sum << 17)) + 0xa282ead8 + wrong) >>> 0;
  const head = Buffer.alloc(4);
  head.writeUInt8(type);
  head.writeUIntLE(data.length + 4, 1, 3);
  return Buffer.concat([head, little(masked), data]);
}

/** A file of a ZIP archive: its header, and its content. */
export function zipped(
  content: string | Uint8Array,
  { flags = 0, method = 8, crc = crc32(content), bytes = content.length } = {},
): Buffer {
  const stored = method === 8 ? deflateRawSync(content) : Buffer.from(content);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(flags, 6);
  head.writeUInt16LE(method, 8);
  head.writeUInt32LE(crc, 14);
  head.writeUInt32LE(stored.length, 18);
  head.writeUInt32LE(bytes, 22);
  return Buffer.concat([head, stored]);
}
/** The beginning of a ZIP archive's directory, which ends its files. */
export const DIRECTORY = Buffer.from('504b0102', 'hex');

const FRAME_BYTES_MAX = 65_536;

function framed(bytes: Uint8Array): Buffer {
  const frames: Buffer[] = [FRAMED];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES_MAX) {
    const piece = bytes.subarray(at, at + FRAME_BYTES_MAX);
    frames.push(frame(0, snappy(piece), piece));
  }
  return Buffer.concat(frames);
}

/** By the names that formats have for them (docs/reference/formats.md): what is put around bytes; of UTF-16, around text. */
export const WRAPS = {
  gzip: (bytes: Uint8Array) => gzipSync(bytes),
  zstd: (bytes: Uint8Array) => zstdCompressSync(bytes),
  zlib: (bytes: Uint8Array) => deflateSync(bytes),
  zip: (bytes: Uint8Array) => Buffer.concat([zipped(bytes), DIRECTORY]),
  snappy,
  'snappy-framed': framed,
  'snappy-java': (bytes: Uint8Array) => Buffer.concat([JAVA, big(snappy(bytes).length), snappy(bytes)]),
  'snappy-hadoop': (bytes: Uint8Array) => Buffer.concat([big(bytes.length, snappy(bytes).length), snappy(bytes)]),
  'utf-16le': (bytes: Uint8Array) => Buffer.from(`\ufeff${Buffer.from(bytes).toString()}`, 'utf16le'),
} as const;
