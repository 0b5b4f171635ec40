/**
 * The kernel's functions, as the service calls them: by WebAssembly (module.ts) or in TypeScript (plain/). Addresses, sizes and lengths
 * are bytes. What lies at an address must be lent (allocator.ts), with SLACK_BYTES behind what is read or written in vectors.
 *
 * Each function throws DistributorError `invariant-broken` when its arguments or its results cannot be (border.ts).
 */
export interface KernelCalls {
  /**
   * Decompresses Snappy's raw format. Up to SLACK_BYTES behind the target may be overwritten.
   * @returns 0, or one of SNAPPY_* when the bytes are not Snappy or of another length
   */
  snappyDecompress(source: number, sourceBytes: number, target: number, targetBytes: number): number;
  /**
   * Goes on with the elements of Snappy, behind its preamble.
   * @param state PART_*
   * @param end of the bytes that are there
   * @param begin of what may be referred to
   * @param limit of what may be written
   * @returns 0 when there is no more input or room, or PART_BAD_COPY
   */
  snappyPart(state: number, end: number, begin: number, limit: number): number;
  /** The same for the sequences of an LZ4 block. */
  lz4Part(state: number, end: number, begin: number, limit: number): number;
  /**
   * Finds the values of a PLAIN page of byte arrays, and puts spaces over the length in front of each.
   * @returns the length of what the values take, or -1 when they reach beyond the page
   */
  scanByteArrays(page: ByteArrays): number;
  /**
   * Takes text messages into a chunk, as long as the sum of their lengths and overheads stays within the limit.
   * @returns how many were taken
   */
  takeMessages(messages: TextMessages): number;
  /**
   * Writes `{"timestamp":…,"message":"…"},` for each event.
   * @returns the end of what was written, or 0 when it does not fit
   */
  writeEvents(events: Events): number;
  /**
   * Writes the digest (core/digest.ts) of events, `lo` and then `hi`.
   * @returns the sum of the bytes of their messages, or -1 when the scratch is too small for a message that is escaped
   */
  digestEvents(events: DigestedEvents): number;
  /**
   * Compresses bytes as DEFLATE.
   * @param scratch DEFLATE_SCRATCH_BYTES
   * @returns the length of what was written, or 0 when it does not fit
   */
  deflate(source: number, sourceBytes: number, target: number, targetBytes: number, scratch: number): number;
  /** Begins a scanner: it has no names. @param scanner SCANNER_* */
  clearNames(scanner: number): void;
  /** @returns where to put the name's bytes; 0 when it is too long or one too many */
  addName(name: MemberName): number;
  /** Begins a chunk: no value of a field is known. */
  clearValues(room: ValuesRoom): void;
  /** How many values became known since the last call, in the list at SCANNER_NEWS. */
  takeNews(scanner: number): number;
  /** A number for a value of a field that the caller keeps itself. */
  takeNumber(scanner: number, field: number): number;
  /**
   * Reads records from lines of JSON, from SCANNER_FROM on. COUNT, USED and METERED go on from where they are.
   * @returns why it ended: ALL_READ, or else SCANNER_LINE_START and LINE_END have the line that was not taken, and FROM is before it
   */
  scanLines(lines: Lines): number;
}

export interface ByteArrays {
  readonly source: number;
  readonly sourceBytes: number;
  /** Values to find. */
  readonly count: number;
  /** What `starts` are relative to. */
  readonly base: number;
  /** Columns to fill, a word for each value. */
  readonly starts: number;
  readonly lengths: number;
}

export interface TextMessages {
  /** Columns to take from, a word for each message. */
  readonly starts: number;
  readonly lengths: number;
  readonly count: number;
  /** Is added to each start. */
  readonly shift: number;
  /** Columns to fill: words, and a byte for each form. */
  readonly toStarts: number;
  readonly toLengths: number;
  readonly toSizes: number;
  readonly toForms: number;
  readonly recordOverhead: number;
  readonly bytesMax: number;
}

/** Records of a chunk, in any order. */
export interface ChosenEvents {
  /** The numbers of the records, a word each. */
  readonly events: number;
  readonly count: number;
  /** Columns of the chunk: words, a byte for each form, a double for each time. */
  readonly starts: number;
  readonly lengths: number;
  readonly forms: number;
  readonly times: number;
  /** What `starts` are relative to. */
  readonly bytes: number;
  readonly target: number;
}

export interface Events extends ChosenEvents {
  /** Behind the last byte that may be written. */
  readonly limit: number;
}

export interface DigestedEvents extends ChosenEvents {
  /** A column of the chunk: words. */
  readonly sizes: number;
  /** Room for a message that is not escaped, with SLACK_BYTES behind it. */
  readonly scratch: number;
  readonly scratchBytes: number;
}

export interface MemberName {
  readonly scanner: number;
  readonly bytes: number;
  /** KIND_* */
  readonly kind: number;
  /** Of a field: its number, below FIELDS_MAX. */
  readonly field: number;
  /** It is looked for inside of `kubernetes`. */
  readonly inside: boolean;
}

export interface ValuesRoom {
  readonly scanner: number;
  /** 2^tableBits entries of VALUE_ENTRY_BYTES. */
  readonly table: number;
  readonly tableBits: number;
  /** The bytes of the values. */
  readonly arena: number;
  readonly arenaBytes: number;
  /** Entries of NEWS_ENTRY_BYTES: field, where the bytes are, length. */
  readonly news: number;
  readonly newsBytes: number;
}

export interface Lines {
  readonly scanner: number;
  /** Behind a newline, or at the end of the object. */
  readonly end: number;
  /** The message is the whole record. */
  readonly wholeRecords: boolean;
  /** Columns to fill, an entry for each record: words, a byte for each form, a double for each time. */
  readonly starts: number;
  readonly lengths: number;
  readonly sizes: number;
  readonly forms: number;
  readonly times: number;
  /** A column of words for each field, one behind the other. */
  readonly ids: number;
  readonly fieldCount: number;
  /** Entries of each column. */
  readonly recordsRoom: number;
  /** Messages are put here, one behind the other. */
  readonly bytes: number;
  /** Without the SLACK_BYTES behind them. */
  readonly bytesRoom: number;
  readonly chunkBytesMax: number;
  readonly chunkRecordsMax: number;
  /** Bytes that the chunk counts for each record beside its message. */
  readonly recordOverhead: number;
  readonly lineBytesMax: number;
}
