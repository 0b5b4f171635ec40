import type { Chunk } from '../../core/chunk.ts';
import type { Cut, CutText } from './cut.ts';
import { createValueSplitter } from './value-splitter.ts';

/** A record a JSON value, or an element of an array. @param envelope the member of objects whose elements are records */
export function cutValues(envelope?: string): CutText {
  return (text) => cut(envelope, text);
}

async function* cut(
  envelope: string | undefined,
  { pieces, collector, from, place, request, cursorOf }: Cut,
): AsyncGenerator<Chunk, void, undefined> {
  const splitter = createValueSplitter(place, request.limits.recordBytesMax, envelope);
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
