import { corrupt } from '../corrupt.ts';
import type { PageBody } from './byte-run.ts';
import type { Page } from './page.ts';
import type { PageContext } from './page-context.ts';
import { areValuesCompressed, type PageHeader } from './page-header.ts';
import { createPageStream, type PageStream, readOut } from './page-stream.ts';
import { bitWidthOf, createRuns, type Runs } from './runs.ts';
import type { Leaf } from './schema.ts';
import { createValueReader } from './value-reader.ts';
import { ENCODING, LENGTH_BYTES, type PlainValues, viewOf } from './values.ts';

/**
 * A data page that is read a slice at a time: each slice is a page by itself, so that a page of any size, and of any number of entries,
 * takes no more memory than one of the size that writers aim at.
 */
export interface PageSlices extends Disposable {
  /**
   * The next slice, good until the next one; undefined behind the last.
   * @throws DistributorError `object-corrupt`; `memory-short` and `object-too-large` for what cannot be cut into slices
   */
  next(): Promise<Page | undefined>;
}

/** Entries whose levels are decoded at a time. */
const SEGMENT_ENTRIES = 64 * 1024;

/** Levels of the entries at hand, of which those before `at` are behind. */
interface Segment {
  readonly definition: Uint8Array | null;
  readonly repetition: Uint8Array | null;
  readonly entries: number;
  at: number;
}

/** @param body of the page, of which nothing was read */
export async function openSlices(
  context: PageContext,
  header: PageHeader,
  body: PageBody,
  dictionary: PlainValues | undefined,
): Promise<PageSlices> {
  const { leaf } = context;
  using opened = new DisposableStack();
  const { stream, repetition, definition } = await openLevels(context, header, body, opened);
  const repetitionRuns = repetition && createRuns(repetition, bitWidthOf(leaf.maxRepetition));
  const definitionRuns = definition && createRuns(definition, bitWidthOf(leaf.maxDefinition));
  const present = () => countPresent(definition, leaf, header.entries);
  const values = opened.use(createValueReader(context, header.encoding, stream, dictionary, present));
  const resources = opened.move();
  let left = header.entries;
  let segment: Segment = { definition: null, repetition: null, entries: 0, at: 0 };

  const nextSegment = (): Segment => {
    const entries = Math.min(SEGMENT_ENTRIES, left);
    left -= entries;
    return {
      entries,
      at: 0,
      repetition: repetitionRuns && readLevels(repetitionRuns, entries),
      definition: definitionRuns && readDefinition(definitionRuns, leaf, entries),
    };
  };

  return {
    async next() {
      if (segment.at === segment.entries) {
        if (left === 0) {
          await stream.finish();
          return undefined;
        }
        segment = nextSegment();
      }
      const { at, entries: end, definition, repetition } = segment;
      const wanted = definition ? countLevels(definition, at, leaf.maxDefinition) : end - at;
      const taken = await values.take(wanted);
      const to = taken.count === wanted ? end : endOfValues(segment, taken.count, leaf.maxDefinition);
      segment.at = to;
      return {
        entries: to - at,
        definition: definition?.subarray(at, to) ?? null,
        repetition: repetition?.subarray(at, to) ?? null,
        values: taken,
      };
    },
    [Symbol.dispose]() {
      resources.dispose();
    },
  };
}

interface OpenedPage {
  /** The values. */
  readonly stream: PageStream;
  readonly repetition: Uint8Array | null;
  readonly definition: Uint8Array | null;
}

/** Levels stay as they are encoded, and all of them: some kilobytes for a million entries. */
async function openLevels(
  { kernel, codec, leaf, room }: PageContext,
  header: PageHeader,
  body: PageBody,
  resources: DisposableStack,
): Promise<OpenedPage> {
  const hold = (bytes: number) => resources.use(room.open()).hold(bytes, `levels of the column ${leaf.name}`);
  if (header.kind === 'data') {
    const stream = resources.use(await createPageStream(kernel, codec, body, header.uncompressedBytes, room));
    const read = async (max: number, encoding: number): Promise<Uint8Array | null> => {
      if (max === 0) return null;
      if (encoding !== ENCODING.rle) throw corrupt(`levels in the encoding ${encoding}`);
      const length = viewOf(await stream.peek(LENGTH_BYTES)).getUint32(0, true);
      stream.skip(LENGTH_BYTES);
      if (length > stream.left) throw corrupt('levels reach beyond their page');
      hold(length);
      return readOut(stream, length);
    };
    const repetition = await read(leaf.maxRepetition, header.repetitionEncoding);
    const definition = await read(leaf.maxDefinition, header.definitionEncoding);
    return { stream, repetition, definition };
  }
  const { repetitionBytes, definitionBytes } = header;
  if (!(repetitionBytes >= 0 && definitionBytes >= 0 && repetitionBytes + definitionBytes <= body.left)) {
    throw corrupt('levels reach beyond their page');
  }
  const length = header.uncompressedBytes - repetitionBytes - definitionBytes;
  if (length < 0) throw corrupt(`a Parquet page of ${length} bytes`);
  hold(repetitionBytes + definitionBytes);
  const plain = { peek: body.peekSome, skip: body.skip };
  const repetition = await readOut(plain, repetitionBytes);
  const definition = await readOut(plain, definitionBytes);
  const valueCodec = areValuesCompressed(header) ? codec : 'UNCOMPRESSED';
  return {
    stream: resources.use(await createPageStream(kernel, valueCodec, body, length, room)),
    repetition: leaf.maxRepetition === 0 ? null : repetition,
    definition: leaf.maxDefinition === 0 ? null : definition,
  };
}

/** Definition levels of the next entries; null where all of these have a value. */
function readDefinition(runs: Runs, { maxDefinition }: Leaf, entries: number): Uint8Array | null {
  return runs.same(entries, maxDefinition) ? null : readLevels(runs, entries);
}

function readLevels(runs: Runs, entries: number): Uint8Array {
  const levels = new Uint8Array(entries);
  runs.read(levels, entries);
  return levels;
}

/** How many entries of a whole page have a value. */
function countPresent(definition: Uint8Array | null, { maxDefinition }: Leaf, entries: number): number {
  if (!definition) return entries;
  const runs = createRuns(definition, bitWidthOf(maxDefinition));
  let present = 0;
  for (let done = 0; done < entries; done += SEGMENT_ENTRIES) {
    const count = Math.min(SEGMENT_ENTRIES, entries - done);
    if (runs.same(count, maxDefinition)) present += count;
    else present += countLevels(readLevels(runs, count), 0, maxDefinition);
  }
  return present;
}

function countLevels(levels: Uint8Array, from: number, level: number): number {
  let count = 0;
  for (let at = from; at < levels.length; at++) if (levels[at] === level) count++;
  return count;
}

/** Where the entry stands that the next value belongs to, behind so many values. */
function endOfValues({ definition, at }: Segment, values: number, maxDefinition: number): number {
  if (!definition) return at + values;
  let end = at;
  for (let passed = 0; ; end++) {
    if (definition[end] !== maxDefinition) continue;
    if (passed === values) return end;
    passed++;
  }
}
