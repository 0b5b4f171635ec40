import type { Chunk, DecodeLimits, DecodeRequest, Decoder, Position } from '../../core/chunk.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type Collector, createCollector } from './collector.ts';
import { type Compression, inflate } from './inflate.ts';
import { createLineInput } from './line-input.ts';
import { createArraySplitter } from './splitter.ts';

/**
 * Decoder of NDJSON and of JSON arrays, compressed or not. A position's cursor is the record's offset in the
 * uncompressed stream: a plain object is read from there; a compressed one must be inflated up to it, but not parsed.
 */
export interface TextFormat {
  readonly layout: 'ndjson' | 'json-array';
  readonly compression: Compression | undefined;
}

export function createTextDecoder(kernel: Kernel, source: ByteSource, { layout, compression }: TextFormat): Decoder {
  const resources = new DisposableStack();
  return {
    format: compression ? `${layout}+${compression}` : layout,
    async *chunks(from, request, signal) {
      const { limits } = request;
      const offset = from.cursor === '' ? 0 : Number(from.cursor);
      if (!Number.isSafeInteger(offset) || offset < 0) throw corrupt(`the cursor ${from.cursor} is no byte offset`);
      const collector = resources.use(
        createCollector(kernel, from, request, {
          bytes: source.size,
          compressed: compression !== undefined,
        }),
      );
      const pieces = piecesFrom(source, compression, offset, limits, signal);
      if (layout === 'ndjson') yield* cutLines(kernel, resources, pieces, collector, from, offset, request);
      else yield* cutArray(pieces, collector, from, offset, request);
    },
    [Symbol.dispose]() {
      resources.dispose();
    },
  };
}

/** The uncompressed stream from `offset` on. */
async function* piecesFrom(
  source: ByteSource,
  compression: Compression | undefined,
  offset: number,
  limits: DecodeLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!compression) {
    yield* source.stream(offset, signal);
    return;
  }
  let skip = offset;
  for await (const piece of inflate(source.stream(0, signal), compression, source.size, limits.decompressionRatioMax)) {
    if (piece.length > skip) yield skip === 0 ? piece : piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
  if (skip > 0) throw corrupt(`the object ends ${skip} bytes before the saved position`);
}

async function* cutLines(
  kernel: Kernel,
  resources: DisposableStack,
  pieces: AsyncIterable<Uint8Array>,
  collector: Collector,
  from: Position,
  offset: number,
  { limits }: DecodeRequest,
): AsyncGenerator<Chunk, void, undefined> {
  const input = resources.use(createLineInput(kernel, offset, limits.recordBytesMax));
  let first = from.record;

  function* drain(last: boolean): Generator<Chunk, void, undefined> {
    for (const { start, end, mended } of input.lines(last)) {
      for (let next = start; ; ) {
        next = mended === undefined ? collector.takeLines(next, end) : collector.takeText(mended) ? end : next;
        if (next === end) break;
        first += collector.count;
        yield collector.finish({ record: first, cursor: String(input.offsetOf(next)) });
      }
    }
  }

  for await (const piece of pieces) {
    for (const part of input.partsOf(piece)) {
      input.push(part);
      yield* drain(false);
    }
  }
  yield* drain(true);
  if (collector.count > 0) yield collector.finish(null);
}

async function* cutArray(
  pieces: AsyncIterable<Uint8Array>,
  collector: Collector,
  from: Position,
  offset: number,
  { limits }: DecodeRequest,
): AsyncGenerator<Chunk, void, undefined> {
  const splitter = createArraySplitter(offset, limits.recordBytesMax);
  let first = from.record;

  function* drain(): Generator<Chunk, void, undefined> {
    while (splitter.next()) {
      const text = splitter.bytes.toString('utf8', splitter.start, splitter.stop);
      if (collector.takeText(text)) continue;
      first += collector.count;
      yield collector.finish({ record: first, cursor: String(splitter.offset) });
      collector.takeText(text);
    }
  }

  for await (const piece of pieces) {
    splitter.push(piece);
    yield* drain();
  }
  splitter.end();
  yield* drain();
  if (collector.count > 0) yield collector.finish(null);
}
