import { crc32 } from 'node:zlib';
import { releaseMemory } from '../../base/release-memory.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type ByteRun, bodyOf, createByteRun } from './byte-run.ts';
import { CODECS, type Codec, codecOf, createDecompress } from './codecs.ts';
import type { ColumnMetadata, FileMetadata } from './metadata.ts';
import { checkSum, decodePage, type Page } from './page.ts';
import type { PageBuffer } from './page-buffer.ts';
import { nextPage, type PlacedPage } from './page-header.ts';
import { openSlices } from './page-slices.ts';
import { createPageStream, readOut } from './page-stream.ts';
import type { Room } from './room.ts';
import type { Leaf } from './schema.ts';
import { decodeValues, ENCODING, type PlainValues, STREAMED_ENCODINGS } from './values.ts';

export interface ParquetFile {
  readonly kernel: Kernel;
  readonly source: ByteSource;
  readonly metadata: FileMetadata;
  /** Number of the first row of each row group, and the number of all rows behind the last. */
  readonly groupRows: readonly number[];
}

/** What a column may take of the memory that its decoder has. */
export interface ColumnMemory {
  readonly room: Room;
  /** Larger pages are read a slice at a time. */
  readonly pageBytesMax: number;
  /** Of what is fetched at a time. */
  readonly windowBytes: number;
}

/** One column chunk: the pages of a leaf in one row group. */
export interface ColumnChunk extends Disposable {
  /** Values and nulls, as the metadata has them. */
  readonly values: number;
  /** Place of the next page in the file. */
  readonly offset: number;
  /** Reads the dictionary, if there is one, and moves to the page at this offset, or to the first. */
  prepare(pageOffset: number | undefined): Promise<void>;
  /** The next data page. What is not opened of it is not read. */
  nextDataPage(): Promise<PlacedPage>;
  /**
   * Opens the page that `nextDataPage` gave last.
   * @param buffer where it may lie
   */
  open(page: PlacedPage, buffer: PageBuffer): Promise<OpenPage>;
}

/** A data page: one slice, or many. */
export interface OpenPage extends Disposable {
  /** The next slice, good until the next one; undefined behind the last. */
  next(): Promise<Page | undefined>;
}

/** Runs of nulls or of one dictionary entry cost no bytes: pages of more entries are not decoded at once, however small they are. */
const PAGE_ENTRIES_MAX = 1024 * 1024;
/** Place and numbers of a value of a dictionary, beside its bytes: start and length, and what readers note of each. */
const PLACE_BYTES = 20;

/** Why a leaf cannot be read in a row group, whatever its bytes are; undefined where it can. */
export function problemOf({ metadata }: ParquetFile, leaf: Leaf, group: number): string | undefined {
  const column = findColumn(metadata, leaf, group);
  if (!column) return 'the row group does not have it';
  if (column.problem) return column.problem;
  return codecOf(column.codec) ? undefined : `the codec ${CODECS[column.codec] ?? column.codec} is not supported`;
}

export function openChunk(
  file: ParquetFile,
  leaf: Leaf,
  group: number,
  memory: ColumnMemory,
  signal: AbortSignal,
): ColumnChunk {
  const { metadata, codec } = readable(file, leaf, group);
  const { start, dataOffset, end } = extentOf(file, leaf, metadata);
  const { kernel } = file;
  const decompress = codec === 'LZ4' ? undefined : createDecompress(kernel, codec);
  const holding = memory.room.open();
  let run: ByteRun | undefined;
  let offset = start;
  let dictionary: PlainValues | undefined;

  const createRun = (from: number, to: number) => createByteRun(file, from, to, memory.windowBytes, signal);

  /** A large page is fetched once more for its checksum, before anything of it is used. */
  const checkLarge = async ({ header, offset: at, end: to }: PlacedPage): Promise<void> => {
    if (header.crc === undefined) return;
    using again = createRun(to - header.compressedBytes, to);
    const body = bodyOf(again, to);
    let sum = 0;
    while (body.left > 0) {
      const piece = await body.peekSome();
      sum = crc32(piece, sum);
      body.skip(piece.length);
    }
    checkSum(header, at, sum);
  };

  /** The body of a page that is small enough to be used at once; undefined for others. */
  const smallBody = async (from: ByteRun, { header, offset: at }: PlacedPage): Promise<Uint8Array | undefined> => {
    const { compressedBytes, uncompressedBytes } = header;
    if (Math.max(compressedBytes, uncompressedBytes) > memory.pageBytesMax) return undefined;
    const body = await from.peek(compressedBytes);
    if (header.crc !== undefined) checkSum(header, at, crc32(body));
    return body;
  };

  const readDictionary = async (from: ByteRun, page: PlacedPage): Promise<PlainValues> => {
    const { entries, uncompressedBytes: length } = page.header;
    if (entries < 0) throw corrupt(`a dictionary of ${entries} values`);
    holding.hold(length + entries * PLACE_BYTES, `a dictionary of ${length} bytes in the column ${leaf.name}`);
    const body = decompress && (await smallBody(from, page));
    const bytes = body ? decompress(body, length) : await readLargeDictionary(from, page);
    const values = decodeValues(bytes, ENCODING.plain, entries, leaf, undefined);
    if (values.kind === 'indices') throw corrupt('a dictionary refers to a dictionary');
    return values;
  };

  const readLargeDictionary = async (from: ByteRun, page: PlacedPage): Promise<Uint8Array> => {
    const { uncompressedBytes: length } = page.header;
    await checkLarge(page);
    using stream = await createPageStream(kernel, codec, bodyOf(from, page.end), length, memory.room);
    const bytes = await readOut(stream, length);
    await stream.finish();
    return bytes;
  };

  /** Dictionaries come first, but not every writer says so in the metadata: any page may be one. */
  const readPage = async (from: ByteRun): Promise<PlacedPage | undefined> => {
    const page = await nextPage(from);
    if (page.header.kind !== 'dictionary') return page;
    dictionary = await readDictionary(from, page);
    from.skip(page.end - from.offset);
    return undefined;
  };

  return {
    values: metadata.values,
    get offset() {
      return offset;
    },
    async prepare(pageOffset) {
      if (run) return;
      if (pageOffset === undefined || pageOffset <= start) {
        run = createRun(start, end);
        return;
      }
      if (pageOffset > end) throw corrupt(`the saved position of ${leaf.name} lies beyond its column chunk`);
      if (metadata.hasDictionary) {
        // Where its end is known, no page behind it is fetched.
        using first = createRun(start, start < dataOffset ? Math.min(dataOffset, pageOffset) : pageOffset);
        await readPage(first);
      }
      run = createRun(pageOffset, end);
      offset = pageOffset;
    },
    async nextDataPage() {
      if (!run) throw new Error('not prepared');
      for (;;) {
        run.skip(offset - run.offset);
        if (run.left === 0) throw corrupt(`the pages of ${leaf.name} have fewer rows than their row group`);
        const page = await readPage(run);
        offset = page?.end ?? run.offset;
        if (page && page.header.kind !== 'other') return page;
      }
    },
    async open(page, buffer) {
      if (!run) throw new Error('not prepared');
      const { header } = page;
      const isWhole = header.entries <= PAGE_ENTRIES_MAX && !STREAMED_ENCODINGS.includes(header.encoding);
      const body = decompress && isWhole ? await smallBody(run, page) : undefined;
      if (decompress && body) return onePage(decodePage(decompress, header, body, leaf, dictionary, buffer));
      await checkLarge(page);
      const context = { kernel, codec, leaf, room: memory.room, buffer };
      return openSlices(context, header, bodyOf(run, page.end), dictionary);
    },
    [Symbol.dispose]() {
      run?.[Symbol.dispose]();
      if (dictionary) releaseMemory(dictionary.kind === 'bytes' ? dictionary.bytes : dictionary.view);
      holding[Symbol.dispose]();
    },
  };
}

function onePage(page: Page): OpenPage {
  let next: Page | undefined = page;
  return {
    async next() {
      const only = next;
      next = undefined;
      return only;
    },
    [Symbol.dispose]() {},
  };
}

/** The columns of a row group stand in the order of the schema; some writers' do not. */
function findColumn({ rowGroups }: FileMetadata, { index, name }: Leaf, group: number): ColumnMetadata | undefined {
  const columns = rowGroups[group]?.columns ?? [];
  const expected = columns[index];
  // One that is encrypted with its own key keeps its name to itself.
  if (expected?.name === name || expected?.name === '') return expected;
  return columns.find((column) => column.name === name);
}

function readable(
  file: ParquetFile,
  leaf: Leaf,
  group: number,
): { readonly metadata: ColumnMetadata; readonly codec: Codec } {
  const metadata = findColumn(file.metadata, leaf, group);
  const codec = metadata && codecOf(metadata.codec);
  const problem = problemOf(file, leaf, group);
  if (!metadata || !codec || problem)
    throw corrupt(`the column ${leaf.name} of row group ${group} cannot be read: ${problem}`);
  return { metadata, codec };
}

function extentOf(
  { source }: ParquetFile,
  leaf: Leaf,
  { dataPageOffset, dictionaryPageOffset, compressedBytes }: ColumnMetadata,
): { readonly start: number; readonly dataOffset: number; readonly end: number } {
  // Some writers set the offset to 0, or to that of the data, where there is no dictionary.
  const hasOwn = dictionaryPageOffset > 0 && dictionaryPageOffset < dataPageOffset;
  const start = hasOwn ? dictionaryPageOffset : dataPageOffset;
  const end = start + compressedBytes;
  if (!(start >= 4 && end >= start && end <= source.size)) {
    throw corrupt(`the column chunk of ${leaf.name} lies at bytes ${start} to ${end} of ${source.size}`);
  }
  return { start, dataOffset: dataPageOffset, end };
}
