import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { parquetSchema } from 'hyparquet';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { KUBERNETES_FIELDS, type RecordField } from '../../core/chunk.ts';

/** A leaf column: the only kind that has values. */
export interface Leaf {
  /** Its name with those of the groups that it stands in, `kubernetes.namespace`. */
  readonly name: string;
  readonly path: readonly string[];
  readonly element: SchemaElement;
  readonly schemaPath: SchemaTree[];
  /** Definition level of a value that is there; lower ones are nulls. */
  readonly maxDefinition: number;
  /** More than 0: the leaf stands inside a list or a map, and a row can have many values. */
  readonly maxRepetition: number;
}

export interface ParquetSchema {
  readonly tree: SchemaTree;
  /** All leaves, in the order of the file. */
  readonly leaves: readonly Leaf[];
  /** A leaf by its name, when it has at most one value in a row. */
  find(name: string): Leaf | undefined;
}

export function readSchema(metadata: FileMetaData): ParquetSchema {
  const tree = parquetSchema(metadata);
  const leaves = leavesOf(tree).map((path): Leaf => {
    const schemaPath = getTreePath(tree, path);
    const element = (schemaPath.at(-1) ?? tree).element;
    return {
      name: path.join('.'),
      path,
      element,
      schemaPath,
      maxDefinition: getMaxDefinitionLevel(schemaPath),
      maxRepetition: getMaxRepetitionLevel(schemaPath),
    };
  });
  const byName = new Map(leaves.map((leaf) => [leaf.name, leaf]));
  return {
    tree,
    leaves,
    find(name) {
      const leaf = byName.get(name);
      return leaf?.maxRepetition === 0 ? leaf : undefined;
    },
  };
}

function leavesOf(node: SchemaTree): string[][] {
  return node.children.flatMap((child) => (child.children.length > 0 ? leavesOf(child) : [child.path]));
}

/** Where a record's field stands in the file. */
export function leafNameOf(field: RecordField): string {
  return KUBERNETES_FIELDS.has(field) ? `kubernetes.${field}` : field;
}
