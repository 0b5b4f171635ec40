/**
 * Frees the memory of bytes at once, if they have a buffer of their own; they are empty afterwards. Use it for bulk data: bulk
 * buffers left to the garbage collector dictate how often it runs, or how large the heap grows.
 */
export function releaseMemory({ buffer, byteLength }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
