import { present } from '../../base/present.ts';
import type { TextColumn } from '../../core/chunk.ts';
import { corrupt } from '../corrupt.ts';
import { fieldText } from '../text/record.ts';
import type { ColumnCursor, Span } from './column.ts';
import type { Leaf } from './schema.ts';
import { createShow } from './show.ts';
import type { PlainValues } from './values.ts';

/** Calls back for each stretch of the next `rows` rows that lies in one page. */
export async function eachSpan(
  cursor: ColumnCursor,
  rows: number,
  visit: (span: Span, row: number, count: number) => void,
): Promise<void> {
  for (let row = 0; row < rows; ) {
    const span = await cursor.load();
    if (!span) throw corrupt(`the column ${cursor.leaf.name} ends before the others`);
    const count = Math.min(rows - row, span.page.entries - span.entry);
    visit(span, row, count);
    cursor.consume(count);
    row += count;
  }
}

/** Reads the next `rows` rows of a text column: the number of each row's value into `index`. */
export async function readTextColumn(cursor: ColumnCursor, rows: number, index: Uint32Array): Promise<TextColumn> {
  const { leaf } = cursor;
  const values = createValueTable();
  // Of each dictionary met in this chunk: its entries' numbers, looked up when first used.
  const known = new Map<PlainValues, (entry: number) => number>();
  const numbersOf = (plain: PlainValues, again: boolean) => {
    const numberOf = known.get(plain) ?? numberReader(plain, leaf, values);
    if (again) known.set(plain, numberOf);
    return numberOf;
  };
  /** What all rows so far are; undefined: nothing yet, null: they are not one. */
  let only: number | null | undefined;

  await eachSpan(cursor, rows, ({ page, entry, value }, row, count) => {
    const { definition, values: pageValues } = page;
    const isIndexed = pageValues.kind === 'indices';
    const numberOf = numbersOf(isIndexed ? pageValues.dictionary : pageValues, isIndexed);
    if (isIndexed && pageValues.only !== undefined && !definition) {
      const number = numberOf(pageValues.only);
      index.fill(number, row, row + count);
      only = only === undefined || only === number ? number : null;
      return;
    }
    only = null;
    const indices = isIndexed ? pageValues.indices : undefined;
    let next = value;
    for (let at = 0; at < count; at++) {
      if (definition && definition[entry + at] !== leaf.maxDefinition) {
        index[row + at] = 0;
      } else {
        index[row + at] = numberOf(indices ? (indices[next] as number) : next);
        next++;
      }
    }
  });
  return { values: values.list, index, ...(typeof only === 'number' ? { only } : {}) };
}

/** Numbers of values by their place in a page or dictionary, each looked up once. */
function numberReader(plain: PlainValues, leaf: Leaf, table: ValueTable): (entry: number) => number {
  const numbers = new Int32Array(plain.count).fill(-1);
  const textOf = textReader(plain, leaf);
  return (entry) => {
    const known = numbers[entry] as number;
    if (known !== -1) return known;
    const number = table.numberOf(textOf(entry));
    numbers[entry] = number;
    return number;
  };
}

interface ValueTable {
  readonly list: string[];
  numberOf(value: string): number;
}

/** Numbers distinct texts, '' first. */
function createValueTable(): ValueTable {
  const list = [''];
  const numbers = new Map<string, number>([['', 0]]);
  return {
    list,
    numberOf(value) {
      const known = numbers.get(value);
      if (known !== undefined) return known;
      numbers.set(value, list.length);
      return list.push(value) - 1;
    },
  };
}

function textReader(values: PlainValues, leaf: Leaf): (value: number) => string {
  if (values.kind === 'bytes' && leaf.logical?.kind !== 'decimal') {
    const bytes = Buffer.from(values.bytes.buffer, values.bytes.byteOffset, values.bytes.length);
    return (value) => {
      const start = present(values.start[value], 'the start of a value');
      return fieldText(bytes.toString('utf8', start, start + present(values.length[value], 'the length of a value')));
    };
  }
  // Bytes that are no text name nothing.
  if (leaf.type === 'FIXED_LEN_BYTE_ARRAY' && !leaf.logical) return () => '';
  const show = createShow(leaf)(values);
  return (value) => {
    const json = show(value) ?? '';
    return fieldText(json.startsWith('"') ? JSON.parse(json) : json);
  };
}
