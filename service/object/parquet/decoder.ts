import { settleAll } from '../../base/settle-all.ts';
import {
  type Chunk,
  type DecodeRequest,
  type Decoder,
  type Position,
  type RecordField,
  TIMESTAMP_MISSING,
} from '../../core/chunk.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type ChunkMeter, createChunkMeter } from '../chunk-meter.ts';
import { type ChunkStore, createChunkStores } from '../chunk-store.ts';
import { corrupt } from '../corrupt.ts';
import { growsTooMuch } from '../growth.ts';
import type { ByteSource } from '../source.ts';
import { type ColumnCursor, type ColumnPosition, createColumnCursor } from './column.ts';
import type { ParquetFile } from './column-chunk.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { readTextColumn } from './fields.ts';
import { readFooter } from './footer.ts';
import { gatherReads } from './gather-reads.ts';
import { createMessageCollector, type MessageCollector } from './messages.ts';
import { createRoom, type Room } from './room.ts';
import { createRowReader, type RowReader } from './rows.ts';
import { type Leaf, leafNameOf, type ParquetSchema, readSchema } from './schema.ts';
import { shareOf } from './share.ts';
import { createTimestampReader } from './times.ts';

/**
 * Decoder of Parquet objects, by pages. The message column decides where a chunk ends, and the other columns follow by as
 * many rows. Only the columns that a delivery needs are read, each through a cursor that fetches its own bytes; so a row
 * group of any size takes a few pages of memory, and a resume begins at the pages where it stopped.
 */
export async function openParquet(kernel: Kernel, source: ByteSource, signal: AbortSignal): Promise<Decoder> {
  const metadata = await readFooter(source, signal);
  const schema = readSchema(metadata.elements);
  const groupRows = [0];
  for (const { rows } of metadata.rowGroups) {
    if (rows < 0) throw corrupt(`a row group of the Parquet file claims ${rows} rows`);
    groupRows.push((groupRows.at(-1) ?? 0) + rows);
  }
  const rows = groupRows.at(-1) ?? 0;
  // Some writers leave the number of all rows at zero; where it says something, no row group may be missing.
  if (!Number.isSafeInteger(rows) || (rows !== metadata.rows && metadata.rows !== 0)) {
    throw corrupt(`the Parquet file claims ${metadata.rows} rows, and its row groups ${rows}`);
  }
  const file: ParquetFile = { kernel, source: gatherReads(kernel, source), metadata, groupRows };
  const resources = new DisposableStack();
  return {
    format: 'parquet',
    chunks: (from, request, reading) => decode(file, schema, from, request, resources, reading),
    [Symbol.dispose]() {
      resources.dispose();
    },
  };
}

/** Where nobody says what there is: all of the kernel's memory. */
const UNLIMITED = { grantedBytes: 2 ** 30, mostBytes: 2 ** 30 };

/** What metadata claims may be anything. */
const SMALLEST_BYTES = 64 * 1024;

/**
 * How much further a Parquet file may grow than compressed text: a dictionary says a message once for all of its rows. With 400 for
 * text: ten kilobytes for each byte of the object.
 */
const DICTIONARY_RATIO = 25;
/** Nine million equal rows are 531 bytes when DuckDB writes them: growth is judged only beyond this. */
const JUDGED_FROM_BYTES = 4 * 1024 * 1024 * 1024;

interface Columns {
  /** undefined: every record is delivered as its JSON. */
  readonly message: ColumnCursor | undefined;
  readonly timestamp:
    | { readonly cursor: ColumnCursor; readonly read: ReturnType<typeof createTimestampReader> }
    | undefined;
  readonly fields: readonly { readonly name: RecordField; readonly cursor: ColumnCursor | undefined }[];
  readonly all: readonly ColumnCursor[];
}

async function* decode(
  file: ParquetFile,
  schema: ParquetSchema,
  from: Position,
  request: DecodeRequest,
  resources: DisposableStack,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  const rows = file.groupRows.at(-1) ?? 0;
  if (from.record > rows) throw corrupt(`the saved position is record ${from.record} of ${rows}`);
  const room = createRoom(request.memory ?? UNLIMITED);
  const columns = openColumns(file, schema, from, request, room, signal);
  for (const cursor of columns.all) resources.use(cursor);
  // All at once: each is a request, and takes its time.
  await settleAll(columns.all.map((cursor) => cursor.seek(from.record)));
  const whole = resources.use(createRowReader(file, schema, room, signal));
  const meter = createChunkMeter(request.limits);
  const hint = sizeHint(file, columns, request);
  resources.use(room.open()).hold(memoryOfChunks(hint, request.fields.length), `two chunks of ${hint.records} records`);
  const stores = resources.use(createChunkStores(file.kernel, request.fields.length, hint));
  const ratioMax = request.limits.decompressionRatioMax * DICTIONARY_RATIO;
  let at = from;
  let grown = 0;
  let before = { ...whole.unshown };
  while (at.record < rows) {
    const store = stores.next();
    meter.reset();
    const messages = createMessageCollector(file.kernel, store, columns.message?.leaf.maxDefinition ?? 0);
    await collect(columns.message, whole, messages, meter, at.record, rows);
    const { count } = messages;
    grown += meter.bytes;
    if (growsTooMuch(grown, file.source.size, ratioMax, JUDGED_FROM_BYTES)) {
      throw corrupt(`the ${file.source.size} bytes of the Parquet file become more than ${ratioMax} times their size`);
    }
    const { timestampsMs, fields } = await readOthers(columns, count, store);
    const record = at.record + count;
    const next = record < rows ? { record, cursor: formatCursor(columns.all) } : null;
    const originals = messages.takeOriginals();
    const { values, columns: lost } = whole.unshown;
    const unshown = { values: values - before.values, columns: lost - before.columns };
    before = { values, columns: lost };
    yield {
      at,
      next,
      count,
      timestampsMs,
      messages: store.messages(count, messages.used),
      fields,
      unshown,
      unparsable: new Map(),
      ...(originals ? { originals } : {}),
    };
    if (!next) return;
    at = next;
  }
}

function openColumns(
  file: ParquetFile,
  schema: ParquetSchema,
  from: Position,
  { fields, messageFormat }: DecodeRequest,
  room: Room,
  signal: AbortSignal,
): Columns {
  const saved = parseCursor(from.cursor, file);
  // The message, the timestamp and the fields.
  const memory = { room, ...shareOf(2 + fields.length) };
  const all: ColumnCursor[] = [];
  const open = (leaf: Leaf | undefined): ColumnCursor | undefined => {
    if (!leaf) return undefined;
    const cursor = createColumnCursor(file, leaf, savedFor(leaf, saved, file, from.record), memory, signal);
    all.push(cursor);
    return cursor;
  };
  const message = messageFormat === 'message' ? schema.find('message') : undefined;
  const timestamp = schema.find('timestamp');
  const timestampCursor = open(timestamp);
  return {
    // Messages that are no bytes (a number, a date) are part of the record's JSON.
    message: open(isText(message) ? message : undefined),
    timestamp: timestamp && timestampCursor && { cursor: timestampCursor, read: createTimestampReader(timestamp) },
    fields: fields.map((name) => ({ name, cursor: open(schema.find(leafNameOf(name))) })),
    all,
  };
}

function isText(leaf: Leaf | undefined): boolean {
  return leaf?.type === 'BYTE_ARRAY' && leaf.logical?.kind !== 'decimal';
}

/** Of a record in a chunk: its times, its places, its form; and the number of each field. */
const RECORD_BYTES = 21;
const FIELD_BYTES = 4;
/** What a large object is admitted for in any case has room for the largest chunks (run/schedule/scheduler.ts). */
const CHUNKS_BYTES_MAX = 64 * 1024 * 1024;

/** What the two chunks take that are there at a time. */
function memoryOfChunks(
  { bytes, records }: { readonly bytes: number; readonly records: number },
  fields: number,
): number {
  return Math.min(CHUNKS_BYTES_MAX, 2 * (bytes + records * (RECORD_BYTES + FIELD_BYTES * fields)));
}

/** A column that the one who saved did not read begins at its row group. */
function savedFor(
  leaf: Leaf,
  saved: ReadonlyMap<string, ColumnPosition>,
  { groupRows }: ParquetFile,
  record: number,
): ColumnPosition | undefined {
  const position = saved.get(leaf.name);
  if (!position) return undefined;
  const firstRow = groupRows[position[0]];
  return firstRow !== undefined && firstRow + position[2] <= record ? position : undefined;
}

/** A store that fits what the message column has, or what a chunk may have. */
function sizeHint(
  { metadata }: ParquetFile,
  { message }: Columns,
  { limits }: DecodeRequest,
): { readonly bytes: number; readonly records: number } {
  const chunks = metadata.rowGroups.flatMap(({ columns }) => columns.filter(({ name }) => name === message?.leaf.name));
  const bytes = chunks.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0);
  const share = Math.min(1, limits.chunkBytesMax / Math.max(1, bytes));
  return {
    bytes: Math.max(SMALLEST_BYTES, Math.min(limits.chunkBytesMax, bytes)),
    records: Math.ceil(Math.min(limits.chunkRecordsMax, metadata.rows * share)),
  };
}

/** Takes messages until the chunk is full or the file ends. */
async function collect(
  message: ColumnCursor | undefined,
  whole: RowReader,
  messages: MessageCollector,
  meter: ChunkMeter,
  firstRow: number,
  rows: number,
): Promise<void> {
  while (firstRow + messages.count < rows) {
    const span = await message?.load();
    if (message && !span) throw corrupt(`the column ${message.leaf.name} ends before the others`);
    const absent =
      !span || (span.page.definition?.[span.entry] ?? message?.leaf.maxDefinition) !== message?.leaf.maxDefinition;
    if (absent) {
      if (!messages.takeText(await whole.textOf(firstRow + messages.count), meter)) return;
      message?.consume(1);
    } else {
      const taken = messages.takeSpan(span, meter);
      if (taken === 0) return;
      message?.consume(taken);
    }
  }
}

async function readOthers(
  columns: Columns,
  count: number,
  store: ChunkStore,
): Promise<Pick<Chunk, 'timestampsMs' | 'fields'>> {
  const timestampsMs = store.times(count).fill(TIMESTAMP_MISSING);
  const readField = async ({ name, cursor }: Columns['fields'][number], field: number) => {
    const index = store.ids(field, count);
    const column = cursor
      ? await readTextColumn(cursor, count, index)
      : { values: [''], index: index.fill(0), only: 0 };
    return [name, column] as const;
  };
  const [fields] = await settleAll([
    settleAll(columns.fields.map(readField)),
    columns.timestamp?.read(columns.timestamp.cursor, count, timestampsMs),
  ]);
  return { timestampsMs, fields: Object.fromEntries(fields) };
}
