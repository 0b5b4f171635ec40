import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt, orCorrupt } from '../corrupt.ts';
import { createStretch, type PageBuffer } from './page-buffer.ts';

/**
 * Decompresses the body of a page.
 * @param length of the result, as the page's header promises it
 * @param buffer where the result may lie; without one it is the caller's for good
 * @throws DistributorError `object-corrupt`
 */
export type Decompress = (input: Uint8Array, length: number, buffer?: PageBuffer) => Uint8Array;

/** Node's own codecs where it has them; the library's for LZ4; Snappy, which Firehose writes, is the kernel's. */
const CODECS: Readonly<Partial<Record<CompressionCodec, Decompress>>> = {
  UNCOMPRESSED: (input, _length, buffer) => (buffer ? input : new Uint8Array(input)),
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength }),
  ZSTD: (input, maxOutputLength) => zstdDecompressSync(input, { maxOutputLength }),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength }),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

export function createDecompress(kernel: Kernel, codec: CompressionCodec): Decompress {
  const run = codec === 'SNAPPY' ? snappyOf(kernel) : CODECS[codec];
  if (!run) throw corrupt(`the Parquet codec ${codec} is not supported`);
  return (input, length, buffer) => {
    // In pages v2 it is what a header says less what another of its fields says.
    if (length < 0) throw corrupt(`a Parquet page of ${length} bytes`);
    if (length === 0) return new Uint8Array(0);
    const output = orCorrupt(`a Parquet page in ${codec}`, () => run(input, length, buffer));
    if (output.length !== length) throw corrupt(`a Parquet page has ${output.length} bytes instead of ${length}`);
    return output;
  };
}

/** A copy of 64 bytes, the longest element, takes 3 (google/snappy, format_description.txt). */
const SNAPPY_RATIO_MAX = 64 / 3;
/** What is written in vectors may go so far beyond its end. */
const SLACK_BYTES = 16;

function snappyOf(kernel: Kernel): Decompress {
  const { bytes, calls } = kernel;
  return (input, length, buffer) => {
    // What cannot come out of so few bytes is not made room for.
    if (length > input.length * SNAPPY_RATIO_MAX) throw corrupt(`${input.length} bytes of Snappy promise ${length}`);
    using source = createStretch(kernel);
    using own = createStretch(kernel);
    // Most pages lie in a window of the kernel's memory already.
    const inPlace = input.buffer === bytes.buffer;
    const from = inPlace ? input.byteOffset : source.hold(input.length);
    if (!inPlace) bytes.set(input, from);
    const target = (buffer ?? own).hold(length + SLACK_BYTES);
    const result = calls.snappyDecompress(from, input.length, target, length);
    if (result !== 0) throw corrupt(`the Snappy data is broken (${result})`);
    const output = bytes.subarray(target, target + length);
    return buffer ? output : new Uint8Array(output);
  };
}
