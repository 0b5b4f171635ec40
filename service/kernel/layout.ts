/// <reference path="./assembly-types.d.ts" />

/**
 * What both sides of the kernel agree on. This file is compiled twice: AssemblyScript compiles it into the kernel (assembly/), and
 * Node runs it for the callers and the plain twin. It holds only numeric constants, each written out or computed from earlier ones.
 *
 * Offsets, sizes and lengths are bytes; everything in a structure is a word of 32 bits unless it says otherwise.
 */

const WORD: u32 = 4;

/** Memory is lent from here on. The kernel's arguments and tables lie before. */
export const LENT_FROM: usize = 65_536;
/** The kernel writes in vectors: it may overwrite so much behind a result, and read so much behind an input. */
export const SLACK_BYTES: usize = 16;

/** A message is text, or the inside of a JSON string (FORM_TEXT and FORM_JSON of core/chunk.ts). */
export const FORM_TEXT: u32 = 0;
export const FORM_JSON: u32 = 1;

// The reasons why a scan of lines ends.
export const ALL_READ: i32 = 0;
export const CHUNK_FULL: i32 = 1;
export const UNUSUAL_LINE: i32 = 2;
export const NO_ROOM: i32 = 3;

// The kinds of members that a scan of lines looks for.
export const KIND_FIELD: u32 = 0;
export const KIND_MESSAGE: u32 = 1;
export const KIND_TIMESTAMP: u32 = 2;
export const KIND_KUBERNETES: u32 = 3;

// The limits of what a scan of lines takes. A line beyond one of them is unusual.
export const NAMES_MAX: u32 = 24;
export const NAME_BYTES_MAX: u32 = 16;
export const FIELDS_MAX: u32 = 16;
/** The longest value of a field. */
export const FIELD_BYTES_MAX: u32 = 2_048;
/** The deepest nesting of arrays and objects. */
export const DEPTH_MAX: i32 = 32;
/** `2026-01-31T23:59:59`, the shortest date with a time, and the longest one. */
export const DATE_TIME_BYTES: usize = 19;
export const DATE_TIME_BYTES_MAX: usize = 64;
/** 1971-01-01 and 2200-01-01, the limits of core/timestamp.ts, in milliseconds. */
export const EPOCH_MS_MIN: u64 = 31_536_000_000;
export const EPOCH_MS_MAX: u64 = 7_258_118_400_000;

// The errors of snappyDecompress, and of snappyPart and lz4Part.
export const SNAPPY_TOO_SHORT: i32 = -1;
export const SNAPPY_TOO_LONG: i32 = -2;
export const SNAPPY_BAD_COPY: i32 = -3;
export const PART_BAD_COPY: i32 = 1;

// Entries of a scanner's tables.
/** A new value: its field, where its bytes are, its length. */
export const NEWS_ENTRY_BYTES: u32 = 3 * WORD;
/** A known value. */
export const VALUE_ENTRY_BYTES: u32 = 4 * WORD;
const FIELD_ENTRY_BYTES: u32 = 4 * WORD;

// The state of a scanner of lines. Its caller lends it, sets FROM and reads or changes what FROM to LINE_END hold.
/** Names begin at a multiple of 16, as the loan does. */
export const SCANNER_NAMES: usize = 0;
export const SCANNER_NAME_MEANINGS: usize = SCANNER_NAMES + NAMES_MAX * NAME_BYTES_MAX;
export const SCANNER_NAME_COUNT: usize = SCANNER_NAME_MEANINGS + NAMES_MAX * WORD;
/** For each length from 0 on: a bit for each name of that length, of the top level and then of those inside `kubernetes`. */
export const SCANNER_NAMES_BY_LENGTH: usize = SCANNER_NAME_COUNT + WORD;
/** For each field: the next number, and of the value before: where, length, number. */
export const SCANNER_FIELDS: usize = SCANNER_NAMES_BY_LENGTH + (NAME_BYTES_MAX + 1) * 2 * WORD;
export const SCANNER_TABLE: usize = SCANNER_FIELDS + FIELDS_MAX * FIELD_ENTRY_BYTES;
export const SCANNER_TABLE_MASK: usize = SCANNER_TABLE + WORD;
export const SCANNER_TABLE_USED: usize = SCANNER_TABLE_MASK + WORD;
export const SCANNER_ARENA: usize = SCANNER_TABLE_USED + WORD;
export const SCANNER_ARENA_END: usize = SCANNER_ARENA + WORD;
/** The list of new values: where it begins, ends so far, and must end. */
export const SCANNER_NEWS: usize = SCANNER_ARENA_END + WORD;
export const SCANNER_NEWS_AT: usize = SCANNER_NEWS + WORD;
export const SCANNER_NEWS_END: usize = SCANNER_NEWS_AT + WORD;
/** Where the next line begins. */
export const SCANNER_FROM: usize = SCANNER_NEWS_END + WORD;
/** Of the chunk at hand: records, bytes of their messages, and bytes as the chunk counts them. */
export const SCANNER_COUNT: usize = SCANNER_FROM + WORD;
export const SCANNER_USED: usize = SCANNER_COUNT + WORD;
export const SCANNER_METERED: usize = SCANNER_USED + WORD;
/** The line that was not taken, without white space around it. */
export const SCANNER_LINE_START: usize = SCANNER_METERED + WORD;
export const SCANNER_LINE_END: usize = SCANNER_LINE_START + WORD;
export const SCANNER_BYTES: usize = SCANNER_LINE_END + WORD;

// The state of snappyPart and lz4Part. Its caller lends it, zeroes it once, and sets FROM and TO.
export const PART_FROM: usize = 0;
export const PART_TO: usize = PART_FROM + WORD;
/** Bytes of a literal that are still to be copied. */
export const PART_LITERAL: usize = PART_TO + WORD;
/** Bytes of a copy that are still to be made, and from how far back. */
export const PART_COPY: usize = PART_LITERAL + WORD;
export const PART_OFFSET: usize = PART_COPY + WORD;
/** LZ4: what comes next in the sequence at hand. */
export const PART_PHASE: usize = PART_OFFSET + WORD;
export const PART_BYTES: usize = PART_PHASE + WORD;

// Arguments. A call with more than five of them finds them here, as calls.ts describes them; only one call runs at a time.
const ARGUMENTS: usize = 64;

// scanLines
export const SCAN_LINES_SCANNER: usize = ARGUMENTS;
export const SCAN_LINES_END: usize = SCAN_LINES_SCANNER + WORD;
export const SCAN_LINES_WHOLE_RECORDS: usize = SCAN_LINES_END + WORD;
export const SCAN_LINES_STARTS: usize = SCAN_LINES_WHOLE_RECORDS + WORD;
export const SCAN_LINES_LENGTHS: usize = SCAN_LINES_STARTS + WORD;
export const SCAN_LINES_SIZES: usize = SCAN_LINES_LENGTHS + WORD;
export const SCAN_LINES_FORMS: usize = SCAN_LINES_SIZES + WORD;
export const SCAN_LINES_TIMES: usize = SCAN_LINES_FORMS + WORD;
export const SCAN_LINES_IDS: usize = SCAN_LINES_TIMES + WORD;
export const SCAN_LINES_RECORDS_ROOM: usize = SCAN_LINES_IDS + WORD;
export const SCAN_LINES_BYTES: usize = SCAN_LINES_RECORDS_ROOM + WORD;
export const SCAN_LINES_BYTES_ROOM: usize = SCAN_LINES_BYTES + WORD;
export const SCAN_LINES_FIELD_COUNT: usize = SCAN_LINES_BYTES_ROOM + WORD;
export const SCAN_LINES_CHUNK_BYTES_MAX: usize = SCAN_LINES_FIELD_COUNT + WORD;
export const SCAN_LINES_CHUNK_RECORDS_MAX: usize = SCAN_LINES_CHUNK_BYTES_MAX + WORD;
export const SCAN_LINES_RECORD_OVERHEAD: usize = SCAN_LINES_CHUNK_RECORDS_MAX + WORD;
export const SCAN_LINES_LINE_BYTES_MAX: usize = SCAN_LINES_RECORD_OVERHEAD + WORD;
/** Behind the longest list of arguments. */
export const ARGUMENTS_END: usize = SCAN_LINES_LINE_BYTES_MAX + WORD;

// takeMessages
export const TAKE_MESSAGES_STARTS: usize = ARGUMENTS;
export const TAKE_MESSAGES_LENGTHS: usize = TAKE_MESSAGES_STARTS + WORD;
export const TAKE_MESSAGES_COUNT: usize = TAKE_MESSAGES_LENGTHS + WORD;
export const TAKE_MESSAGES_SHIFT: usize = TAKE_MESSAGES_COUNT + WORD;
export const TAKE_MESSAGES_TO_STARTS: usize = TAKE_MESSAGES_SHIFT + WORD;
export const TAKE_MESSAGES_TO_LENGTHS: usize = TAKE_MESSAGES_TO_STARTS + WORD;
export const TAKE_MESSAGES_TO_SIZES: usize = TAKE_MESSAGES_TO_LENGTHS + WORD;
export const TAKE_MESSAGES_TO_FORMS: usize = TAKE_MESSAGES_TO_SIZES + WORD;
export const TAKE_MESSAGES_RECORD_OVERHEAD: usize = TAKE_MESSAGES_TO_FORMS + WORD;
export const TAKE_MESSAGES_BYTES_MAX: usize = TAKE_MESSAGES_RECORD_OVERHEAD + WORD;

// writeEvents
export const WRITE_EVENTS_EVENTS: usize = ARGUMENTS;
export const WRITE_EVENTS_COUNT: usize = WRITE_EVENTS_EVENTS + WORD;
export const WRITE_EVENTS_STARTS: usize = WRITE_EVENTS_COUNT + WORD;
export const WRITE_EVENTS_LENGTHS: usize = WRITE_EVENTS_STARTS + WORD;
export const WRITE_EVENTS_FORMS: usize = WRITE_EVENTS_LENGTHS + WORD;
export const WRITE_EVENTS_TIMES: usize = WRITE_EVENTS_FORMS + WORD;
export const WRITE_EVENTS_BYTES: usize = WRITE_EVENTS_TIMES + WORD;
export const WRITE_EVENTS_TARGET: usize = WRITE_EVENTS_BYTES + WORD;
export const WRITE_EVENTS_LIMIT: usize = WRITE_EVENTS_TARGET + WORD;

// digestEvents
export const DIGEST_EVENTS_EVENTS: usize = ARGUMENTS;
export const DIGEST_EVENTS_COUNT: usize = DIGEST_EVENTS_EVENTS + WORD;
export const DIGEST_EVENTS_STARTS: usize = DIGEST_EVENTS_COUNT + WORD;
export const DIGEST_EVENTS_LENGTHS: usize = DIGEST_EVENTS_STARTS + WORD;
export const DIGEST_EVENTS_SIZES: usize = DIGEST_EVENTS_LENGTHS + WORD;
export const DIGEST_EVENTS_FORMS: usize = DIGEST_EVENTS_SIZES + WORD;
export const DIGEST_EVENTS_TIMES: usize = DIGEST_EVENTS_FORMS + WORD;
export const DIGEST_EVENTS_BYTES: usize = DIGEST_EVENTS_TIMES + WORD;
export const DIGEST_EVENTS_SCRATCH: usize = DIGEST_EVENTS_BYTES + WORD;
export const DIGEST_EVENTS_SCRATCH_BYTES: usize = DIGEST_EVENTS_SCRATCH + WORD;
export const DIGEST_EVENTS_TARGET: usize = DIGEST_EVENTS_SCRATCH_BYTES + WORD;

// clearValues
export const CLEAR_VALUES_SCANNER: usize = ARGUMENTS;
export const CLEAR_VALUES_TABLE: usize = CLEAR_VALUES_SCANNER + WORD;
export const CLEAR_VALUES_TABLE_BITS: usize = CLEAR_VALUES_TABLE + WORD;
export const CLEAR_VALUES_ARENA: usize = CLEAR_VALUES_TABLE_BITS + WORD;
export const CLEAR_VALUES_ARENA_BYTES: usize = CLEAR_VALUES_ARENA + WORD;
export const CLEAR_VALUES_NEWS: usize = CLEAR_VALUES_ARENA_BYTES + WORD;
export const CLEAR_VALUES_NEWS_BYTES: usize = CLEAR_VALUES_NEWS + WORD;

// scanByteArrays
export const SCAN_BYTE_ARRAYS_SOURCE: usize = ARGUMENTS;
export const SCAN_BYTE_ARRAYS_SOURCE_BYTES: usize = SCAN_BYTE_ARRAYS_SOURCE + WORD;
export const SCAN_BYTE_ARRAYS_COUNT: usize = SCAN_BYTE_ARRAYS_SOURCE_BYTES + WORD;
export const SCAN_BYTE_ARRAYS_BASE: usize = SCAN_BYTE_ARRAYS_COUNT + WORD;
export const SCAN_BYTE_ARRAYS_STARTS: usize = SCAN_BYTE_ARRAYS_BASE + WORD;
export const SCAN_BYTE_ARRAYS_LENGTHS: usize = SCAN_BYTE_ARRAYS_STARTS + WORD;

// The scratch of deflate, which its caller lends. It holds nothing between two calls.
/** Where each hash of five bytes was met last. A larger table does not stay in the second cache of a core. */
export const DEFLATE_HASH_BITS: u32 = 15;
export const DEFLATE_TABLE: usize = 0;
export const DEFLATE_TABLE_BYTES: usize = (1 << DEFLATE_HASH_BITS) * WORD;
/** The sequences of a block: how many literals, then length and distance of the copy behind them. */
export const DEFLATE_SEQUENCES_MAX: u32 = 32_768;
export const DEFLATE_SEQUENCES: usize = DEFLATE_TABLE + DEFLATE_TABLE_BYTES;
/** Symbols of the format: literals with lengths, distances, lengths of codes (RFC 1951, 3.2.5 to 3.2.7). */
export const DEFLATE_LITERALS: u32 = 286;
export const DEFLATE_DISTANCES: u32 = 30;
export const DEFLATE_CODE_LENGTHS: u32 = 19;
/** For each symbol how often it occurs, and its code with the length of that above it. */
export const DEFLATE_COUNTS: usize = DEFLATE_SEQUENCES + DEFLATE_SEQUENCES_MAX * 2 * WORD;
const DEFLATE_SYMBOLS: u32 = DEFLATE_LITERALS + DEFLATE_DISTANCES + DEFLATE_CODE_LENGTHS;
export const DEFLATE_CODES: usize = DEFLATE_COUNTS + DEFLATE_SYMBOLS * WORD;
/** A byte for each symbol: the length of its code. */
export const DEFLATE_LENGTHS: usize = DEFLATE_CODES + DEFLATE_SYMBOLS * WORD;
/** What the table of a block's codes is written with: a word for each symbol and each repetition of a length. */
export const DEFLATE_RUNS: usize = DEFLATE_LENGTHS + ((DEFLATE_SYMBOLS + 15) & ~15);
/** Leaves and inner nodes of a tree: three words each. */
export const DEFLATE_NODES: usize = DEFLATE_RUNS + DEFLATE_SYMBOLS * WORD;
/** The symbol of each length of a copy from 3 to 258; of each distance up to 256, and then of each 128 distances. */
export const DEFLATE_COPY_SYMBOLS: usize = DEFLATE_NODES + DEFLATE_LITERALS * 2 * 3 * WORD;
export const DEFLATE_DISTANCE_SYMBOLS: usize = DEFLATE_COPY_SYMBOLS + 256;
export const DEFLATE_SCRATCH_BYTES: usize = DEFLATE_DISTANCE_SYMBOLS + 512;
