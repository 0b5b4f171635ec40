import type { ColumnMetaData, FileMetaData } from 'hyparquet';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type ByteRun, createByteRun } from './byte-run.ts';
import { createDecompress, type Decompress } from './decompress.ts';
import { decodeDictionary, decodePage, entriesOf, nextPage, type Page, type RawPage, releasePage } from './page.ts';
import { createPageBuffer } from './page-buffer.ts';
import type { Leaf } from './schema.ts';
import type { PlainValues } from './values.ts';

/**
 * A cursor over one leaf column, through all row groups of the file, page by page. Nothing is fetched before it is
 * sought or loaded, and no more than a window ahead; no more than the page at hand is kept.
 */
export interface ColumnCursor extends Disposable {
  readonly leaf: Leaf;
  /** Where the page with the next entry begins: from there another cursor can go on. undefined before the first page. */
  readonly position: ColumnPosition | undefined;
  /** Entries from the next one on, at least one; null behind the last of the file. */
  load(): Promise<Span | null>;
  /** Leaves so many entries of the span at hand behind, and the values that belong to them. */
  consume(entries: number): void;
  /**
   * Moves forward to a row of the file, and asks for what follows. Pages before it are not decompressed, and not fetched where that
   * can be avoided.
   */
  seek(row: number): Promise<void>;
}

/** Row group, offset of the page's header in the file, and the number of the page's first row in its row group. */
export type ColumnPosition = readonly [rowGroup: number, pageOffset: number, row: number];

export interface Span {
  readonly page: Page;
  /** Index of the next entry in the page. */
  readonly entry: number;
  /** Index of the next value in the page's values: entries without one have none. */
  readonly value: number;
}

export interface ParquetFile {
  readonly kernel: Kernel;
  readonly source: ByteSource;
  readonly metadata: FileMetaData;
  /** Number of the first row of each row group, and the number of all rows behind the last. */
  readonly groupRows: readonly number[];
}

export function createColumnCursor(
  file: ParquetFile,
  leaf: Leaf,
  from: ColumnPosition | undefined,
  signal: AbortSignal,
): ColumnCursor {
  const { groupRows } = file;
  const buffer = createPageBuffer(file.kernel);
  const repeated = leaf.maxRepetition > 0;
  let group = from?.[0] ?? 0;
  let chunk: ColumnChunk | undefined;
  /** Entries of the row group behind us; for a leaf that is not repeated these are rows. */
  let passed = from?.[2] ?? 0;
  let resumeAt = from?.[1];
  let page: Page | undefined;
  let position: ColumnPosition | undefined;
  let entry = 0;
  let value = 0;

  const endOf = (opened: ColumnChunk) => (repeated ? opened.values : rowsIn(groupRows, group));

  /** The chunk that the next page is in; undefined at the end of the file. */
  const open = async (): Promise<ColumnChunk | undefined> => {
    while (group < groupRows.length - 1) {
      chunk ??= openChunk(file, leaf, group, signal);
      if (passed < endOf(chunk)) {
        await chunk.prepare(resumeAt);
        resumeAt = undefined;
        return chunk;
      }
      leaveGroup();
    }
    return undefined;
  };

  const consume = (entries: number): void => {
    if (!page) throw new Error('nothing is loaded');
    value += countValues(page, entry, entries, leaf.maxDefinition);
    entry += entries;
  };

  const leavePage = (): void => {
    if (page) releasePage(page);
    page = undefined;
  };

  const leaveGroup = (): void => {
    chunk?.[Symbol.dispose]();
    group++;
    chunk = undefined;
    leavePage();
    passed = 0;
    resumeAt = undefined;
  };

  const begin = (decoded: Page): void => {
    page = decoded;
    entry = 0;
    value = 0;
  };

  const drop = (): void => {
    if (!page || entry < page.entries) return;
    passed += page.entries;
    leavePage();
  };

  const read = async (opened: ColumnChunk): Promise<{ raw: RawPage; entries: number }> => {
    const raw = await opened.nextDataPage();
    const entries = entriesOf(raw) ?? 0;
    if (passed + entries > endOf(opened))
      throw corrupt(`the pages of ${leaf.name} have more rows than their row group`);
    position = [group, raw.offset, passed];
    return { raw, entries };
  };

  return {
    leaf,
    get position(): ColumnPosition | undefined {
      // Behind a page that is used up, the next one; it has not been looked at, and need not be.
      if (chunk && page && entry === page.entries) return [group, chunk.offset, passed + entry];
      return position;
    },
    async load() {
      drop();
      while (!page) {
        const opened = await open();
        if (!opened) return null;
        const { raw, entries } = await read(opened);
        if (entries === 0) continue;
        begin(decodePage(opened.decompress, raw, leaf, opened.dictionary, buffer));
      }
      return { page, entry, value };
    },
    consume,
    [Symbol.dispose]() {
      chunk?.[Symbol.dispose]();
      buffer[Symbol.dispose]();
    },
    async seek(row) {
      while (group < groupRows.length - 1 && row >= (groupRows[group + 1] ?? 0)) leaveGroup();
      const target = row - (groupRows[group] ?? 0);
      if (repeated && target > 0) throw new Error(`the rows of ${leaf.name} cannot be counted by its pages`);
      drop();
      while (passed + (page ? entry : 0) < target) {
        if (page) {
          consume(Math.min(target - passed - entry, page.entries - entry));
          drop();
          continue;
        }
        const opened = await open();
        if (!opened) throw corrupt(`${leaf.name} ends before row ${row}`);
        const { raw, entries } = await read(opened);
        if (passed + entries <= target) passed += entries;
        else begin(decodePage(opened.decompress, raw, leaf, opened.dictionary, buffer));
      }
      if (!page) await open();
    },
  };
}

function rowsIn(groupRows: readonly number[], group: number): number {
  return (groupRows[group + 1] ?? 0) - (groupRows[group] ?? 0);
}

/** How many of the entries [from, from + count) have a value. */
export function countValues({ definition }: Page, from: number, count: number, maxDefinition: number): number {
  if (!definition) return count;
  let values = 0;
  for (let i = from; i < from + count; i++) if (definition[i] === maxDefinition) values++;
  return values;
}

/** One column chunk: the pages of a leaf in one row group. */
interface ColumnChunk extends Disposable {
  readonly decompress: Decompress;
  /** Values and nulls, as the metadata has them. */
  readonly values: number;
  readonly dictionary: PlainValues | undefined;
  /** Place of the next page in the file. */
  readonly offset: number;
  /** Reads the dictionary, if there is one, and moves to the page at this offset, or to the first. */
  prepare(pageOffset: number | undefined): Promise<void>;
  nextDataPage(): Promise<RawPage>;
}

function openChunk(file: ParquetFile, leaf: Leaf, group: number, signal: AbortSignal): ColumnChunk {
  const metadata = findColumn(file, leaf, group);
  const { codec, encodings } = metadata;
  const decompress = createDecompress(file.kernel, codec);
  const hasDictionary = encodings?.some((encoding) => encoding.endsWith('DICTIONARY')) ?? true;
  const dataOffset = Number(metadata.data_page_offset);
  const dictionaryOffset = Number(metadata.dictionary_page_offset ?? 0);
  // Some writers set the offset to 0, or to that of the data, where there is no dictionary.
  const start = dictionaryOffset > 0 && dictionaryOffset < dataOffset ? dictionaryOffset : dataOffset;
  const end = start + Number(metadata.total_compressed_size);
  if (!(start >= 4 && end >= start && end <= file.source.size)) {
    throw corrupt(`the column chunk of ${leaf.name} lies at bytes ${start} to ${end} of ${file.source.size}`);
  }
  let run: ByteRun | undefined;
  let dictionary: PlainValues | undefined;

  /** Dictionaries come first, but not every writer says so in the metadata: any page may be one. */
  const readPage = async (from: ByteRun): Promise<RawPage | undefined> => {
    const raw = await nextPage(from);
    if (!raw.header.dictionary_page_header) return raw;
    dictionary = decodeDictionary(decompress, raw, leaf);
    return undefined;
  };

  return {
    decompress,
    values: Number(metadata.num_values),
    get dictionary() {
      return dictionary;
    },
    get offset() {
      return run?.offset ?? start;
    },
    async prepare(pageOffset) {
      if (run) return;
      if (pageOffset === undefined || pageOffset <= start) {
        run = createByteRun(file, start, end, signal);
        return;
      }
      if (pageOffset > end) throw corrupt(`the saved position of ${leaf.name} lies beyond its column chunk`);
      if (hasDictionary) {
        // Where its end is known, no page behind it is fetched.
        using first = createByteRun(
          file,
          start,
          start < dataOffset ? Math.min(dataOffset, pageOffset) : pageOffset,
          signal,
        );
        await readPage(first);
      }
      run = createByteRun(file, pageOffset, end, signal);
    },
    [Symbol.dispose]() {
      run?.[Symbol.dispose]();
    },
    async nextDataPage() {
      if (!run) throw new Error('not prepared');
      for (;;) {
        if (run.left === 0) throw corrupt(`the pages of ${leaf.name} have fewer rows than their row group`);
        const raw = await readPage(run);
        if (raw && entriesOf(raw) !== undefined) return raw;
      }
    },
  };
}

function findColumn({ metadata }: ParquetFile, leaf: Leaf, group: number): ColumnMetaData {
  const column = metadata.row_groups[group]?.columns.find(
    ({ meta_data: data }) => data !== undefined && data.path_in_schema.join('.') === leaf.name,
  );
  if (!column?.meta_data) throw corrupt(`row group ${group} has no column ${leaf.name}, or an encrypted one`);
  if (column.file_path) throw corrupt(`the column ${leaf.name} lies in another file`);
  return column.meta_data;
}
