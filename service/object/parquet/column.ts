import { present } from '../../base/present.ts';
import { corrupt } from '../corrupt.ts';
import { type ColumnChunk, type ColumnMemory, type OpenPage, openChunk, type ParquetFile } from './column-chunk.ts';
import { type Page, releasePage } from './page.ts';
import { createPageBuffer } from './page-buffer.ts';
import type { PlacedPage } from './page-header.ts';
import type { Leaf } from './schema.ts';

/**
 * A cursor over one leaf column, through all row groups of the file, page by page. Nothing is fetched before it is
 * sought or loaded, and no more than a window ahead; no more than the page at hand, or a slice of it, is kept.
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
  /** A page, or a slice of a large one. */
  readonly page: Page;
  /** Index of the next entry in the page. */
  readonly entry: number;
  /** Index of the next value in the page's values: entries without one have none. */
  readonly value: number;
}

/** The page at hand. */
interface Opened {
  readonly slices: OpenPage;
  readonly entries: number;
  /** Entries in front of the slice at hand. */
  behind: number;
  slice: Page | undefined;
  /** Of the slice at hand: its next entry, and the value that belongs to it or to the next one that has any. */
  entry: number;
  value: number;
}

export function createColumnCursor(
  file: ParquetFile,
  leaf: Leaf,
  from: ColumnPosition | undefined,
  memory: ColumnMemory,
  signal: AbortSignal,
): ColumnCursor {
  const { groupRows } = file;
  const buffer = createPageBuffer(file.kernel);
  const repeated = leaf.maxRepetition > 0;
  let group = from?.[0] ?? 0;
  let chunk: ColumnChunk | undefined;
  /** Entries of the row group in front of the page at hand; for a leaf that is not repeated these are rows. */
  let passed = from?.[2] ?? 0;
  let resumeAt = from?.[1];
  let opened: Opened | undefined;
  let position: ColumnPosition | undefined;

  const endOf = (open: ColumnChunk) => (repeated ? open.values : rowsIn(groupRows, group));

  /** The chunk that the next page is in; undefined at the end of the file. */
  const openNextChunk = async (): Promise<ColumnChunk | undefined> => {
    for (; group < groupRows.length - 1; leaveGroup()) {
      // Where there are no rows there is nothing to read, and the columns may lie nowhere.
      if (rowsIn(groupRows, group) === 0) continue;
      chunk ??= openChunk(file, leaf, group, memory, signal);
      if (passed >= endOf(chunk)) continue;
      await chunk.prepare(resumeAt);
      resumeAt = undefined;
      return chunk;
    }
    return undefined;
  };

  const leaveSlice = (): void => {
    if (!opened?.slice) return;
    releasePage(opened.slice);
    opened.behind += opened.slice.entries;
    opened.slice = undefined;
    opened.entry = 0;
    opened.value = 0;
  };

  const leavePage = (): void => {
    leaveSlice();
    opened?.slices[Symbol.dispose]();
    opened = undefined;
  };

  const leaveGroup = (): void => {
    leavePage();
    chunk?.[Symbol.dispose]();
    group++;
    chunk = undefined;
    passed = 0;
    resumeAt = undefined;
  };

  const nextPage = async (from: ColumnChunk): Promise<PlacedPage> => {
    const placed = await from.nextDataPage();
    const { entries } = placed.header;
    if (entries < 0) throw corrupt(`a Parquet page of ${entries} entries`);
    if (passed + entries > endOf(from)) throw corrupt(`the pages of ${leaf.name} have more rows than their row group`);
    position = [group, placed.offset, passed];
    return placed;
  };

  const open = async (from: ColumnChunk, placed: PlacedPage): Promise<void> => {
    const slices = await from.open(placed, buffer);
    opened = { slices, entries: placed.header.entries, behind: 0, slice: undefined, entry: 0, value: 0 };
  };

  /** The slice that has the next entry of the page at hand; undefined behind its last one. */
  const nextSlice = async (): Promise<Page | undefined> => {
    if (!opened) return undefined;
    if (opened.slice && opened.entry < opened.slice.entries) return opened.slice;
    leaveSlice();
    opened.slice = await opened.slices.next();
    if (opened.slice) return opened.slice;
    passed += opened.entries;
    leavePage();
    return undefined;
  };

  const consume = (entries: number): void => {
    if (!opened?.slice) throw new Error('nothing is loaded');
    opened.value += countValues(opened.slice, opened.entry, entries, leaf.maxDefinition);
    opened.entry += entries;
  };

  const row = () => passed + (opened ? opened.behind + opened.entry : 0);

  return {
    leaf,
    get position(): ColumnPosition | undefined {
      // Behind a page that is used up, the next one; it has not been looked at, and need not be.
      if (chunk && opened && opened.behind + opened.entry === opened.entries) return [group, chunk.offset, row()];
      return position;
    },
    async load() {
      for (;;) {
        const slice = await nextSlice();
        if (slice && opened) return { page: slice, entry: opened.entry, value: opened.value };
        const from = await openNextChunk();
        if (!from) return null;
        const placed = await nextPage(from);
        if (placed.header.entries > 0) await open(from, placed);
      }
    },
    consume,
    [Symbol.dispose]() {
      leavePage();
      chunk?.[Symbol.dispose]();
      buffer[Symbol.dispose]();
    },
    async seek(wanted) {
      while (group < groupRows.length - 1 && wanted >= firstRowOf(groupRows, group + 1)) leaveGroup();
      const target = wanted - firstRowOf(groupRows, group);
      if (repeated && target > 0) throw new Error(`the rows of ${leaf.name} cannot be counted by its pages`);
      while (row() < target) {
        const slice = await nextSlice();
        if (slice && opened) {
          consume(Math.min(target - row(), slice.entries - opened.entry));
          continue;
        }
        const from = await openNextChunk();
        if (!from) throw corrupt(`${leaf.name} ends before row ${wanted}`);
        const placed = await nextPage(from);
        if (passed + placed.header.entries <= target) passed += placed.header.entries;
        else await open(from, placed);
      }
      if (!opened) await openNextChunk();
    },
  };
}

/** The number of a row group's first row; of the one behind the last: of all rows. */
export function firstRowOf(groupRows: readonly number[], group: number): number {
  return present(groupRows[group], 'a row group');
}

function rowsIn(groupRows: readonly number[], group: number): number {
  return firstRowOf(groupRows, group + 1) - firstRowOf(groupRows, group);
}

/** How many of the entries [from, from + count) have a value. */
export function countValues({ definition }: Page, from: number, count: number, maxDefinition: number): number {
  if (!definition) return count;
  let values = 0;
  for (let i = from; i < from + count; i++) if (definition[i] === maxDefinition) values++;
  return values;
}
