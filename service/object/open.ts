import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { corrupt } from './corrupt.ts';
import { openParquet } from './parquet/decoder.ts';
import type { ByteSource } from './source.ts';
import { createTextDecoder } from './text/decoder.ts';
import { type Compression, inflate } from './text/inflate.ts';
import { isBlank } from './text/splitter.ts';

/** What a byte source has at hand from its opening: enough for every magic number, and for a compressed block to end. */
const HEAD_BYTES = 256 * 1024;
/** What of a compressed text is looked at: any white space before an array is shorter. */
const FIRST_BYTES = 16 * 1024;
const PARQUET_MAGIC = 'PAR1';
const OPEN_BRACKET = 0x5b;

/**
 * Opens an object: its first bytes decide what it is, whatever it is called. What is neither Parquet nor a JSON array is
 * NDJSON, line by line; a line that is no JSON object is its own trouble, not the object's.
 * @throws DistributorError `object-corrupt`
 */
export async function openObject(
  kernel: Kernel,
  source: ByteSource,
  limits: DecodeLimits,
  signal: AbortSignal,
): Promise<Decoder> {
  if (source.size === 0) return { format: 'empty', async *chunks() {}, [Symbol.dispose]() {} };
  const bytes = await source.read(0, Math.min(source.size, HEAD_BYTES), signal);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (head.toString('latin1', 0, 4) === PARQUET_MAGIC) return openParquet(kernel, source, signal);
  // Without its magic number the object is none, and none of its lines would be one.
  if (source.name.endsWith('.parquet')) throw corrupt('its name says Parquet, its first bytes do not');
  const compression = compressionOf(head);
  const text = compression ? await firstInflated(head, compression, limits.decompressionRatioMax) : head;
  return createTextDecoder(kernel, source, { layout: isArray(text) ? 'json-array' : 'ndjson', compression });
}

function compressionOf(head: Buffer): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : undefined;
}

/** The beginning of the uncompressed stream, from as much of the compressed one as is at hand without a further request. */
async function firstInflated(head: Uint8Array, compression: Compression, ratioMax: number): Promise<Uint8Array> {
  const pieces = (async function* () {
    yield head;
  })();
  for await (const piece of inflate(pieces, compression, head.length, ratioMax, FIRST_BYTES)) return piece;
  return new Uint8Array(0);
}

function isArray(text: Uint8Array): boolean {
  return text.find((byte, offset) => !isBlank(byte, offset)) === OPEN_BRACKET;
}
