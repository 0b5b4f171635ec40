import fc from 'fast-check';
import type { DecodeLimits } from '../../service/core/chunk.ts';

const limits: fc.Arbitrary<DecodeLimits> = fc.record({
  chunkBytesMax: fc.constantFrom(60, 1_000, 100_000),
  chunkRecordsMax: fc.constantFrom(1, 7, 10_000),
  chunkStoredBytesMax: fc.constantFrom(100, 200_000),
  recordBytesMax: fc.constantFrom(200, 100_000),
  decompressionRatioMax: fc.constant(400),
});
/** How an object is decoded: any of these must do for it. */
export const setting = fc.record({
  limits,
  messageFormat: fc.constantFrom('message' as const, 'record' as const),
  pieceBytes: fc.constantFrom(1, 13, 4_096),
  resumeAt: fc.nat(4),
});
