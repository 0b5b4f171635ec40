import type { Unshown } from '../../core/chunk.ts';
import { createLookup, type Leaves, misfit, passAbsent } from './levels.ts';
import { compileEach, compileLeaf, compileList, type Write, type WriteContext } from './record-parts.ts';
import type { ParquetSchema, SchemaNode } from './schema.ts';
import { compileVariant } from './variant-writer.ts';

/**
 * Writes a row as JSON from the entries of its leaves: what their levels say of groups, lists and maps is put together again
 * (parquet-format, LogicalTypes.md, "Nested Types"; the levels are those of the Dremel paper).
 */
export interface RecordWriter {
  /** Leaves whose values are wanted as bytes, by their numbers. */
  readonly raw: ReadonlySet<number>;
  /** The row that all leaves stand at. @throws DistributorError `object-corrupt` when their levels do not fit one another */
  write(leaves: Leaves): string;
  /** Of all rows so far. */
  readonly unshown: Unshown;
}

export function createRecordWriter({ columns }: ParquetSchema): RecordWriter {
  const raw = new Set<number>();
  const unshown = { values: 0, columns: 0 };
  let at: Leaves = [];
  const writeRow = compileMembers(
    {
      raw,
      leaves: () => at,
      lost(kind) {
        unshown[kind]++;
        return 'null';
      },
    },
    columns,
  );
  return {
    raw,
    unshown,
    write(leaves) {
      at = leaves;
      const text = writeRow();
      for (const rows of leaves) if (rows && rows.repetition !== undefined) throw misfit(rows);
      return text;
    },
  };
}

function compileMembers(context: WriteContext, nodes: readonly SchemaNode[]): () => string {
  const members = nodes.map((node) => ({ name: `${JSON.stringify(node.name)}:`, write: compileNode(context, node) }));
  return () => {
    let text = '';
    for (const { name, write } of members) {
      const value = write();
      if (value !== null) text += `${text === '' ? '' : ','}${name}${value}`;
    }
    return `{${text}}`;
  };
}

/** A node with all of its elements where it is repeated. */
function compileNode(context: WriteContext, node: SchemaNode): Write {
  return node.repetition === 'repeated'
    ? compileList(context, node, compileOne(context, node))
    : compileOne(context, node);
}

/** One instance of a node: of a repeated one, an element. */
function compileOne(context: WriteContext, node: SchemaNode): Write {
  if (node.leaf) return compileLeaf(context, node);
  const write = compileBody(context, node);
  const lookup = createLookup(node);
  return () => {
    const below = lookup(context.leaves());
    if (below.length === 0) return context.lost('columns');
    return passAbsent(below, node) ? null : write();
  };
}

function compileBody(context: WriteContext, node: SchemaNode): Write {
  const { logical, children } = node;
  if (logical?.kind === 'variant') return compileVariant(context, node);
  const [only, ...others] = children;
  if (only?.repetition === 'repeated' && others.length === 0) {
    if (logical?.kind === 'list') return compileList(context, only, compileElement(context, node, only));
    const [key, value, ...more] = only.children;
    if (logical?.kind === 'map' && key && more.length === 0) return compileMap(context, only, key, value);
  }
  return compileMembers(context, children);
}

/**
 * Writers of old left the middle one of a list's three levels out, or named it otherwise (LogicalTypes.md, "Backward-compatibility
 * rules").
 */
function compileElement(context: WriteContext, list: SchemaNode, repeated: SchemaNode): Write {
  const [only, ...others] = repeated.children;
  const isElement =
    !only ||
    others.length > 0 ||
    only.repetition === 'repeated' ||
    repeated.name === 'array' ||
    repeated.name === `${list.name}_tuple`;
  return isElement ? compileOne(context, repeated) : compileNode(context, only);
}

/** A map is an object; keys that are no texts are made some. One without values is the list of its keys. */
function compileMap(context: WriteContext, entry: SchemaNode, key: SchemaNode, value: SchemaNode | undefined): Write {
  const writeKey = compileNode(context, key);
  if (!value) return compileList(context, entry, writeKey);
  const writeValue = compileNode(context, value);
  const each = compileEach(context, entry, () => {
    const name = writeKey() ?? 'null';
    return `${name.startsWith('"') ? name : JSON.stringify(name)}:${writeValue() ?? 'null'}`;
  });
  return () => {
    const entries = each();
    return entries === undefined ? context.lost('columns') : `{${entries.join(',')}}`;
  };
}
