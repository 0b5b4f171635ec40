import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt, orCorrupt } from '../corrupt.ts';

/**
 * Decompresses the body of a page.
 * @param length of the result, as the page's header promises it
 * @throws DistributorError `object-corrupt`
 */
export type Decompress = (input: Uint8Array, length: number) => Uint8Array;

/** Node's own codecs where it has them; the library's for LZ4; Snappy, which Firehose writes, is the kernel's. */
const CODECS: Readonly<Partial<Record<CompressionCodec, Decompress>>> = {
  UNCOMPRESSED: (input) => input,
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength }),
  ZSTD: (input, maxOutputLength) => zstdDecompressSync(input, { maxOutputLength }),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength }),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

export function createDecompress(kernel: Kernel, codec: CompressionCodec): Decompress {
  const run = codec === 'SNAPPY' ? snappyOf(kernel) : CODECS[codec];
  if (!run) throw corrupt(`the Parquet codec ${codec} is not supported`);
  return (input, length) => {
    if (length === 0) return new Uint8Array(0);
    const output = orCorrupt(`a Parquet page in ${codec}`, () => run(input, length));
    if (output.length !== length) throw corrupt(`a Parquet page has ${output.length} bytes instead of ${length}`);
    return output;
  };
}

/** Behind what it decompresses the kernel may write this much more. */
const SLACK_BYTES = 16;

function snappyOf({ bytes, calls, memory }: Kernel): Decompress {
  return (input, length) => {
    const source = memory.allocate(input.length + SLACK_BYTES);
    const target = memory.allocate(length + SLACK_BYTES);
    try {
      bytes.set(input, source);
      const result = calls.snappyDecompress(source, input.length, target, length);
      if (result !== 0) throw corrupt(`the Snappy data is broken (${result})`);
      return new Uint8Array(bytes.subarray(target, target + length));
    } finally {
      memory.release(source);
      memory.release(target);
    }
  };
}
