import {
  type Chunk,
  FORM_JSON,
  FORM_TEXT,
  type Position,
  RECORD_FIELDS,
  type RecordField,
  START,
  type TextColumn,
  TIMESTAMP_MISSING,
} from '../../service/core/chunk.ts';
import { createOriginalsCollector } from '../../service/object/original-bytes.ts';

/** A record of a chunk to be built. */
export interface RecordSpec {
  /** A string, or bytes where invalid UTF-8 is wanted (text form only). */
  readonly message: string | Uint8Array;
  /** Epoch milliseconds; absent: TIMESTAMP_MISSING. */
  readonly timeMs?: number;
  readonly fields?: Readonly<Partial<Record<RecordField, string>>>;
  /** Store the message as the inside of a JSON string literal instead of plain text. */
  readonly json?: boolean;
  /** Why the record could not be decoded. */
  readonly unparsable?: string;
  /** The bytes that its text was read from, where they are not UTF-8. */
  readonly original?: Uint8Array;
}

export interface ChunkSpec {
  readonly at?: Position;
  readonly next?: Position | null;
  /** The columns to be there; absent: those that any record has a value for. */
  readonly columns?: readonly RecordField[];
}

/** Builds a chunk as a decoder would: one buffer of message bytes, with a gap before each message, and text columns. */
export function buildChunk(
  records: readonly RecordSpec[],
  { at = START, next = null, columns }: ChunkSpec = {},
): Chunk {
  const count = records.length;
  const start = new Uint32Array(count);
  const length = new Uint32Array(count);
  const size = new Uint32Array(count);
  const form = new Uint8Array(count);
  const timestampsMs = new Float64Array(count);
  const pieces: Buffer[] = [Buffer.from('gap')];
  let end = 3;
  for (const [index, { message, timeMs = TIMESTAMP_MISSING, json = false }] of records.entries()) {
    const text = typeof message === 'string' ? message : Buffer.from(message).toString('utf8');
    const plain = typeof message === 'string' ? Buffer.from(message, 'utf8') : Buffer.from(message);
    const bytes = json ? Buffer.from(JSON.stringify(text).slice(1, -1), 'utf8') : plain;
    start[index] = end;
    length[index] = bytes.length;
    size[index] = Buffer.byteLength(text, 'utf8');
    form[index] = json ? FORM_JSON : FORM_TEXT;
    timestampsMs[index] = timeMs;
    pieces.push(bytes, Buffer.from('gap'));
    end += bytes.length + 3;
  }
  const originals = createOriginalsCollector();
  for (const [index, { original }] of records.entries()) if (original) originals.add(index, original);
  const kept = originals.take();
  const present = columns ?? RECORD_FIELDS.filter((field) => records.some(({ fields }) => fields?.[field]));
  // The view starts in the middle of its memory, as a decoder's may.
  const memory = Buffer.concat([Buffer.from('before'), ...pieces]);
  return {
    at,
    next,
    count,
    timestampsMs,
    messages: { bytes: memory.subarray('before'.length), start, length, size, form },
    fields: Object.fromEntries(present.map((field) => [field, columnOf(records, field)])),
    unparsable: new Map(
      records.flatMap(({ unparsable }, index) => (unparsable === undefined ? [] : [[index, unparsable] as const])),
    ),
    ...(kept ? { originals: kept } : {}),
  };
}

function columnOf(records: readonly RecordSpec[], field: RecordField): TextColumn {
  const values = [''];
  const index = Uint32Array.from(records, ({ fields }) => {
    const value = fields?.[field] ?? '';
    const known = values.indexOf(value);
    return known === -1 ? values.push(value) - 1 : known;
  });
  return { values, index };
}
