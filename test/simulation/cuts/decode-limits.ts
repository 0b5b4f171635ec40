import type { DecodeLimits } from '../../../service/core/chunk.ts';

/** In the place of service/object/decode-limits.ts: small, so that an object of some kilobytes has several chunks. */
export const DECODE_LIMITS: DecodeLimits = {
  chunkBytesMax: 4_096,
  chunkRecordsMax: 64,
  chunkStoredBytesMax: 16_384,
  recordBytesMax: 1_000_000,
  decompressionRatioMax: 400,
};
