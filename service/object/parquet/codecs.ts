import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Kernel } from '../../kernel/kernel.ts';
import { PART_BYTES, PART_FROM, PART_TO, SLACK_BYTES } from '../../kernel/layout.ts';
import { corrupt } from '../corrupt.ts';
import { createStretch, type PageBuffer } from './page-buffer.ts';

/** CompressionCodec of parquet.thrift, by its numbers. LZO (3) is the one that is not supported. */
export const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'] as const;
export type Codec = Exclude<(typeof CODECS)[number], 'LZO'>;

/** undefined for one that is not supported. */
export function codecOf(number: number): Codec | undefined {
  const name = CODECS[number];
  return name === 'LZO' ? undefined : name;
}

/**
 * Decompresses the body of a page that is small enough to be decompressed at once.
 * @param length of the result, as the page's header promises it
 * @param buffer where the result may lie; without one it is the caller's for good
 * @throws DistributorError `object-corrupt`
 */
export type Decompress = (input: Uint8Array, length: number, buffer?: PageBuffer) => Uint8Array;

/** Those that have a function of their own for it; LZ4 in Hadoop's frames is only read as a stream. */
export function createDecompress(kernel: Kernel, codec: Exclude<Codec, 'LZ4'>): Decompress {
  const run = decompressOf(kernel, codec);
  return (input, length, buffer) => {
    // In pages v2 it is what a header says less what another of its fields says.
    if (length < 0) throw corrupt(`a Parquet page of ${length} bytes`);
    if (length === 0) return new Uint8Array(0);
    const output = run(input, length, buffer);
    if (output.length !== length) throw corrupt(`a Parquet page has ${output.length} bytes instead of ${length}`);
    return output;
  };
}

function decompressOf(kernel: Kernel, codec: Exclude<Codec, 'LZ4'>): Decompress {
  switch (codec) {
    case 'UNCOMPRESSED':
      return (input, _length, buffer) => (buffer ? input : new Uint8Array(input));
    case 'SNAPPY':
      return snappyOf(kernel);
    case 'LZ4_RAW':
      return lz4Of(kernel);
    case 'GZIP':
      return byZlib(codec, gunzipSync);
    case 'ZSTD':
      return byZlib(codec, zstdDecompressSync);
    case 'BROTLI':
      return byZlib(codec, brotliDecompressSync);
  }
}

function byZlib(
  codec: Codec,
  run: (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array,
): Decompress {
  return (input, maxOutputLength) => {
    try {
      return run(input, { maxOutputLength });
    } catch (error) {
      throw isBadData(error) ? corrupt(`a Parquet page in ${codec} is broken: ${error.code}`, error) : error;
    }
  };
}

/**
 * What node:zlib says of bytes that are broken, cut off or more than they promised to be. Not of memory that it did not get, which is
 * no fault of the bytes.
 */
export function isBadData(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  const { code } = error;
  return BAD_DATA.has(code) || code.startsWith('ERR__ERROR_FORMAT') || (code.startsWith('ZSTD_') && !OURS.has(code));
}

const BAD_DATA: ReadonlySet<string> = new Set(['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT', 'ERR_BUFFER_TOO_LARGE']);
const OURS: ReadonlySet<string> = new Set(['ZSTD_error_memory_allocation', 'ZSTD_error_workSpace_tooSmall']);

/** A copy of 64 bytes, the longest element, takes 3 (google/snappy, format_description.txt). */
export const SNAPPY_RATIO_MAX = 64 / 3;
/** A byte of a match's length stands for 255 bytes (lz4_Block_format.md). */
export const LZ4_RATIO_MAX = 255;

function snappyOf(kernel: Kernel): Decompress {
  const { calls } = kernel;
  return intoKernel(kernel, 'Snappy', SNAPPY_RATIO_MAX, (from, input, target, length) => {
    const result = calls.snappyDecompress(from, input, target, length);
    if (result !== 0) throw corrupt(`the Snappy data is broken (${result})`);
  });
}

function lz4Of(kernel: Kernel): Decompress {
  return intoKernel(kernel, 'LZ4', LZ4_RATIO_MAX, (from, input, target, length) => {
    using part = createParts(kernel, kernel.calls.lz4Part);
    const { consumed, written } = part.run(from, input, target, target, length);
    if (consumed !== input || written !== length) throw corrupt('the LZ4 data is broken');
  });
}

/** For decompressors of the kernel: brings what they read and write into its memory. */
function intoKernel(
  kernel: Kernel,
  name: string,
  ratioMax: number,
  run: (from: number, inputBytes: number, target: number, length: number) => void,
): Decompress {
  const { bytes } = kernel;
  return (input, length, buffer) => {
    // What cannot come out of so few bytes is not made room for.
    if (length > input.length * ratioMax) throw corrupt(`${input.length} bytes of ${name} promise ${length}`);
    using source = createStretch(kernel);
    using own = createStretch(kernel);
    const from = addressOf(kernel, input, source);
    const target = (buffer ?? own).hold(length + SLACK_BYTES);
    run(from, input.length, target, length);
    const output = bytes.subarray(target, target + length);
    return buffer ? output : new Uint8Array(output);
  };
}

/** Where bytes lie in the kernel's memory. Most pages lie in a window of it already; others are brought there. */
export function addressOf({ bytes }: Kernel, input: Uint8Array, stretch: { hold(bytes: number): number }): number {
  if (input.buffer === bytes.buffer) return input.byteOffset;
  const at = stretch.hold(input.length);
  bytes.set(input, at);
  return at;
}

/** A decompressor of the kernel that goes on where it stopped. */
export interface Parts extends Disposable {
  /**
   * @param begin of what came out before and may be referred to, up to `target`
   * @param room bytes that may be written from `target` on
   * @throws DistributorError `object-corrupt`
   */
  run(
    from: number,
    inputBytes: number,
    begin: number,
    target: number,
    room: number,
  ): { readonly consumed: number; readonly written: number };
}

type PartCall = (state: number, end: number, begin: number, limit: number) => number;

export function createParts({ memory, words, bytes }: Kernel, call: PartCall): Parts {
  const loan = memory.lend(PART_BYTES);
  const { at: state } = loan;
  bytes.fill(0, state, state + PART_BYTES);
  const word = (offset: number) => words[(state + offset) / 4] as number;
  return {
    run(from, inputBytes, begin, target, room) {
      words[(state + PART_FROM) / 4] = from;
      words[(state + PART_TO) / 4] = target;
      if (call(state, from + inputBytes, begin, target + room) !== 0) {
        throw corrupt('a copy in compressed data reaches further back than what is kept for it');
      }
      return { consumed: word(PART_FROM) - from, written: word(PART_TO) - target };
    },
    [Symbol.dispose]: () => loan[Symbol.dispose](),
  };
}
