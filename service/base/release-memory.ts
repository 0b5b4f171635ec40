/**
 * Gives back the memory of bytes that nobody needs any more, if they have a buffer for themselves; they are empty afterwards. For what
 * comes by the gigabyte: left to the garbage collector, it decides how often that runs, or how large the heap is.
 */
export function releaseMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
