import { corrupt } from '../corrupt.ts';
import { createThriftReader, type ThriftReader } from './thrift.ts';

/** What a Parquet file says of itself in its footer, as far as anybody here asks (parquet.thrift, FileMetaData). */
export interface FileMetadata {
  /** The schema as the file has it: groups before their members, the root first. */
  readonly elements: readonly SchemaElement[];
  readonly rows: number;
  readonly rowGroups: readonly RowGroup[];
  /** The program that wrote it, as it calls itself. */
  readonly createdBy: string | undefined;
}

export interface RowGroup {
  readonly rows: number;
  /** Of all column chunks, uncompressed. */
  readonly bytes: number;
  readonly columns: readonly ColumnMetadata[];
}

/** A column chunk. Sizes and offsets are bytes, and claims: nothing here was held against the file yet. */
export interface ColumnMetadata {
  /** The names of the groups that it stands in and its own, joined by dots; '' where the file keeps it to itself. */
  readonly name: string;
  /** Why it cannot be read, whatever is in it. */
  readonly problem: string | undefined;
  readonly codec: number;
  /** Whether its pages may refer to a dictionary. */
  readonly hasDictionary: boolean;
  /** Values and nulls. */
  readonly values: number;
  readonly compressedBytes: number;
  /** Of all pages, with their headers. */
  readonly uncompressedBytes: number;
  readonly dataPageOffset: number;
  /** 0 where there is none. */
  readonly dictionaryPageOffset: number;
}

export type PhysicalType = (typeof PHYSICAL_TYPES)[number];
export type Repetition = (typeof REPETITIONS)[number];
export type TimeUnit = (typeof TIME_UNITS)[number];

export interface SchemaElement {
  readonly name: string;
  /** undefined for a group. */
  readonly type: PhysicalType | undefined;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly typeLength: number | undefined;
  readonly repetition: Repetition;
  readonly children: number;
  readonly logical: LogicalType | undefined;
}

/** What a column means, from its LogicalType or the older ConvertedType (parquet-format, LogicalTypes.md). */
export type LogicalType =
  | { readonly kind: 'text' | 'json' | 'bytes' | 'date' | 'interval' | 'uuid' | 'float16' | 'null' }
  | { readonly kind: 'list' | 'map' | 'variant' }
  | { readonly kind: 'integer'; readonly signed: boolean }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'time' | 'timestamp'; readonly unit: TimeUnit };

/** The enumerations of parquet.thrift, by their numbers. */
const PHYSICAL_TYPES = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
] as const;
const REPETITIONS = ['required', 'optional', 'repeated'] as const;
const TIME_UNITS = ['millis', 'micros', 'nanos'] as const;
/** PLAIN_DICTIONARY and RLE_DICTIONARY. */
const DICTIONARY_ENCODINGS: readonly number[] = [2, 8];

/** ConvertedType by its number. */
const CONVERTED: Readonly<Record<number, LogicalType>> = {
  0: { kind: 'text' },
  1: { kind: 'map' },
  2: { kind: 'map' },
  3: { kind: 'list' },
  4: { kind: 'text' },
  6: { kind: 'date' },
  7: { kind: 'time', unit: 'millis' },
  8: { kind: 'time', unit: 'micros' },
  9: { kind: 'timestamp', unit: 'millis' },
  10: { kind: 'timestamp', unit: 'micros' },
  11: { kind: 'integer', signed: false },
  12: { kind: 'integer', signed: false },
  13: { kind: 'integer', signed: false },
  14: { kind: 'integer', signed: false },
  15: { kind: 'integer', signed: true },
  16: { kind: 'integer', signed: true },
  17: { kind: 'integer', signed: true },
  18: { kind: 'integer', signed: true },
  19: { kind: 'json' },
  // BSON.
  20: { kind: 'bytes' },
  21: { kind: 'interval' },
};
const CONVERTED_DECIMAL = 5;

/** Members of the union LogicalType that say all by being there. */
const LOGICAL: Readonly<Record<number, LogicalType>> = {
  1: { kind: 'text' },
  2: { kind: 'map' },
  3: { kind: 'list' },
  4: { kind: 'text' },
  6: { kind: 'date' },
  11: { kind: 'null' },
  12: { kind: 'json' },
  // BSON.
  13: { kind: 'bytes' },
  14: { kind: 'uuid' },
  15: { kind: 'float16' },
  16: { kind: 'variant' },
  // GEOMETRY and GEOGRAPHY: well-known binary.
  17: { kind: 'bytes' },
  18: { kind: 'bytes' },
};

/** @throws DistributorError `object-corrupt` */
export function readMetadata(footer: Uint8Array): FileMetadata {
  const reader = createThriftReader(footer);
  let elements: SchemaElement[] = [];
  let rows = 0;
  let rowGroups: RowGroup[] = [];
  let createdBy: string | undefined;
  reader.struct((field) => {
    if (field === 2) elements = reader.list(() => readElement(reader));
    else if (field === 3) rows = reader.integer();
    else if (field === 4) rowGroups = reader.list(() => readRowGroup(reader));
    else if (field === 6) createdBy = reader.text();
  });
  if (elements.length === 0) throw corrupt('the Parquet footer has no schema');
  return { elements, rows, rowGroups, createdBy };
}

function readElement(reader: ThriftReader): SchemaElement {
  let name = '';
  let type: number | undefined;
  let typeLength: number | undefined;
  let repetition = 0;
  let children = 0;
  let converted: number | undefined;
  let scale = 0;
  let logical: LogicalType | undefined;
  reader.struct((field) => {
    if (field === 1) type = reader.integer();
    else if (field === 2) typeLength = reader.integer();
    else if (field === 3) repetition = reader.integer();
    else if (field === 4) name = reader.text();
    else if (field === 5) children = reader.integer();
    else if (field === 6) converted = reader.integer();
    else if (field === 7) scale = reader.integer();
    else if (field === 10) logical = readLogicalType(reader);
  });
  const physical = type === undefined ? undefined : PHYSICAL_TYPES[type];
  if (type !== undefined && !physical) throw corrupt(`the Parquet type ${type} of ${name} is unknown`);
  const repeats = REPETITIONS[repetition];
  if (!repeats) throw corrupt(`the Parquet repetition ${repetition} of ${name} is unknown`);
  if (converted === CONVERTED_DECIMAL) logical ??= { kind: 'decimal', scale };
  else if (converted !== undefined) logical ??= CONVERTED[converted];
  return { name, type: physical, typeLength, repetition: repeats, children, logical };
}

/** undefined for a kind that is not known here: its values are what their physical type is. */
function readLogicalType(reader: ThriftReader): LogicalType | undefined {
  let logical: LogicalType | undefined;
  reader.struct((kind) => {
    if (kind === 5) logical = readDecimal(reader);
    else if (kind === 7) logical = readTime(reader, 'time');
    else if (kind === 8) logical = readTime(reader, 'timestamp');
    else if (kind === 10) logical = readInteger(reader);
    else logical = LOGICAL[kind];
  });
  return logical;
}

function readDecimal(reader: ThriftReader): LogicalType {
  let scale = 0;
  reader.struct((field) => {
    if (field === 1) scale = reader.integer();
  });
  return { kind: 'decimal', scale };
}

function readTime(reader: ThriftReader, kind: 'time' | 'timestamp'): LogicalType | undefined {
  let unit: TimeUnit | undefined;
  reader.struct((field) => {
    if (field !== 2) return;
    reader.struct((member) => {
      unit = TIME_UNITS[member - 1];
    });
  });
  return unit && { kind, unit };
}

function readInteger(reader: ThriftReader): LogicalType {
  let signed = true;
  reader.struct((field) => {
    if (field === 2) signed = reader.boolean();
  });
  return { kind: 'integer', signed };
}

function readRowGroup(reader: ThriftReader): RowGroup {
  let columns: ColumnMetadata[] = [];
  let bytes = 0;
  let rows = 0;
  reader.struct((field) => {
    if (field === 1) columns = reader.list(() => readColumnChunk(reader));
    else if (field === 2) bytes = reader.integer();
    else if (field === 3) rows = reader.integer();
  });
  return { rows, bytes, columns };
}

function readColumnChunk(reader: ThriftReader): ColumnMetadata {
  let column = NO_COLUMN;
  let file = '';
  let encrypted = false;
  reader.struct((field) => {
    if (field === 1) file = reader.text();
    else if (field === 3) column = readColumn(reader);
    else if (field === 8 || field === 9) encrypted = true;
  });
  if (encrypted) return { ...column, problem: 'it is encrypted' };
  if (file !== '') return { ...column, problem: 'it lies in another file' };
  return column;
}

const NO_COLUMN: ColumnMetadata = {
  name: '',
  problem: 'the footer does not describe it',
  codec: 0,
  hasDictionary: true,
  values: 0,
  compressedBytes: 0,
  uncompressedBytes: 0,
  dataPageOffset: 0,
  dictionaryPageOffset: 0,
};

function readColumn(reader: ThriftReader): ColumnMetadata {
  const column: { -readonly [K in keyof ColumnMetadata]: ColumnMetadata[K] } = { ...NO_COLUMN, problem: undefined };
  reader.struct((field) => {
    if (field === 2) column.hasDictionary = reader.list(reader.integer).some(isDictionary);
    else if (field === 3) column.name = reader.list(reader.text).join('.');
    else if (field === 4) column.codec = reader.integer();
    else if (field === 5) column.values = reader.integer();
    else if (field === 6) column.uncompressedBytes = reader.integer();
    else if (field === 7) column.compressedBytes = reader.integer();
    else if (field === 9) column.dataPageOffset = reader.integer();
    else if (field === 11) column.dictionaryPageOffset = reader.integer();
  });
  return column;
}

function isDictionary(encoding: number): boolean {
  return DICTIONARY_ENCODINGS.includes(encoding);
}
