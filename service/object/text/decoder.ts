import type { Chunk, DecodeLimits, DecodeRequest, Decoder, Position } from '../../core/chunk.ts';
import type { Shape } from '../../core/shape.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { unwrap, type Wrapping } from '../container/unwrap.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type Collector, createCollector } from './collector.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { createLineInput } from './line-input.ts';
import { ENVELOPES, type ValueShape } from './shape.ts';
import { createValueSplitter, type ValuePlace } from './value-splitter.ts';

/** Decoder of JSON text of any shape, whatever is around it. */
export interface TextFormat {
  readonly shape: Shape;
  /** The outermost first. */
  readonly wrappings: readonly Wrapping[];
}

/**
 * A position's cursor has the record's offset in the text: a plain object is read from there; one that is wrapped must be unwrapped up to
 * it, but not parsed.
 */
export function createTextDecoder(kernel: Kernel, source: ByteSource, text: TextFormat): Decoder {
  const { shape, wrappings } = text;
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
        timeMember: shape === 'cloudtrail' ? 'eventTime' : undefined,
      };
      const collector = resources.use(createCollector(kernel, from, request, object));
      const pieces = piecesFrom(kernel, source, wrappings, place.offset, limits, signal);
      const cut = { pieces, collector, from, place, request, cursorOf: (at: ValuePlace) => formatCursor(format, at) };
      if (shape === 'ndjson' || shape === 'ndjson-cr') yield* cutLines(kernel, resources, shape, cut);
      else yield* cutValues(shape, cut);
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
  if (skip > 0) throw corrupt(`the object ends ${skip} bytes before the saved position`);
}

/** What cutting a text takes, whatever its shape is. */
interface Cut {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly collector: Collector;
  readonly from: Position;
  readonly place: ValuePlace;
  readonly request: DecodeRequest;
  readonly cursorOf: (place: ValuePlace) => string;
}

async function* cutLines(
  kernel: Kernel,
  resources: DisposableStack,
  shape: Exclude<Shape, ValueShape>,
  { pieces, collector, from, place, request, cursorOf }: Cut,
): AsyncGenerator<Chunk, void, undefined> {
  const { recordBytesMax } = request.limits;
  const input = resources.use(createLineInput(kernel, place.offset, recordBytesMax, shape === 'ndjson-cr'));
  let first = from.record;

  function* drain(last: boolean): Generator<Chunk, void, undefined> {
    for (const { start, end, isUtf8 } of input.lines(last)) {
      for (let next = start; ; ) {
        next = isUtf8 ? collector.takeLines(next, end) : collector.takeLine(next, end);
        if (next === end) break;
        first += collector.count;
        yield collector.finish({ record: first, cursor: cursorOf({ offset: input.offsetOf(next), within: 'top' }) });
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

async function* cutValues(
  shape: ValueShape,
  { pieces, collector, from, place, request, cursorOf }: Cut,
): AsyncGenerator<Chunk, void, undefined> {
  const splitter = createValueSplitter(place, request.limits.recordBytesMax, ENVELOPES[shape]);
  let first = from.record;

  function* drain(): Generator<Chunk, void, undefined> {
    while (splitter.next()) {
      const record = splitter.bytes.subarray(splitter.start, splitter.stop);
      if (collector.takeRecord(record)) continue;
      first += collector.count;
      yield collector.finish({ record: first, cursor: cursorOf(splitter.place) });
      collector.takeRecord(record);
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
