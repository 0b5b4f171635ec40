import { releaseMemory } from '../../base/release-memory.ts';
import type { DecodeLimits, Decoder } from '../../core/chunk.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { unwrap } from '../container/unwrap.ts';
import type { Wrapping } from '../container/wrappings.ts';
import { corrupt, unsupported } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { openParquet } from './decoder.ts';

/**
 * What a Parquet file may have that something else is around. It is read from its end and here and there, so it must lie in memory whole:
 * as much as a chunk may take, as each object has two of those.
 */
const WRAPPED_BYTES_MAX = 32 * 1024 * 1024;
const BLOCK_BYTES = 1024 * 1024;

/**
 * Opens a Parquet file within gzip and the like.
 * @throws DistributorError `object-corrupt`, or `object-unsupported` when it is too large to lie in memory
 */
export async function openWrappedParquet(
  kernel: Kernel,
  source: ByteSource,
  wrappings: readonly Wrapping[],
  { decompressionRatioMax: ratioMax }: DecodeLimits,
  signal: AbortSignal,
): Promise<Decoder> {
  // Of several files in an archive none is the object.
  const options = { sizeBytes: source.size, ratioMax, filesMax: 1 };
  const blocks = await collect(unwrap(kernel, source.stream(0, signal), wrappings, options));
  const release = () => {
    for (const block of blocks) releaseMemory(block);
  };
  try {
    const decoder = await openParquet(kernel, blockSource(source.name, blocks), signal);
    return {
      format: ['parquet', ...wrappings.toReversed()].join('+'),
      chunks: decoder.chunks,
      [Symbol.dispose]() {
        decoder[Symbol.dispose]();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** All bytes in blocks of one size, the last one shorter. */
async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  let used = BLOCK_BYTES;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      if (used === BLOCK_BYTES) {
        if (blocks.length * BLOCK_BYTES >= WRAPPED_BYTES_MAX) throw tooLarge();
        blocks.push(new Uint8Array(BLOCK_BYTES));
        used = 0;
      }
      const part = piece.subarray(at, at + BLOCK_BYTES - used);
      blocks.at(-1)?.set(part, used);
      used += part.length;
      at += part.length;
    }
  }
  const last = blocks.pop();
  return last ? [...blocks, last.slice(0, used)] : [];
}

function tooLarge(): Error {
  return unsupported(
    `a compressed Parquet file of more than ${WRAPPED_BYTES_MAX} bytes: write Parquet as it is, its columns are compressed`,
  );
}

function blockSource(name: string, blocks: readonly Uint8Array[]): ByteSource {
  const size = Math.max(0, blocks.length - 1) * BLOCK_BYTES + (blocks.at(-1)?.length ?? 0);
  const copy = (start: number, end: number, into: Uint8Array): Uint8Array => {
    for (let at = start; at < end; ) {
      const from = at % BLOCK_BYTES;
      const part = (blocks[Math.floor(at / BLOCK_BYTES)] ?? new Uint8Array(0)).subarray(from, from + end - at);
      if (part.length === 0) throw corrupt(`the Parquet file refers to bytes ${start} to ${end} of ${size}`);
      into.set(part, at - start);
      at += part.length;
    }
    return into.subarray(0, end - start);
  };
  return {
    size,
    atHandBytes: size,
    name,
    async read(start, end, signal, into) {
      signal.throwIfAborted();
      if (start < 0 || end > size || start > end) {
        throw corrupt(`the Parquet file refers to bytes ${start} to ${end} of ${size}`);
      }
      return copy(start, end, into ?? new Uint8Array(end - start));
    },
    async *stream(start) {
      for (let at = start; at < size; at += BLOCK_BYTES) {
        yield copy(at, Math.min(size, at + BLOCK_BYTES), new Uint8Array(BLOCK_BYTES));
      }
    },
  };
}
