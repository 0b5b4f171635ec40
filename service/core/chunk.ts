import type { Digest } from './digest.ts';

/**
 * What decoding produces and delivery consumes: a slice of an object, column by column.
 *
 * No object is built per record. A record is an index into the columns, and its message is a range of bytes, so that
 * a message can travel from the object to the request body without ever becoming a string.
 */

/** The members of a record that routing, filters and the tenant check can ask for. */
export const RECORD_FIELDS = [
  'customer_tenant',
  'cluster_id',
  'environment',
  'application',
  'log_level',
  'namespace',
  'pod_name',
  'container_name',
  'node_name',
  'source_type',
  'file',
] as const;

export type RecordField = (typeof RECORD_FIELDS)[number];

/** The fields that stand inside a record's `kubernetes` struct; all others stand at its top level. */
export const KUBERNETES_FIELDS: ReadonlySet<RecordField> = new Set([
  'namespace',
  'pod_name',
  'container_name',
  'node_name',
]);

/** One field of all records of a chunk: `values[index[i]]` is record i's text. Index 0 is always '' and means absent. */
export interface TextColumn {
  readonly values: readonly string[];
  readonly index: Uint32Array;
  /** What all of `index` is, where the decoder knows that it is one: such are the columns by which objects are partitioned. */
  readonly only?: number;
}

/** Timestamp of a record that has none. */
export const TIMESTAMP_MISSING = Number.NaN;
/** Timestamp of a record that has one which cannot be read as a time. */
export const TIMESTAMP_UNREADABLE = Number.NEGATIVE_INFINITY;

/** Message bytes are the text itself, in valid UTF-8. */
export const FORM_TEXT = 0;
/** Message bytes are the inside of a JSON string literal: already escaped, valid UTF-8, without the quotes. */
export const FORM_JSON = 1;

/** The messages of a chunk as ranges of one buffer. */
export interface Messages {
  readonly bytes: Uint8Array;
  /** Offset of each message's first byte in `bytes`. */
  readonly start: Uint32Array;
  /** Number of bytes of each message in `bytes`. */
  readonly length: Uint32Array;
  /** UTF-8 bytes of each message once unescaped: what CloudWatch Logs counts. */
  readonly size: Uint32Array;
  /** FORM_TEXT or FORM_JSON for each message. */
  readonly form: Uint8Array;
  /**
   * Writes `{"timestamp":…,"message":"…"},` for these records, faster than by way of strings; absent if the messages are not in
   * the kernel's memory.
   * @param timesMs of all records of the chunk; whole numbers from 0 on
   * @returns what was written, to be disposed of once it is copied; null when it does not fit what there is room for
   */
  readonly writeEvents?: (records: Uint32Array, timesMs: Float64Array) => WrittenEvents | null;
  /**
   * The digest of these records with these times, and the bytes of their messages; absent if the messages are not in the kernel's memory.
   * @param timesMs as for `writeEvents`
   * @returns null when it must be found without the kernel
   */
  readonly digestEvents?: (records: Uint32Array, timesMs: Float64Array) => DigestedEvents | null;
}

export interface DigestedEvents {
  readonly digest: Digest;
  /** UTF-8 bytes of the messages, unescaped. */
  readonly bytes: number;
}

/** Events as they stand in a body, each with a comma behind it. The bytes are good until this is disposed of. */
export interface WrittenEvents extends Disposable {
  readonly bytes: Uint8Array;
}

/** Of records whose bytes in the object are not UTF-8, so that their text has U+FFFD in place of what is broken: the bytes. */
export interface OriginalBytes {
  /** Indices of these records, in ascending order. */
  readonly records: Uint32Array;
  /** The bytes that a record's text was read from: of text formats the record's, of Parquet the message's. undefined: they are UTF-8. */
  of(record: number): Uint8Array | undefined;
}

/**
 * A place in an object from which decoding can go on without what came before it.
 * Serializable: the ledger keeps it, and another process of another version may be the one that resumes.
 */
export interface Position {
  /** Ordinal of the next record in the object, from 0. */
  readonly record: number;
  /** What the decoder needs to find that record; only the decoder of the same format understands it. '' is the start. */
  readonly cursor: string;
}

export const START: Position = { record: 0, cursor: '' };

/**
 * A deterministic slice of an object: the same object and position give the same chunk, in any process. Good until the next but
 * one is asked for: the memory of two is used in turn.
 */
export interface Chunk {
  /** Where this chunk starts. */
  readonly at: Position;
  /** Where the next one starts; null when this is the last. */
  readonly next: Position | null;
  /** Number of records; every column below has this many entries. */
  readonly count: number;
  /** Milliseconds since the epoch, whole; or TIMESTAMP_MISSING, or TIMESTAMP_UNREADABLE. */
  readonly timestampsMs: Float64Array;
  readonly messages: Messages;
  /** A column for each requested field; a field that no record of the object has is a column of zeros. */
  readonly fields: Readonly<Partial<Record<RecordField, TextColumn>>>;
  /** Values that stand as null in whole records because they cannot be shown there, or because their column cannot be read. */
  readonly unshown?: Unshown;
  /** Records that could not be decoded (a line that is no JSON object): index → why. Their bytes stand in `messages`. */
  readonly unparsable: ReadonlyMap<number, string>;
  /** Absent: all records are UTF-8. */
  readonly originals?: OriginalBytes;
}

/** How many values of whole records are missing there, by why. */
export interface Unshown {
  /** They have no form in JSON. */
  readonly values: number;
  /** Their column cannot be read: it is encrypted, or in a codec that is not supported. */
  readonly columns: number;
}

/** Limits that make a decode bounded. All are enforced while decoding, not afterwards. */
export interface DecodeLimits {
  /**
   * A chunk ends before the record with which the sum of (message size + 26) would exceed this; 26 bytes is what
   * PutLogEvents adds for each event. A chunk always has at least one record.
   */
  readonly chunkBytesMax: number;
  readonly chunkRecordsMax: number;
  /**
   * A chunk also ends before the record with which its messages, as they are stored, would take more than this: JSON escapes can
   * make them several times as long as what is counted. The same holds of the bytes that are kept because they are not UTF-8.
   */
  readonly chunkStoredBytesMax: number;
  /** Longest record (line, array element, cell) in bytes. A longer one makes the object corrupt. */
  readonly recordBytesMax: number;
  /** Largest uncompressed size over compressed size, checked once more than 64 MiB came out. */
  readonly decompressionRatioMax: number;
}

/** What a decoder may take of memory, in bytes: objects are admitted by what they take (run/schedule/scheduler.ts). */
export interface DecodeMemory {
  /** What the object was admitted for. */
  readonly grantedBytes: number;
  /** What any object may be admitted for. */
  readonly mostBytes: number;
}

/** What a decoder is asked for. */
export interface DecodeRequest {
  readonly fields: readonly RecordField[];
  /**
   * `message`: the message member, or the whole record as JSON where a record has none.
   * `record`: always the whole record as JSON.
   */
  readonly messageFormat: 'message' | 'record';
  readonly limits: DecodeLimits;
  /** As much as the kernel has where it is left out. */
  readonly memory?: DecodeMemory;
}

/**
 * An opened object. `chunks` may be called once, and stops when its consumer returns. Disposing releases the memory of the last
 * chunks: nobody may look at one afterwards.
 */
export interface Decoder extends Disposable {
  /** `parquet`, `empty` or a shape of text such as `ndjson`; then what is around it, as in `ndjson+gzip`. Part of `layout`. */
  readonly format: string;
  /** @throws DistributorError `object-corrupt` when the bytes are not what they claim to be. */
  chunks(from: Position, request: DecodeRequest, signal: AbortSignal): AsyncGenerator<Chunk, void, undefined>;
}
