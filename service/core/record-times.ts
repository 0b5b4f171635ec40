import { type Chunk, TIMESTAMP_UNREADABLE } from './chunk.ts';

/** When the records of a chunk happened, and what holds of all of these times: most chunks are looked at no further. */
export interface RecordTimes {
  /** Epoch milliseconds; of a record without a readable time, the object's LastModified. */
  readonly ofMs: Float64Array;
  readonly earliestMs: number;
  readonly latestMs: number;
  /** None is earlier than the one before. */
  readonly ascending: boolean;
}

/** The chunk's own times, or a copy with the object's in place of those that are missing or unreadable. */
export function resolveTimes({ timestampsMs }: Pick<Chunk, 'timestampsMs'>, lastModifiedMs: number): RecordTimes {
  const count = timestampsMs.length;
  let ofMs = timestampsMs;
  let earliestMs = Number.POSITIVE_INFINITY;
  let latestMs = Number.NEGATIVE_INFINITY;
  let beforeMs = Number.NEGATIVE_INFINITY;
  let ascending = true;
  for (let record = 0; record < count; record++) {
    let timeMs = ofMs[record] as number;
    // Neither missing, which is not a number, nor unreadable, which is less than any.
    if (!(timeMs > TIMESTAMP_UNREADABLE)) {
      if (ofMs === timestampsMs) ofMs = timestampsMs.slice();
      ofMs[record] = lastModifiedMs;
      timeMs = lastModifiedMs;
    }
    if (timeMs < earliestMs) earliestMs = timeMs;
    if (timeMs > latestMs) latestMs = timeMs;
    if (timeMs < beforeMs) ascending = false;
    beforeMs = timeMs;
  }
  return { ofMs, earliestMs, latestMs, ascending };
}
