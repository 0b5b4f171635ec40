import * as z from 'zod';
import type { ColumnCursor, ColumnPosition } from './column.ts';
import type { ParquetFile } from './column-chunk.ts';

/**
 * The cursor of a position in a Parquet object: for each column that was read, the page where the next record is. Only a
 * short cut: the record's number says where to go on, and a cursor that makes no sense is ignored.
 */
const NUMBER = z.number().int().nonnegative();
const CURSOR = z.record(z.string(), z.tuple([NUMBER, NUMBER, NUMBER]));

export function formatCursor(columns: readonly ColumnCursor[]): string {
  const positions = columns.flatMap(({ leaf, position }) => (position ? [[leaf.name, position] as const] : []));
  return JSON.stringify(Object.fromEntries(positions));
}

export function parseCursor(text: string, { groupRows }: ParquetFile): ReadonlyMap<string, ColumnPosition> {
  if (text === '') return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Map();
  }
  const parsed = CURSOR.safeParse(value);
  if (!parsed.success) return new Map();
  return new Map(Object.entries(parsed.data).filter(([, [group]]) => group < groupRows.length - 1));
}
