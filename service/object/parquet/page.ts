import { releaseMemory } from '../../base/release-memory.ts';
import { corrupt } from '../corrupt.ts';
import type { Decompress } from './codecs.ts';
import type { PageBuffer } from './page-buffer.ts';
import { areValuesCompressed, type PageHeader } from './page-header.ts';
import { bitWidthOf, createRuns } from './runs.ts';
import type { Leaf } from './schema.ts';
import { decodeValues, ENCODING, type PlainValues, type Values, viewOf } from './values.ts';

/** A data page of a leaf, or a slice of one, decoded. Good until the next one of its column. */
export interface Page {
  /** Values and nulls; for a leaf outside of lists and maps that is the number of rows. */
  readonly entries: number;
  /** Definition level of each entry; null where all have a value. */
  readonly definition: Uint8Array | null;
  /** Repetition level of each entry; null outside of lists and maps. */
  readonly repetition: Uint8Array | null;
  /** Of the entries that have one, in order. */
  readonly values: Values;
}

/**
 * Gives back levels and indices of a page, and its places where they are its own. What lies in the kernel is used again by itself, and a
 * dictionary serves the pages after it.
 */
export function releasePage({ definition, repetition, values }: Page): void {
  if (definition) releaseMemory(definition);
  if (repetition) releaseMemory(repetition);
  if (values.kind === 'indices') releaseMemory(values.indices);
  if (values.kind === 'bytes') {
    releaseMemory(values.start);
    releaseMemory(values.length);
  }
}

/**
 * Holds a page against its checksum (parquet.thrift, PageHeader.crc).
 * @param offset of its header in the file
 * @param sum CRC-32 of its body as it lies in the file
 * @throws DistributorError `object-corrupt`
 */
export function checkSum({ crc }: PageHeader, offset: number, sum: number): void {
  // Signed in the header.
  if (crc !== undefined && crc >>> 0 !== sum) {
    throw corrupt(`the checksum of the Parquet page at byte ${offset} is wrong`);
  }
}

/**
 * Decodes a page at once.
 * @param body as it lies in the file; values may go on lying there
 * @throws DistributorError `object-corrupt`
 */
export function decodePage(
  decompress: Decompress,
  header: PageHeader,
  body: Uint8Array,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer: PageBuffer,
): Page {
  return header.kind === 'data'
    ? decodeV1(decompress, header, body, leaf, dictionary, buffer)
    : decodeV2(decompress, header, body, leaf, dictionary, buffer);
}

function decodeV1(
  decompress: Decompress,
  header: PageHeader,
  body: Uint8Array,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer: PageBuffer,
): Page {
  const { entries } = header;
  const bytes = decompress(body, header.uncompressedBytes, buffer);
  const view = viewOf(bytes);
  let at = 0;
  const levels = (max: number, encoding: number): Uint8Array => {
    if (max === 0) return NO_BYTES;
    if (encoding !== ENCODING.rle) throw corrupt(`levels in the encoding ${encoding}`);
    const from = at + 4;
    at = from <= bytes.length ? from + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at > bytes.length) throw corrupt('levels reach beyond their page');
    return bytes.subarray(from, at);
  };
  const repetition = readRepetition(levels(leaf.maxRepetition, header.repetitionEncoding), leaf, entries);
  const definitionBytes = levels(leaf.maxDefinition, header.definitionEncoding);
  const { definition, present } = readDefinition(definitionBytes, leaf, entries);
  const values = decodeValues(bytes.subarray(at), header.encoding, present, leaf, dictionary, buffer);
  return { entries, definition, repetition, values };
}

function decodeV2(
  decompress: Decompress,
  header: PageHeader,
  body: Uint8Array,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer: PageBuffer,
): Page {
  const { entries, repetitionBytes, definitionBytes } = header;
  const levelsEnd = repetitionBytes + definitionBytes;
  if (!(repetitionBytes >= 0 && definitionBytes >= 0 && levelsEnd <= body.length)) {
    throw corrupt('levels reach beyond their page');
  }
  const repetition = readRepetition(body.subarray(0, repetitionBytes), leaf, entries);
  const { definition, present } = readDefinition(body.subarray(repetitionBytes, levelsEnd), leaf, entries);
  const packed = body.subarray(levelsEnd);
  const bytes = areValuesCompressed(header) ? decompress(packed, header.uncompressedBytes - levelsEnd, buffer) : packed;
  const values = decodeValues(bytes, header.encoding, present, leaf, dictionary, buffer);
  return { entries, definition, repetition, values };
}

const NO_BYTES = new Uint8Array(0);

function readRepetition(bytes: Uint8Array, { maxRepetition }: Leaf, entries: number): Uint8Array | null {
  if (maxRepetition === 0) return null;
  const levels = new Uint8Array(entries);
  createRuns(bytes, bitWidthOf(maxRepetition)).read(levels, entries);
  return levels;
}

function readDefinition(
  bytes: Uint8Array,
  { maxDefinition }: Leaf,
  entries: number,
): { definition: Uint8Array | null; present: number } {
  if (maxDefinition === 0) return { definition: null, present: entries };
  const runs = createRuns(bytes, bitWidthOf(maxDefinition));
  if (runs.same(entries, maxDefinition)) return { definition: null, present: entries };
  const definition = new Uint8Array(entries);
  runs.read(definition, entries);
  let present = 0;
  for (const level of definition) if (level === maxDefinition) present++;
  if (present < entries) return { definition, present };
  releaseMemory(definition);
  return { definition: null, present };
}
