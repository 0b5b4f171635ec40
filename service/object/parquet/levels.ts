import { corrupt } from '../corrupt.ts';
import type { LeafRows } from './leaf-rows.ts';
import type { SchemaNode } from './schema.ts';

/** The leaves of a row group by their numbers; undefined for one that cannot be read. */
export type Leaves = readonly (LeafRows | undefined)[];

/** The leaves below a node that can be read: all of them say what there is of the node. Looked up once for each row group. */
export function createLookup(node: SchemaNode): (leaves: Leaves) => readonly LeafRows[] {
  const indices = indicesBelow(node);
  let of: Leaves | undefined;
  let found: LeafRows[] = [];
  return (leaves) => {
    if (of !== leaves) found = indices.flatMap((index) => leaves[index] ?? []);
    of = leaves;
    return found;
  };
}

function indicesBelow({ leaf, children }: SchemaNode): number[] {
  return leaf ? [leaf.index] : children.flatMap(indicesBelow);
}

/**
 * Whether a node is absent from what comes next, null or an empty list; then the one entry of each leaf that says so is behind.
 * @param below its leaves, at least one
 */
export function passAbsent(below: readonly LeafRows[], { definition }: SchemaNode): boolean {
  const [first] = below as [LeafRows];
  if (first.definition >= definition) return false;
  for (const rows of below) {
    if (rows.definition >= definition) throw misfit(rows);
    rows.take();
  }
  return true;
}

/** Whether another element of a repeated node comes next. */
export function hasNext(below: readonly LeafRows[], { repetitionLevel }: SchemaNode): boolean {
  const [first] = below as [LeafRows];
  const level = first.repetition ?? 0;
  if (level > repetitionLevel) throw misfit(first);
  return level === repetitionLevel;
}

/** Levels of columns that are read together, and say different things. */
export function misfit({ leaf }: LeafRows): Error {
  return corrupt(`the levels of the column ${leaf.name} do not fit those of the columns beside it`);
}
