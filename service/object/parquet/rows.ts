import type { DecodedArray, ParquetParsers, SchemaTree } from 'hyparquet';
import { assembleLists, assembleNested } from 'hyparquet/src/assemble.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { settleAll } from '../../base/settle-all.ts';
import { corrupt, orCorrupt } from '../corrupt.ts';
import { type ColumnCursor, countValues, createColumnCursor, type ParquetFile, type Span } from './column.ts';
import type { Leaf, ParquetSchema } from './schema.ts';
import { type PlainValues, rawValues, type Values } from './values.ts';

/**
 * Whole records as JSON, for deliveries that want them and for records without a message. The slow path: every column is
 * read and every record becomes an object, a window of rows at a time.
 */
export interface RowReader extends Disposable {
  /** The JSON of a row of the file. Rows are asked for in ascending order. */
  textOf(row: number): Promise<string>;
}

declare global {
  /** In V8 since 11.4; TypeScript's library does not have it yet. */
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

const WINDOW_ROWS = 1_024;

export function createRowReader(file: ParquetFile, schema: ParquetSchema, signal: AbortSignal): RowReader {
  // Most objects have no record that needs them.
  let columns: readonly LeafReader[] = [];
  let texts: string[] = [];
  let first = 0;

  const fill = async (row: number): Promise<void> => {
    // A window lies within one row group, as the pages of its columns do.
    const end = file.groupRows.find((start) => start > row) ?? row;
    const rows = Math.min(WINDOW_ROWS, end - row);
    if (rows <= 0) throw corrupt(`there is no row ${row}`);
    if (columns.length === 0) columns = schema.leaves.map((leaf) => createLeafReader(file, leaf, signal));
    const taken = await settleAll(
      columns.map(async (column) => [column.leaf.name, await column.take(row, rows)] as const),
    );
    const data = new Map<string, DecodedArray>(taken);
    texts = orCorrupt('the records of a Parquet file', () => assemble(schema.tree, data, rows));
    first = row;
  };

  return {
    async textOf(row) {
      if (row < first || row >= first + texts.length) await fill(row);
      return texts[row - first] ?? '';
    },
    [Symbol.dispose]() {
      for (const column of columns) column[Symbol.dispose]();
    },
  };
}

/** Reads rows of one leaf, of lists too, as arrays nested the way that hyparquet's assembly takes them. */
interface LeafReader extends Disposable {
  readonly leaf: Leaf;
  /** Rows [row, row + rows); never before those of the last call. */
  take(row: number, rows: number): Promise<DecodedArray>;
}

function createLeafReader(file: ParquetFile, leaf: Leaf, signal: AbortSignal): LeafReader {
  const cursor = createColumnCursor(file, leaf, undefined, signal);
  const toRich = createConverter(leaf);
  let at = 0;

  /** The rows of a list cannot be counted by page headers: its row group must be read from its beginning. */
  const moveTo = async (row: number): Promise<void> => {
    if (leaf.maxRepetition === 0) return cursor.seek(row);
    const groupStart = file.groupRows.findLast((start) => start <= row) ?? 0;
    if (groupStart > at) {
      await cursor.seek(groupStart);
      at = groupStart;
    }
    await takeEntries(cursor, row - at, () => {});
  };

  return {
    leaf,
    [Symbol.dispose]: () => cursor[Symbol.dispose](),
    async take(row, rows) {
      await moveTo(row);
      const definition: number[] = [];
      const repetition: number[] = [];
      const values: unknown[] = [];
      await takeEntries(cursor, rows, ({ page, entry, value }, entries) => {
        for (let i = entry; i < entry + entries; i++) {
          definition.push(page.definition?.[i] ?? leaf.maxDefinition);
          if (page.repetition) repetition.push(page.repetition[i] ?? 0);
        }
        const rich = toRich(page.values);
        const count = countValues(page, entry, entries, leaf.maxDefinition);
        for (let i = value; i < value + count; i++) values.push(rich(i));
      });
      at = row + rows;
      return assembleLists([], definition, repetition, values, leaf.schemaPath);
    },
  };
}

/** Calls back for the entries of the next `rows` rows. A row of a list goes on as long as its repetition level is not 0. */
async function takeEntries(
  cursor: ColumnCursor,
  rows: number,
  visit: (span: Span, entries: number) => void,
): Promise<void> {
  if (rows === 0) return;
  let begun = 0;
  for (;;) {
    const span = await cursor.load();
    if (!span) {
      if (begun < rows) throw corrupt(`the column ${cursor.leaf.name} ends before the others`);
      return;
    }
    const { page, entry } = span;
    let end = entry;
    for (; end < page.entries; end++) {
      if ((page.repetition?.[end] ?? 0) === 0 && begun++ === rows) break;
    }
    if (end > entry) {
      visit(span, end - entry);
      cursor.consume(end - entry);
    }
    if (end < page.entries) return;
    if (!page.repetition && begun === rows) return;
  }
}

function createConverter(leaf: Leaf): (values: Values) => (at: number) => unknown {
  const decoder = {
    pathInSchema: [...leaf.path],
    type: leaf.element.type ?? 'BYTE_ARRAY',
    element: leaf.element,
    schemaPath: leaf.schemaPath,
    codec: 'UNCOMPRESSED' as const,
    parsers: PARSERS,
  };
  const known = new WeakMap<PlainValues, DecodedArray>();
  const rich = (values: PlainValues): DecodedArray => {
    const converted =
      known.get(values) ??
      orCorrupt(`values of ${leaf.name}`, () => convert(Array.from(rawValues(values, leaf), own), decoder));
    known.set(values, converted);
    return converted;
  };
  return (values) => {
    if (values.kind !== 'indices') {
      const converted = rich(values);
      return (at) => converted[at];
    }
    const converted = rich(values.dictionary);
    return (at) => converted[values.indices[at] ?? 0];
  };
}

/** A page's bytes are good only until the next page. */
function own(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/** Times as RFC 3339 text with all the digits that the column has. */
const PARSERS: ParquetParsers = {
  ...DEFAULT_PARSERS,
  timestampFromMilliseconds: (millis) => rfc3339(BigInt(millis) * 1_000_000n),
  timestampFromMicroseconds: (micros) => rfc3339(micros * 1_000n),
  timestampFromNanoseconds: (nanos) => rfc3339(nanos),
};

function rfc3339(nanos: bigint): string {
  let seconds = nanos / 1_000_000_000n;
  let rest = nanos % 1_000_000_000n;
  if (rest < 0n) {
    seconds -= 1n;
    rest += 1_000_000_000n;
  }
  const date = new Date(Number(seconds) * 1_000);
  if (Number.isNaN(date.getTime())) return String(nanos);
  const fraction = String(rest)
    .padStart(9, '0')
    .replace(/(000){0,2}$/, '');
  return `${date.toISOString().slice(0, -5)}.${fraction}Z`;
}

function assemble(tree: SchemaTree, data: Map<string, DecodedArray>, rows: number): string[] {
  for (const child of tree.children) {
    if (child.children.length > 0) assembleNested(data, child, PARSERS);
  }
  const columns = tree.children.map(({ element }) => ({ name: element.name, values: data.get(element.name) }));
  for (const { name, values } of columns) {
    if (values?.length !== rows) throw corrupt(`the column ${name} has ${values?.length} rows of ${rows}`);
  }
  return Array.from({ length: rows }, (_, row) =>
    JSON.stringify(Object.fromEntries(columns.map(({ name, values }) => [name, values?.[row]])), toJsonValue),
  );
}

/** A null is a member that the record does not have; in a list it is an element. */
function toJsonValue(this: unknown, _key: string, value: unknown): unknown {
  if (value === null) return Array.isArray(this) ? null : undefined;
  // A number of JSON has any number of digits.
  if (typeof value === 'bigint') return JSON.rawJSON(String(value));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}
