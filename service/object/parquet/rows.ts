import { settleAll } from '../../base/settle-all.ts';
import type { Unshown } from '../../core/chunk.ts';
import { corrupt } from '../corrupt.ts';
import { createColumnCursor, firstRowOf } from './column.ts';
import { type ParquetFile, problemOf } from './column-chunk.ts';
import { createLeafRows, type LeafRows } from './leaf-rows.ts';
import type { Leaves } from './levels.ts';
import { createRecordWriter } from './record-writer.ts';
import type { Room } from './room.ts';
import type { Leaf, ParquetSchema } from './schema.ts';
import { shareOf } from './share.ts';

/**
 * Whole records as JSON, for deliveries that want them and for records without a message. The slow path: every column is read. A column
 * that cannot be read is null in every row.
 */
export interface RowReader extends Disposable {
  /** The JSON of a row of the file. Rows are asked for in ascending order, and one may be asked for again. */
  textOf(row: number): Promise<string>;
  /** Of all rows so far. */
  readonly unshown: Unshown;
}

/** Of texts that are made ready, all columns together. */
const READY_BYTES = 4 * 1024 * 1024;
const READY_BYTES_MIN = 16 * 1024;

export function createRowReader(file: ParquetFile, schema: ParquetSchema, room: Room, signal: AbortSignal): RowReader {
  const { groupRows } = file;
  const writer = createRecordWriter(schema);
  const memory = { room, ...shareOf(schema.leaves.length) };
  const bytesMax = Math.max(READY_BYTES_MIN, READY_BYTES / schema.leaves.length);
  let group = -1;
  // Most objects have no record that needs them.
  let leaves: Leaves = [];
  let last = { row: -1, text: '' };

  const close = (): void => {
    for (const rows of leaves) rows?.[Symbol.dispose]();
    leaves = [];
  };

  /** The rows of a leaf in the row group at hand; undefined where they cannot be read. */
  const openLeaf = (leaf: Leaf): LeafRows | undefined => {
    if (problemOf(file, leaf, group)) return undefined;
    const only = { ...file, groupRows: groupRows.slice(0, group + 2) };
    const cursor = createColumnCursor(only, leaf, [group, 0, 0], memory, signal);
    return createLeafRows(cursor, {
      firstRow: firstRowOf(groupRows, group),
      isRaw: writer.raw.has(leaf.index),
      bytesMax,
      room,
    });
  };

  const enter = (row: number): void => {
    const wanted = groupRows.findLastIndex((start) => start <= row);
    if (wanted >= groupRows.length - 1) throw corrupt(`there is no row ${row}`);
    close();
    group = wanted;
    leaves = schema.leaves.map(openLeaf);
  };

  return {
    unshown: writer.unshown,
    async textOf(row) {
      if (row === last.row) return last.text;
      if (group === -1 || row >= firstRowOf(groupRows, group + 1)) enter(row);
      const moving = leaves.flatMap((rows) => rows?.moveTo(row) ?? []);
      if (moving.length > 0) await settleAll(moving);
      last = { row, text: writer.write(leaves) };
      return last.text;
    },
    [Symbol.dispose]: close,
  };
}
