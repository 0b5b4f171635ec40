import type { Chunk } from '../../core/chunk.ts';
import type { Cut, CutText } from './cut.ts';
import { createLineInput } from './line-input.ts';

/** A record a line. @param endsWithReturns whether carriage returns alone end lines too */
export function cutLines(endsWithReturns: boolean): CutText {
  return (text) => cut(endsWithReturns, text);
}

async function* cut(
  endsWithReturns: boolean,
  { kernel, resources, pieces, collector, from, place, request, cursorOf }: Cut,
): AsyncGenerator<Chunk, void, undefined> {
  const { recordBytesMax } = request.limits;
  const input = resources.use(createLineInput(kernel, place.offset, recordBytesMax, endsWithReturns));
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
