import { type DecodeLimits, KUBERNETES_FIELDS, type RecordField } from '../../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../../core/limits.ts';
import { SCANNER_STATE } from '../../kernel/calls.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type ChunkStore, SLACK_BYTES } from '../chunk-store.ts';

/** Why a scan ended (assembly/lines.ts). */
export const SCAN = { allRead: 0, chunkFull: 1, unusualLine: 2, noRoom: 3 } as const;

/** The kernel's scan of lines, with what it remembers between two calls. */
export interface Scanner extends Disposable {
  /** Of the chunk at hand: records, bytes of their messages, and what the chunk counts of them. */
  readonly count: number;
  readonly used: number;
  readonly metered: number;
  /** Address of the line that was not taken, or of the end. */
  readonly from: number;
  /** The line that was not taken, without white space around it. */
  readonly line: { readonly start: number; readonly end: number };
  scan(from: number, end: number, store: ChunkStore, wholeRecords: boolean, limits: DecodeLimits): number;
  /** Address behind the line that was not taken. */
  behindLine(end: number): number;
  /** Adds a record that was put into the store by other means. */
  add(stored: number, metered: number): void;
  /** The number of a field's value, new or not. */
  numberOf(field: number, value: string): number;
  /** All values of each field, by their numbers. */
  values(): readonly (readonly string[])[];
  /** Begins a chunk. */
  clear(): void;
}

/** What a scanner takes of the kernel's memory. */
const SCANNER_BYTES = 2_048;
const { news: NEWS, from: FROM, count: COUNT, used: USED, metered: METERED } = SCANNER_STATE;
const { lineStart: LINE_START, lineEnd: LINE_END } = SCANNER_STATE;
const KINDS = { field: 0, message: 1, timestamp: 2, kubernetes: 3 } as const;

/** Values of a chunk's fields: so many different ones, and so many bytes of them; a line with one more is unusual. */
const TABLE_BITS = 12;
const TABLE_BYTES = 16 * 2 ** TABLE_BITS;
const ARENA_BYTES = 256 * 1024;
const NEWS_ENTRY_BYTES = 12;
const NEWS_BYTES = NEWS_ENTRY_BYTES * 2 ** TABLE_BITS;
const NEWLINE = 0x0a;

export function createScanner(kernel: Kernel, fields: readonly RecordField[]): Scanner {
  const { bytes: all, words, calls, memory } = kernel;
  using opened = new DisposableStack();
  const lend = (size: number) => opened.use(memory.lend(size)).at;
  const at = lend(SCANNER_BYTES);
  const table = lend(TABLE_BYTES);
  const arena = lend(ARENA_BYTES);
  const news = lend(NEWS_BYTES);
  const word = (offset: number) => words[(at + offset) / 4] as number;
  const set = (offset: number, value: number) => {
    words[(at + offset) / 4] = value;
  };
  let values: string[][] = [];
  /** Numbers by value, as far as they were needed. */
  let numbers: { readonly known: Map<string, number>; upTo: number }[] = [];

  const addName = (name: string, kind: number, field = 0, inside = false) => {
    const target = calls.addName(name.length, kind, field, inside);
    if (target === 0) throw new Error(`the kernel does not take the name ${name}`);
    all.write(name, target, 'latin1');
  };

  const clear = () => {
    values = fields.map(() => ['']);
    numbers = fields.map(() => ({ known: new Map([['', 0]]), upTo: 1 }));
    for (const offset of [COUNT, USED, METERED]) set(offset, 0);
    calls.clearValues(at, table, TABLE_BITS, arena, ARENA_BYTES, news, NEWS_BYTES);
  };

  const readNews = () => {
    const from = word(NEWS) / 4;
    for (let entry = calls.takeNews(at) - 1, read = 0; read <= entry; read++) {
      const [field = 0, start = 0, length = 0] = words.subarray(from + read * 3, from + read * 3 + 3);
      values[field]?.push(all.toString('utf8', start, start + length));
    }
  };

  calls.clearNames(at);
  addName('message', KINDS.message);
  addName('timestamp', KINDS.timestamp);
  addName('kubernetes', KINDS.kubernetes);
  for (const [field, name] of fields.entries()) addName(name, KINDS.field, field, KUBERNETES_FIELDS.has(name));
  clear();

  const loans = opened.move();
  return {
    get count() {
      return word(COUNT);
    },
    get used() {
      return word(USED);
    },
    get metered() {
      return word(METERED);
    },
    get from() {
      return word(FROM);
    },
    get line() {
      return { start: word(LINE_START), end: word(LINE_END) };
    },
    scan(from, end, store, wholeRecords, limits) {
      set(FROM, from);
      const { starts, lengths, sizes, forms, times, ids, bytes } = store.at;
      return calls.scanLines(
        at,
        end,
        wholeRecords,
        starts,
        lengths,
        sizes,
        forms,
        times,
        ids,
        store.recordsRoom,
        bytes,
        // The scan keeps the slack free by itself.
        store.bytesRoom + SLACK_BYTES,
        fields.length,
        limits.chunkBytesMax,
        limits.chunkRecordsMax,
        EVENT_OVERHEAD_BYTES,
        limits.recordBytesMax,
      );
    },
    behindLine(end) {
      const newline = all.subarray(0, end).indexOf(NEWLINE, word(LINE_END));
      return newline === -1 ? end : newline + 1;
    },
    add(stored, metered) {
      set(COUNT, word(COUNT) + 1);
      set(USED, word(USED) + stored);
      set(METERED, word(METERED) + metered);
    },
    numberOf(field, value) {
      readNews();
      const list = values[field] ?? [];
      const index = numbers[field] ?? { known: new Map<string, number>(), upTo: 0 };
      for (; index.upTo < list.length; index.upTo++) index.known.set(list[index.upTo] ?? '', index.upTo);
      const known = index.known.get(value);
      if (known !== undefined) return known;
      list.push(value);
      return calls.takeNumber(at, field);
    },
    values() {
      readNews();
      return values;
    },
    clear,
    [Symbol.dispose]() {
      loans.dispose();
    },
  };
}
