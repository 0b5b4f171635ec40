import { corrupt } from '../corrupt.ts';
import type { ColumnCursor, Span } from './column.ts';
import type { Room } from './room.ts';
import type { Leaf } from './schema.ts';
import { createShow, type Show } from './show.ts';
import type { PlainValues, Values } from './values.ts';

/** A JSON text, or bytes where these are wanted. */
export type LeafValue = string | Uint8Array;

/**
 * The entries of one leaf in one row group, row by row: a row has one, or inside of a list or a map one for each element and each null.
 */
export interface LeafRows extends Disposable {
  readonly leaf: Leaf;
  /**
   * Moves to a row, never back, and makes its entries ready.
   * @returns undefined when they were; it throws `object-corrupt` when the column ends before the row
   */
  moveTo(row: number): Promise<void> | undefined;
  /** Of the next entry of the row. */
  readonly definition: number;
  /** Of the next entry of the row; undefined behind its last. */
  readonly repetition: number | undefined;
  /** Leaves the next entry behind. @returns its value; null where there is none, and where it cannot be shown */
  take(): LeafValue | null;
}

export interface LeafRowsOptions {
  /** Number of the row that the cursor stands at. */
  readonly firstRow: number;
  /** Whether values are wanted as bytes. */
  readonly isRaw: boolean;
  /** Of values that are made ready at a time; a single row may have more, for which room is asked. */
  readonly bytesMax: number;
  readonly room: Room;
}

/** Rows that are made ready at a time, where rows are asked for one by one. */
const ROWS_MAX = 1_024;
/** What an entry takes beside its value, by estimate. */
const ENTRY_BYTES = 32;
/** A row that does not end asks for room whenever it has grown by so much. */
const STEP_BYTES = 1024 * 1024;

/** @param cursor over the leaf, in one row group only */
export function createLeafRows(cursor: ColumnCursor, { firstRow, isRaw, bytesMax, room }: LeafRowsOptions): LeafRows {
  const { leaf } = cursor;
  const isFlat = leaf.maxRepetition === 0;
  const holding = room.open();
  const readerOf = isRaw ? rawReader(leaf) : textReader(leaf);
  let definitions: number[] = [];
  let repetitions: number[] = [];
  let values: (LeafValue | null)[] = [];
  /** The next entry, where its row ends, and where the entries end whose rows are whole. */
  let at = 0;
  let rowEnd = 0;
  let wholeEnd = 0;
  /** The row that begins at `rowEnd`. */
  let nextRow = firstRow;
  let rowsWanted = 1;
  let bytes = 0;
  let held = 0;

  const drop = (count: number): void => {
    definitions = definitions.slice(count);
    repetitions = repetitions.slice(count);
    values = values.slice(count);
    at = rowEnd = wholeEnd = 0;
    bytes = values.reduce(addSize, 0);
  };

  const push = (definition: number, repetition: number, value: LeafValue | null): void => {
    definitions.push(definition);
    repetitions.push(repetition);
    values.push(value);
    bytes = addSize(bytes, value);
    if (bytes <= bytesMax || bytes <= held + STEP_BYTES) return;
    held = bytes;
    holding.hold(bytes, `a row with more than ${bytes} bytes of the column ${leaf.name}`);
  };

  /** Takes entries of a span until as many rows are whole as are wanted. @returns how many */
  const takeSpan = ({ page, entry, value }: Span, rows: { whole: number }): number => {
    const { definition, repetition, entries } = page;
    const read = readerOf(page.values);
    let next = value;
    for (let i = entry; i < entries; i++) {
      const level = definition ? (definition[i] as number) : leaf.maxDefinition;
      const repeats = repetition ? (repetition[i] as number) : 0;
      // Where nothing is at hand, a row begins.
      if (repeats !== 0 && definitions.length === 0)
        throw corrupt(`a row of ${leaf.name} begins in the middle of a list`);
      if (!isFlat && repeats === 0 && definitions.length > wholeEnd) {
        wholeEnd = definitions.length;
        rows.whole++;
      }
      if (rows.whole > 0 && (rows.whole >= rowsWanted || bytes >= bytesMax)) return i - entry;
      push(level, repeats, level === leaf.maxDefinition ? read(next++) : null);
      if (isFlat) {
        wholeEnd = definitions.length;
        rows.whole++;
      }
    }
    return entries - entry;
  };

  const fill = async (): Promise<void> => {
    drop(wholeEnd);
    held = 0;
    holding.hold(0, '');
    const rows = { whole: 0 };
    while (rows.whole < rowsWanted && !(rows.whole > 0 && bytes >= bytesMax)) {
      const span = await cursor.load();
      if (!span) {
        wholeEnd = definitions.length;
        break;
      }
      cursor.consume(takeSpan(span, rows));
    }
    rowsWanted = Math.min(ROWS_MAX, rowsWanted * 2);
  };

  /** Leaves rows behind that are not at hand. Of a list they cannot be counted but by its entries. */
  const skipTo = async (row: number): Promise<void> => {
    if (isFlat) {
      await cursor.seek(row);
    } else {
      let rows = row - nextRow + (definitions.length > wholeEnd ? 0 : 1);
      while (rows > 0) {
        const span = await cursor.load();
        if (!span) break;
        const { repetition, entries } = span.page;
        let end = span.entry;
        while (end < entries && !((repetition?.[end] ?? 0) === 0 && --rows === 0)) end++;
        cursor.consume(end - span.entry);
      }
    }
    drop(definitions.length);
    nextRow = row;
  };

  const passRow = (): void => {
    at = rowEnd++;
    while (rowEnd < wholeEnd && repetitions[rowEnd] !== 0) rowEnd++;
    nextRow++;
  };

  const load = async (row: number): Promise<void> => {
    if (nextRow < row) await skipTo(row);
    await fill();
    if (rowEnd === wholeEnd) throw corrupt(`the column ${leaf.name} ends before the others`);
    passRow();
  };

  const missing = `the levels of the column ${leaf.name} do not fit those of the columns beside it`;

  return {
    leaf,
    moveTo(row) {
      if (row > nextRow) rowsWanted = 1;
      while (nextRow < row && rowEnd < wholeEnd) passRow();
      if (nextRow < row || rowEnd === wholeEnd) return load(row);
      passRow();
      return undefined;
    },
    get definition() {
      if (at === rowEnd) throw corrupt(missing);
      return definitions[at] as number;
    },
    get repetition() {
      return at === rowEnd ? undefined : repetitions[at];
    },
    take() {
      if (at === rowEnd) throw corrupt(missing);
      return values[at++] ?? null;
    },
    [Symbol.dispose]() {
      cursor[Symbol.dispose]();
      holding[Symbol.dispose]();
    },
  };
}

function addSize(sum: number, value: LeafValue | null): number {
  return sum + ENTRY_BYTES + (value?.length ?? 0);
}

type ReadValue = (at: number) => LeafValue | null;

/** A larger dictionary is read again for each value rather than kept as texts. */
const DICTIONARY_KEPT_BYTES = 2 * 1024 * 1024;

function textReader(leaf: Leaf): (values: Values) => ReadValue {
  const showOf = createShow(leaf);
  const dictionaries = new WeakMap<PlainValues, Show>();
  return (values) => {
    if (values.kind !== 'indices') return showOf(values);
    const { dictionary, indices } = values;
    const known = dictionaries.get(dictionary);
    const show =
      known ?? (sizeOf(dictionary) > DICTIONARY_KEPT_BYTES ? showOf(dictionary) : remember(showOf(dictionary)));
    if (!known) dictionaries.set(dictionary, show);
    return (at) => show(indices[at] as number);
  };
}

function sizeOf(values: PlainValues): number {
  return values.kind === 'bytes' ? values.bytes.length : values.view.byteLength;
}

function remember(show: Show): Show {
  const texts = new Map<number, string | null>();
  return (at) => {
    const known = texts.get(at);
    if (known !== undefined) return known;
    const text = show(at);
    texts.set(at, text);
    return text;
  };
}

/** Copies, as a page is good only until the next one. */
function rawReader({ type }: Leaf): (values: Values) => ReadValue {
  if (type !== 'BYTE_ARRAY') return () => () => null;
  return (values) => {
    const indices = values.kind === 'indices' ? values.indices : undefined;
    const plain = values.kind === 'indices' ? values.dictionary : values;
    if (plain.kind !== 'bytes') return () => null;
    return (at) => {
      const index = indices ? (indices[at] as number) : at;
      const start = plain.start[index] as number;
      return new Uint8Array(plain.bytes.subarray(start, start + (plain.length[index] as number)));
    };
  };
}
