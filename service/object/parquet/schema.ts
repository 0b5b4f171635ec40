import { KUBERNETES_FIELDS, type RecordField } from '../../core/chunk.ts';
import { corrupt } from '../corrupt.ts';
import type { LogicalType, PhysicalType, Repetition, SchemaElement } from './metadata.ts';

/** A node of the schema: a group, or a leaf column. */
export interface SchemaNode {
  readonly name: string;
  readonly repetition: Repetition;
  readonly logical: LogicalType | undefined;
  readonly children: readonly SchemaNode[];
  /** Definition level from which on the node is there. */
  readonly definition: number;
  /** Repetition level at which the next element begins of the innermost list that the node is or stands in. */
  readonly repetitionLevel: number;
  /** undefined for a group, which may be an empty one. */
  readonly leaf: Leaf | undefined;
}

/** A leaf column: the only kind that has values. */
export interface Leaf {
  /** Its name with those of the groups that it stands in, `kubernetes.namespace`. */
  readonly name: string;
  /** Its place among all leaves, and so among the columns of a row group. */
  readonly index: number;
  readonly type: PhysicalType;
  /** Bytes of a value; undefined for a BYTE_ARRAY. */
  readonly width: number | undefined;
  /** undefined where it has none, and where it does not fit the physical type. */
  readonly logical: LogicalType | undefined;
  /** Definition level of a value that is there; lower ones are nulls. */
  readonly maxDefinition: number;
  /** More than 0: the leaf stands inside a list or a map, and a row can have many values. */
  readonly maxRepetition: number;
}

export interface ParquetSchema {
  /** The top-level columns. */
  readonly columns: readonly SchemaNode[];
  /** All leaves, in the order of the file. */
  readonly leaves: readonly Leaf[];
  /** A leaf by its name, when it has at most one value in a row. */
  find(name: string): Leaf | undefined;
}

/** Deeper than any data, and far from what recursion can take. */
const DEPTH_MAX = 100;
/** Levels are decoded into bytes. */
const LEVEL_MAX = 255;

/** @throws DistributorError `object-corrupt` */
export function readSchema(elements: readonly SchemaElement[]): ParquetSchema {
  const leaves: Leaf[] = [];
  let next = 0;

  const readNode = (path: readonly string[], definition: number, repetitionLevel: number): SchemaNode => {
    const element = elements[next++];
    if (!element) throw corrupt('the Parquet schema has fewer columns than its groups claim');
    if (path.length > DEPTH_MAX) throw corrupt(`the Parquet schema is nested more than ${DEPTH_MAX} deep`);
    const { name, repetition } = element;
    const isRoot = next === 1;
    const own = isRoot ? [] : [...path, name];
    const levels = {
      definition: definition + (isRoot || repetition === 'required' ? 0 : 1),
      repetitionLevel: repetitionLevel + (!isRoot && repetition === 'repeated' ? 1 : 0),
    };
    if (levels.definition > LEVEL_MAX) throw corrupt('the Parquet schema has too many levels');
    const children: SchemaNode[] = [];
    while (children.length < element.children) {
      children.push(readNode(own, levels.definition, levels.repetitionLevel));
    }
    const leaf = children.length === 0 ? leafOf(element, own, leaves.length, levels) : undefined;
    if (leaf) leaves.push(leaf);
    return { name, repetition, logical: element.logical, children, ...levels, leaf };
  };

  const { children } = readNode([], 0, 0);
  const byName = new Map(leaves.map((leaf) => [leaf.name, leaf]));
  return {
    columns: children,
    leaves,
    find(name) {
      const leaf = byName.get(name);
      return leaf?.maxRepetition === 0 ? leaf : undefined;
    },
  };
}

/** undefined for an empty group. */
function leafOf(
  { type, typeLength, logical }: SchemaElement,
  path: readonly string[],
  index: number,
  levels: Pick<SchemaNode, 'definition' | 'repetitionLevel'>,
): Leaf | undefined {
  if (!type) return undefined;
  const name = path.join('.');
  const width = type === 'FIXED_LEN_BYTE_ARRAY' ? typeLength : WIDTHS[type];
  if (type === 'FIXED_LEN_BYTE_ARRAY' && !(width !== undefined && width >= 0)) {
    throw corrupt(`the column ${name} has values of ${width} bytes`);
  }
  return {
    name,
    index,
    type,
    width,
    logical: logical && fits(logical, type, width) ? logical : undefined,
    maxDefinition: levels.definition,
    maxRepetition: levels.repetitionLevel,
  };
}

/** Bytes of a value, for types that have a fixed number. A BOOLEAN is a bit in the file and a byte here. */
const WIDTHS: Readonly<Partial<Record<PhysicalType, number>>> = {
  BOOLEAN: 1,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
};

/** Whether values of a physical type can mean this (parquet-format, LogicalTypes.md). */
function fits(logical: LogicalType, type: PhysicalType, width: number | undefined): boolean {
  switch (logical.kind) {
    case 'text':
    case 'json':
    case 'bytes':
      return type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY';
    case 'integer':
      return type === 'INT32' || type === 'INT64';
    case 'decimal':
      return type === 'INT32' || type === 'INT64' || type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY';
    case 'date':
      return type === 'INT32';
    case 'time':
      return type === (logical.unit === 'millis' ? 'INT32' : 'INT64');
    case 'timestamp':
      return type === 'INT64';
    case 'uuid':
      return type === 'FIXED_LEN_BYTE_ARRAY' && width === 16;
    case 'interval':
      return type === 'FIXED_LEN_BYTE_ARRAY' && width === 12;
    case 'float16':
      return type === 'FIXED_LEN_BYTE_ARRAY' && width === 2;
    case 'null':
      return true;
    default:
      return false;
  }
}

/** Where a record's field stands in the file. */
export function leafNameOf(field: RecordField): string {
  return KUBERNETES_FIELDS.has(field) ? `kubernetes.${field}` : field;
}
