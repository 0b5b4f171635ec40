import type { Unshown } from '../../core/chunk.ts';
import type { LeafRows } from './leaf-rows.ts';
import { createLookup, hasNext, type Leaves, passAbsent } from './levels.ts';
import type { SchemaNode } from './schema.ts';

/** What records and variants are both written of: leaves, and the elements of repeated nodes. */

/** Writes what comes next of a node; null where there is nothing, which a record has no member for. */
export type Write = () => string | null;

/** What nodes are written with. */
export interface WriteContext {
  readonly raw: Set<number>;
  readonly leaves: () => Leaves;
  /** Counts what is lost. @returns what stands for it */
  lost(kind: keyof Unshown): string;
}

export function compileLeaf(context: WriteContext, { leaf, definition }: SchemaNode): Write {
  return () => {
    const rows = leaf && context.leaves()[leaf.index];
    if (!rows) return context.lost('columns');
    const isThere = rows.definition >= definition;
    const value = rows.take();
    if (!isThere) return null;
    return typeof value === 'string' ? value : context.lost('values');
  };
}

export function compileList(context: WriteContext, repeated: SchemaNode, write: Write): Write {
  const each = compileEach(context, repeated, () => write() ?? 'null');
  return () => {
    const elements = each();
    return elements === undefined ? context.lost('columns') : `[${elements.join(',')}]`;
  };
}

/** What is written of each element of a repeated node; undefined where none of its columns can be read. */
export function compileEach(
  context: WriteContext,
  repeated: SchemaNode,
  write: () => string,
): () => readonly string[] | undefined {
  const lookup = createLookup(repeated);
  return () => {
    const below: readonly LeafRows[] = lookup(context.leaves());
    if (below.length === 0) return undefined;
    const texts: string[] = [];
    if (passAbsent(below, repeated)) return texts;
    do texts.push(write());
    while (hasNext(below, repeated));
    return texts;
  };
}
