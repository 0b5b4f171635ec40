import type { DecodeLimits } from '../core/chunk.ts';

/**
 * A chunk holds sixteen batches less half a percent, so that a stream's sixteenth batch is full too and no small
 * seventeenth follows. Also what a crash can make us repeat at most, and half of what a thread holds of an object.
 */
const CHUNK_BYTES_MAX = 16 * 1_042_000;
const CHUNK_RECORDS_MAX = 400_000;
/** Twice what is counted: only messages that are little but quotes and line ends take more. */
const CHUNK_STORED_BYTES_MAX = 2 * CHUNK_BYTES_MAX;
/** CloudWatch takes events of 1 MB; longer records are split, but a line that never ends is no log. */
const RECORD_BYTES_MAX = 32 * 1024 * 1024;
/** gzip reaches 1,032 at most, on constant input; real logs stay below 100. */
const DECOMPRESSION_RATIO_MAX = 400;

/** What the service decodes with, and so do the commands that show what it would do. */
export const DECODE_LIMITS: DecodeLimits = {
  chunkBytesMax: CHUNK_BYTES_MAX,
  chunkRecordsMax: CHUNK_RECORDS_MAX,
  chunkStoredBytesMax: CHUNK_STORED_BYTES_MAX,
  recordBytesMax: RECORD_BYTES_MAX,
  decompressionRatioMax: DECOMPRESSION_RATIO_MAX,
};
