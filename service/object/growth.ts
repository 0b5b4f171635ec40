/** A small object may be all the same line: what it grows by is judged only beyond this. */
const JUDGED_FROM_BYTES = 64 * 1024 * 1024;

/** Whether an object has become more than `ratioMax` times its size. */
export function growsTooMuch(bytes: number, sizeBytes: number, ratioMax: number): boolean {
  return bytes > JUDGED_FROM_BYTES && bytes > sizeBytes * ratioMax;
}
