import { type DecodeLimits, KUBERNETES_FIELDS, type RecordField } from '../../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../../core/limits.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  KIND_FIELD,
  KIND_KUBERNETES,
  KIND_MESSAGE,
  KIND_TIMESTAMP,
  NEWS_ENTRY_BYTES,
  SCANNER_BYTES,
  SCANNER_COUNT,
  SCANNER_FROM,
  SCANNER_LINE_END,
  SCANNER_LINE_START,
  SCANNER_METERED,
  SCANNER_NEWS,
  SCANNER_USED,
  VALUE_ENTRY_BYTES,
} from '../../kernel/layout.ts';
import type { ChunkStore } from '../chunk-store.ts';

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
  /** @returns why it ended: ALL_READ, CHUNK_FULL, UNUSUAL_LINE or NO_ROOM of the kernel's layout */
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

/** Values of a chunk's fields: so many different ones, and so many bytes of them; a line with one more is unusual. */
const TABLE_BITS = 12;
const TABLE_BYTES = VALUE_ENTRY_BYTES * 2 ** TABLE_BITS;
const ARENA_BYTES = 256 * 1024;
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
    const target = calls.addName({ scanner: at, bytes: name.length, kind, field, inside });
    if (target === 0) throw new Error(`the kernel does not take the name ${name}`);
    all.write(name, target, 'latin1');
  };

  const clear = () => {
    values = fields.map(() => ['']);
    numbers = fields.map(() => ({ known: new Map([['', 0]]), upTo: 1 }));
    for (const offset of [SCANNER_COUNT, SCANNER_USED, SCANNER_METERED]) set(offset, 0);
    calls.clearValues({
      scanner: at,
      table,
      tableBits: TABLE_BITS,
      arena,
      arenaBytes: ARENA_BYTES,
      news,
      newsBytes: NEWS_BYTES,
    });
  };

  const readNews = () => {
    const from = word(SCANNER_NEWS) / 4;
    for (let entry = calls.takeNews(at) - 1, read = 0; read <= entry; read++) {
      const [field = 0, start = 0, length = 0] = words.subarray(from + read * 3, from + read * 3 + 3);
      values[field]?.push(all.toString('utf8', start, start + length));
    }
  };

  calls.clearNames(at);
  addName('message', KIND_MESSAGE);
  addName('timestamp', KIND_TIMESTAMP);
  addName('kubernetes', KIND_KUBERNETES);
  for (const [field, name] of fields.entries()) addName(name, KIND_FIELD, field, KUBERNETES_FIELDS.has(name));
  clear();

  const loans = opened.move();
  return {
    get count() {
      return word(SCANNER_COUNT);
    },
    get used() {
      return word(SCANNER_USED);
    },
    get metered() {
      return word(SCANNER_METERED);
    },
    get from() {
      return word(SCANNER_FROM);
    },
    get line() {
      return { start: word(SCANNER_LINE_START), end: word(SCANNER_LINE_END) };
    },
    scan(from, end, store, wholeRecords, limits) {
      set(SCANNER_FROM, from);
      return calls.scanLines({
        scanner: at,
        end,
        wholeRecords,
        ...store.at,
        recordsRoom: store.recordsRoom,
        bytesRoom: store.bytesRoom,
        fieldCount: fields.length,
        chunkBytesMax: limits.chunkBytesMax,
        chunkRecordsMax: limits.chunkRecordsMax,
        recordOverhead: EVENT_OVERHEAD_BYTES,
        lineBytesMax: limits.recordBytesMax,
      });
    },
    behindLine(end) {
      const newline = all.subarray(0, end).indexOf(NEWLINE, word(SCANNER_LINE_END));
      return newline === -1 ? end : newline + 1;
    },
    add(stored, metered) {
      set(SCANNER_COUNT, word(SCANNER_COUNT) + 1);
      set(SCANNER_USED, word(SCANNER_USED) + stored);
      set(SCANNER_METERED, word(SCANNER_METERED) + metered);
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
