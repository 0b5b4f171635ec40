import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { corrupt, orCorrupt } from '../corrupt.ts';

type Decompress = (input: Uint8Array, length: number) => Uint8Array;

/** Node's own where it has one; the library's for Snappy (WebAssembly, one instance for the thread) and LZ4. */
const CODECS: Readonly<Partial<Record<CompressionCodec, Decompress>>> = {
  ...compressors,
  UNCOMPRESSED: (input) => input,
  GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
  ZSTD: (input, maxOutputLength) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
  BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, maxOutputLength) }),
};

/**
 * Decompresses the body of a page.
 * @param length of the result, as the page's header promises it
 * @throws DistributorError `object-corrupt`
 */
export function decompress(codec: CompressionCodec, input: Uint8Array, length: number): Uint8Array {
  const run = CODECS[codec];
  if (!run) throw corrupt(`the Parquet codec ${codec} is not supported`);
  if (length === 0) return new Uint8Array(0);
  const output = orCorrupt(`a Parquet page in ${codec}`, () => run(input, length));
  if (output.length !== length) throw corrupt(`a Parquet page has ${output.length} bytes instead of ${length}`);
  return output;
}
