import type { Chunk, DecodeLimits, DecodeRequest, Decoder, Position } from '../../core/chunk.ts';
import type { Shape } from '../../core/shape.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { unwrap, type Wrapping } from '../container/unwrap.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type Collector, createCollector } from './collector.ts';
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
export function createTextDecoder(kernel: Kernel, source: ByteSource, format: TextFormat): Decoder {
  const { shape, wrappings } = format;
  const resources = new DisposableStack();
  return {
    format: [shape, ...wrappings.toReversed()].join('+'),
    async *chunks(from, request, signal) {
      const { limits } = request;
      const place = parseCursor(shape, from.cursor);
      const object = {
        bytes: source.size,
        compressed: wrappings.length > 0,
        timeMember: shape === 'cloudtrail' ? 'eventTime' : undefined,
      };
      const collector = resources.use(createCollector(kernel, from, request, object));
      const pieces = piecesFrom(kernel, source, wrappings, place.offset, limits, signal);
      if (isLines(shape)) yield* cutLines(kernel, resources, pieces, collector, from, shape, request);
      else yield* cutValues(pieces, collector, from, shape, request);
    },
    [Symbol.dispose]() {
      resources.dispose();
    },
  };
}

function isLines(shape: Shape): shape is Exclude<Shape, ValueShape> {
  return shape === 'ndjson' || shape === 'ndjson-cr';
}

/** Letters in front of offsets; none is what lines have, and the elements of an array that is all of its object. */
const LETTERS: Readonly<Record<ValuePlace['within'], string>> = { top: 't', array: 'a', events: 'e' };
const PLAIN: Readonly<Partial<Record<Shape, ValuePlace['within']>>> = {
  ndjson: 'top',
  'ndjson-cr': 'top',
  'json-array': 'array',
};

function formatCursor(shape: Shape, { offset, within }: ValuePlace): string {
  return PLAIN[shape] === within ? String(offset) : `${LETTERS[within]}${offset}`;
}

/** @throws DistributorError `object-corrupt` for a cursor of another shape: who saved it has read the object as something else */
function parseCursor(shape: Shape, cursor: string): ValuePlace {
  if (cursor === '') return { offset: 0, within: 'top' };
  const [, letter, digits] = /^([tae]?)(\d+)$/.exec(cursor) ?? [];
  const found = Object.entries(LETTERS).find(([, one]) => one === letter)?.[0] as ValuePlace['within'] | undefined;
  const within = letter === '' ? PLAIN[shape] : isLines(shape) ? undefined : found;
  const offset = Number(digits);
  if (within === undefined || !Number.isSafeInteger(offset)) throw corrupt(`the cursor ${cursor} is none of ${shape}`);
  return { offset, within };
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

async function* cutLines(
  kernel: Kernel,
  resources: DisposableStack,
  pieces: AsyncIterable<Uint8Array>,
  collector: Collector,
  from: Position,
  shape: Exclude<Shape, ValueShape>,
  { limits }: DecodeRequest,
): AsyncGenerator<Chunk, void, undefined> {
  const { offset } = parseCursor(shape, from.cursor);
  const input = resources.use(createLineInput(kernel, offset, limits.recordBytesMax, shape === 'ndjson-cr'));
  let first = from.record;

  function* drain(last: boolean): Generator<Chunk, void, undefined> {
    for (const { start, end, isUtf8 } of input.lines(last)) {
      for (let next = start; ; ) {
        next = isUtf8 ? collector.takeLines(next, end) : collector.takeLine(next, end);
        if (next === end) break;
        first += collector.count;
        const cursor = formatCursor(shape, { offset: input.offsetOf(next), within: 'top' });
        yield collector.finish({ record: first, cursor });
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
  pieces: AsyncIterable<Uint8Array>,
  collector: Collector,
  from: Position,
  shape: ValueShape,
  { limits }: DecodeRequest,
): AsyncGenerator<Chunk, void, undefined> {
  const splitter = createValueSplitter(parseCursor(shape, from.cursor), limits.recordBytesMax, ENVELOPES[shape]);
  let first = from.record;

  function* drain(): Generator<Chunk, void, undefined> {
    while (splitter.next()) {
      const record = splitter.bytes.subarray(splitter.start, splitter.stop);
      if (collector.takeRecord(record)) continue;
      first += collector.count;
      yield collector.finish({ record: first, cursor: formatCursor(shape, splitter.place) });
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
