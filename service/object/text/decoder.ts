import { releaseMemory } from '../../base/release-memory.ts';
import type { DecodeLimits, Decoder } from '../../core/chunk.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { unwrap } from '../container/unwrap.ts';
import type { Wrapping } from '../container/wrappings.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { createCollector } from './collector.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { textShape } from './shape.ts';
import type { ValuePlace } from './value-splitter.ts';

/** Decoder of JSON text of any shape, whatever is around it. */
export interface TextFormat {
  /** One of SHAPES. */
  readonly shape: string;
  /** The outermost first. */
  readonly wrappings: readonly Wrapping[];
  /** The whole text where it was unwrapped already. */
  readonly content: Uint8Array | undefined;
}

/**
 * A position's cursor has the record's offset in the text: a plain object is read from there; one that is wrapped must be unwrapped up to
 * it, but not parsed.
 */
export function createTextDecoder(kernel: Kernel, source: ByteSource, text: TextFormat): Decoder {
  const { shape, wrappings, content } = text;
  const { cut, timeMember } = textShape(shape);
  const format = [shape, ...wrappings.toReversed()].join('+');
  const resources = new DisposableStack();
  return {
    format,
    async *chunks(from, request, signal) {
      const { limits } = request;
      const place = parseCursor(format, from.cursor);
      const object = {
        bytes: source.size,
        compressed: wrappings.length > 0,
        timeMember,
      };
      const collector = resources.use(createCollector(kernel, from, request, object));
      const pieces = content
        ? pieceFrom(content, place.offset)
        : piecesFrom(kernel, source, wrappings, place.offset, limits, signal);
      const cursorOf = (at: ValuePlace) => formatCursor(format, at);
      yield* cut({ kernel, resources, pieces, collector, from, place, request, cursorOf });
    },
    [Symbol.dispose]() {
      resources.dispose();
    },
  };
}

/** The text from `offset` on. */
async function* piecesFrom(
  kernel: Kernel,
  source: ByteSource,
  wrappings: readonly Wrapping[],
  offset: number,
  { decompressionRatioMax: ratioMax }: DecodeLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (wrappings.length === 0) {
    yield* source.stream(offset, signal);
    return;
  }
  let skip = offset;
  const options = { sizeBytes: source.size, ratioMax };
  for await (const piece of unwrap(kernel, source.stream(0, signal), wrappings, options)) {
    if (piece.length > skip) yield skip === 0 ? piece : piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
  if (skip > 0) throw endsBefore(skip);
}

async function* pieceFrom(content: Uint8Array, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (offset > content.length) throw endsBefore(offset - content.length);
  yield content.subarray(offset);
  releaseMemory(content);
}

function endsBefore(bytes: number): Error {
  return corrupt(`the object ends ${bytes} bytes before the saved position`);
}
