import { createLookup, passAbsent } from './levels.ts';
import { compileLeaf, compileList, type WriteContext } from './record-parts.ts';
import type { SchemaNode } from './schema.ts';
import { variantMembers, variantText } from './variant.ts';

/**
 * Writes groups of the type VARIANT as the JSON that they mean. What most rows have alike may be shredded: it stands in typed columns, and
 * what does not fit these in `value` (parquet-format, VariantShredding.md).
 */

/** Writes what comes next of a shredded group; null where there is nothing. @param metadata null where it cannot be read */
type WriteShredded = (metadata: Uint8Array | null) => string | null;

export function compileVariant(context: WriteContext, node: SchemaNode): () => string {
  const readMetadata = compileBytes(context, child(node, 'metadata'));
  const write = compileShredded(context, node);
  // Nothing at all is what a variant is called that says null.
  return () => write(readMetadata()) ?? 'null';
}

function child({ children }: SchemaNode, name: string): SchemaNode | undefined {
  return children.find((node) => node.name === name);
}

/** Bytes of a leaf; null where there are none. */
function compileBytes(context: WriteContext, node: SchemaNode | undefined): () => Uint8Array | null {
  const leaf = node?.leaf;
  if (!leaf) return () => null;
  context.raw.add(leaf.index);
  return () => {
    const value = context.leaves()[leaf.index]?.take();
    return value instanceof Uint8Array ? value : null;
  };
}

function compileShredded(context: WriteContext, group: SchemaNode): WriteShredded {
  const readValue = compileBytes(context, child(group, 'value'));
  const typed = child(group, 'typed_value');
  const writeTyped = typed ? compileTyped(context, typed) : () => null;
  const isObject = typed !== undefined && !typed.leaf && typed.logical?.kind !== 'list';
  const shredded = new Set(isObject ? typed.children.map(({ name }) => JSON.stringify(name)) : []);
  return (metadata) => {
    const value = readValue();
    const text = writeTyped(metadata);
    if (!value) return text;
    if (!metadata) return context.lost('columns');
    if (text === null) return variantText(metadata, value) ?? context.lost('values');
    // Of an object, members that have no column of their own stand in `value`; of those that have one, the column says what they are.
    const members = isObject ? variantMembers(metadata, value, shredded) : null;
    if (members === null) return context.lost('values');
    return members === '' || text === '{}' ? `{${text.slice(1, -1)}${members}}` : `${text.slice(0, -1)},${members}}`;
  };
}

function compileTyped(context: WriteContext, node: SchemaNode): WriteShredded {
  if (node.leaf?.type === 'BYTE_ARRAY' && !node.leaf.logical) return compileBinary(context, node);
  if (node.leaf) return compileLeaf(context, node);
  let metadata: Uint8Array | null = null;
  const write = node.logical?.kind === 'list' ? compileElements(context, node, () => metadata) : undefined;
  const writeMembers = write ?? compileFields(context, node, () => metadata);
  const lookup = createLookup(node);
  return (given) => {
    metadata = given;
    const below = lookup(context.leaves());
    if (below.length === 0) return context.lost('columns');
    return passAbsent(below, node) ? null : writeMembers();
  };
}

/** Where a variant has bytes, they are no text. */
function compileBinary(context: WriteContext, node: SchemaNode): () => string | null {
  const read = compileBytes(context, node);
  return () => {
    const bytes = read();
    return bytes && `"${Buffer.from(bytes).toString('base64')}"`;
  };
}

function compileElements(context: WriteContext, list: SchemaNode, metadata: () => Uint8Array | null) {
  const [repeated] = list.children;
  const [element] = repeated?.children ?? [];
  if (repeated?.repetition !== 'repeated' || !element) return undefined;
  const write = compilePresent(context, element, metadata);
  return compileList(context, repeated, write);
}

function compileFields(context: WriteContext, { children }: SchemaNode, metadata: () => Uint8Array | null) {
  const fields = children.map((node) => ({
    name: JSON.stringify(node.name),
    write: compilePresent(context, node, metadata),
  }));
  return () => {
    const members = fields.flatMap(({ name, write }) => {
      const text = write();
      return text === null ? [] : [`${name}:${text}`];
    });
    return `{${members.join(',')}}`;
  };
}

/** A shredded group that may be absent itself. */
function compilePresent(context: WriteContext, node: SchemaNode, metadata: () => Uint8Array | null) {
  const write = compileShredded(context, node);
  const lookup = createLookup(node);
  return () => {
    const below = lookup(context.leaves());
    if (below.length === 0) return context.lost('columns');
    return passAbsent(below, node) ? null : write(metadata());
  };
}
