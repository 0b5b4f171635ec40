/** A small object may be all the same line: what it grows by is judged only beyond this. */
const JUDGED_FROM_BYTES = 64 * 1024 * 1024;

/** Whether an object has become more than `ratioMax` times its size. @param judgedFromBytes what any object may become */
export function growsTooMuch(
  bytes: number,
  sizeBytes: number,
  ratioMax: number,
  judgedFromBytes = JUDGED_FROM_BYTES,
): boolean {
  return bytes > judgedFromBytes && bytes > sizeBytes * ratioMax;
}
