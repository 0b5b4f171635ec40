import { crc32 } from 'node:zlib';
import type { PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { releaseMemory } from '../../base/release-memory.ts';
import { corrupt, orCorrupt } from '../corrupt.ts';
import type { ByteRun } from './byte-run.ts';
import type { Decompress } from './decompress.ts';
import { bitWidthOf, oneRunOf, readHybrid } from './levels.ts';
import type { PageBuffer } from './page-buffer.ts';
import type { Leaf } from './schema.ts';
import { decodeValues, type PlainValues, type Values } from './values.ts';

/** A page as it lies in the file. `body` is good until the run is asked for more. */
export interface RawPage {
  /** Place of its header in the file. */
  readonly offset: number;
  readonly header: PageHeader;
  readonly body: Uint8Array;
}

/** A data page of a leaf, decoded. Good until the next page of its column. */
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

/** Headers are some dozen bytes; with minimum and maximum of long values in them they can be large. */
const HEADER_BYTES = [1_024, 64 * 1024, 16 * 1024 * 1024];
/** Writers aim at 1 MiB; a page is what must be in memory at once. */
const PAGE_BYTES_MAX = 64 * 1024 * 1024;
/** Runs of nulls or of one dictionary entry cost no bytes: bounds what they can make us allocate. */
const PAGE_ENTRIES_MAX = 8 * 1024 * 1024;

/** The next page of a column chunk, which the run then has behind it. @throws DistributorError `object-corrupt` */
export async function nextPage(run: ByteRun): Promise<RawPage> {
  const { offset } = run;
  const { header, length } = await readHeader(run);
  const compressed = header.compressed_page_size;
  const uncompressed = header.uncompressed_page_size;
  if (!(compressed >= 0 && uncompressed >= 0)) throw corrupt(`the Parquet page at byte ${offset} has a negative size`);
  if (Math.max(compressed, uncompressed) > PAGE_BYTES_MAX) {
    throw corrupt(`the Parquet page at byte ${offset} is larger than ${PAGE_BYTES_MAX} bytes`);
  }
  run.skip(length);
  const body = await run.peek(compressed);
  run.skip(compressed);
  return { offset, header, body };
}

async function readHeader(run: ByteRun): Promise<{ header: PageHeader; length: number }> {
  for (const size of HEADER_BYTES) {
    const bytes = await run.peek(Math.min(size, run.left));
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      // A header that is cut off may go on behind what was looked at.
      if (bytes.length === run.left) throw corrupt(`the Parquet page header at byte ${run.offset} is broken`, error);
    }
  }
  throw corrupt(`the Parquet page header at byte ${run.offset} is broken or longer than ${HEADER_BYTES.at(-1)} bytes`);
}

/** Entries of a data page by its header alone; undefined for other pages. */
export function entriesOf({ header }: RawPage): number | undefined {
  return header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values;
}

/** The values of a dictionary page. @throws DistributorError `object-corrupt` */
export function decodeDictionary(decompress: Decompress, raw: RawPage, leaf: Leaf): PlainValues {
  checkCrc(raw);
  const count = raw.header.dictionary_page_header?.num_values ?? -1;
  checkEntries(count);
  const bytes = decompress(raw.body, raw.header.uncompressed_page_size);
  const values = decodeValues(bytes, 'PLAIN', count, leaf, undefined);
  if (values.kind === 'indices') throw corrupt('a dictionary refers to a dictionary');
  return values;
}

/** @throws DistributorError `object-corrupt` */
export function decodePage(
  decompress: Decompress,
  raw: RawPage,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer: PageBuffer,
): Page {
  checkCrc(raw);
  return orCorrupt(`the Parquet page of ${leaf.name} at byte ${raw.offset}`, () => {
    if (raw.header.data_page_header) return decodeV1(decompress, raw, leaf, dictionary, buffer);
    if (raw.header.data_page_header_v2) return decodeV2(decompress, raw, leaf, dictionary, buffer);
    throw corrupt(`a ${raw.header.type} where data should be`);
  });
}

function checkCrc({ header, body, offset }: RawPage): void {
  // Signed in the header; of the compressed bytes (parquet.thrift, PageHeader.crc).
  if (header.crc !== undefined && header.crc >>> 0 !== crc32(body)) {
    throw corrupt(`the checksum of the Parquet page at byte ${offset} is wrong`);
  }
}

function checkEntries(count: number): void {
  if (!(count >= 0 && count <= PAGE_ENTRIES_MAX)) throw corrupt(`a Parquet page of ${count} entries`);
}

function decodeV1(
  decompress: Decompress,
  raw: RawPage,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer: PageBuffer,
): Page {
  const header = raw.header.data_page_header;
  if (!header) throw corrupt('no header');
  const entries = header.num_values;
  checkEntries(entries);
  const bytes = decompress(raw.body, raw.header.uncompressed_page_size, buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const levels = (max: number, encoding: string): Uint8Array => {
    if (max === 0) return NO_BYTES;
    if (encoding !== 'RLE') throw corrupt(`levels in the encoding ${encoding}`);
    const from = at + 4;
    at = from + view.getUint32(at, true);
    if (at > bytes.length) throw corrupt('levels reach beyond their page');
    return bytes.subarray(from, at);
  };
  const repetition = readRepetition(levels(leaf.maxRepetition, header.repetition_level_encoding), leaf, entries);
  const definitionBytes = levels(leaf.maxDefinition, header.definition_level_encoding);
  const { definition, present } = readDefinition(definitionBytes, leaf, entries);
  const values = decodeValues(bytes.subarray(at), header.encoding, present, leaf, dictionary, buffer);
  return { entries, definition, repetition, values };
}

function decodeV2(
  decompress: Decompress,
  raw: RawPage,
  leaf: Leaf,
  dictionary: PlainValues | undefined,
  buffer: PageBuffer,
): Page {
  const header = raw.header.data_page_header_v2;
  if (!header) throw corrupt('no header');
  const entries = header.num_values;
  checkEntries(entries);
  const repetitionEnd = header.repetition_levels_byte_length;
  const definitionEnd = repetitionEnd + header.definition_levels_byte_length;
  if (!(repetitionEnd >= 0 && definitionEnd >= repetitionEnd && definitionEnd <= raw.body.length)) {
    throw corrupt('levels reach beyond their page');
  }
  const repetition = readRepetition(raw.body.subarray(0, repetitionEnd), leaf, entries);
  const definitionBytes = raw.body.subarray(repetitionEnd, definitionEnd);
  const { definition, present } = readDefinition(definitionBytes, leaf, entries);
  const packed = raw.body.subarray(definitionEnd);
  const bytes =
    header.is_compressed === false
      ? packed
      : decompress(packed, raw.header.uncompressed_page_size - definitionEnd, buffer);
  const values = decodeValues(bytes, header.encoding, present, leaf, dictionary, buffer);
  return { entries, definition, repetition, values };
}

const NO_BYTES = new Uint8Array(0);

function readRepetition(bytes: Uint8Array, { maxRepetition }: Leaf, entries: number): Uint8Array | null {
  return maxRepetition === 0 ? null : readLevels(bytes, maxRepetition, entries);
}

function readDefinition(
  bytes: Uint8Array,
  { maxDefinition }: Leaf,
  entries: number,
): { definition: Uint8Array | null; present: number } {
  if (maxDefinition === 0 || oneRunOf(bytes, 0, bitWidthOf(maxDefinition), entries) === maxDefinition) {
    return { definition: null, present: entries };
  }
  const definition = readLevels(bytes, maxDefinition, entries);
  let present = 0;
  for (const level of definition) if (level === maxDefinition) present++;
  if (present < entries) return { definition, present };
  releaseMemory(definition);
  return { definition: null, present };
}

function readLevels(bytes: Uint8Array, max: number, entries: number): Uint8Array {
  const levels = new Uint8Array(entries);
  readHybrid(bytes, 0, bytes.length, bitWidthOf(max), levels, entries);
  return levels;
}
