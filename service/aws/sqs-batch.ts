/** Entries of a batch call, and messages of a receive, at most (SQS API reference). */
export const BATCH_MAX = 10;
/** Of all bodies in a batch together (SQS quotas: 256 KiB, since August 2025 1 MiB); notifications have one or two KB. */
const BATCH_BODY_BYTES_MAX = 200 * 1024;

/** Cuts entries into parts that a batch call takes. @param bodyOf what of an entry counts to the size of the call */
export function* batchesOf<T>(entries: readonly T[], bodyOf: (entry: T) => string = () => ''): Generator<readonly T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const more = Buffer.byteLength(bodyOf(entry));
    if (part.length === BATCH_MAX || (part.length > 0 && bytes + more > BATCH_BODY_BYTES_MAX)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += more;
  }
  if (part.length > 0) yield part;
}
