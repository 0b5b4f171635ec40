import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type FileMetadata, readMetadata } from './metadata.ts';

/** Read with the footer at first: most footers are smaller, and then it is the only request. */
const TAIL_BYTES = 64 * 1024;
/** Footers grow with columns times row groups; ten thousand column chunks come to some megabytes. */
const FOOTER_BYTES_MAX = 32 * 1024 * 1024;
/** Length of the footer, then `PAR1`. */
const TRAILER_BYTES = 8;
const MAGIC = 0x31524150;

/** The file's metadata. @throws DistributorError `object-corrupt` */
export async function readFooter(source: ByteSource, signal: AbortSignal): Promise<FileMetadata> {
  if (source.size < 4 + TRAILER_BYTES) throw corrupt(`a Parquet file of ${source.size} bytes`);
  let tail = await source.read(Math.max(0, source.size - TAIL_BYTES), source.size, signal);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  if (view.getUint32(tail.length - 4, true) !== MAGIC)
    throw corrupt('the Parquet file does not end with PAR1: it is truncated');
  const length = view.getUint32(tail.length - TRAILER_BYTES, true);
  if (length > FOOTER_BYTES_MAX || length > source.size - 4 - TRAILER_BYTES) {
    throw corrupt(`the Parquet footer claims ${length} bytes`);
  }
  if (length + TRAILER_BYTES > tail.length) {
    tail = await source.read(source.size - TRAILER_BYTES - length, source.size, signal);
  }
  return readMetadata(tail.subarray(tail.length - TRAILER_BYTES - length, tail.length - TRAILER_BYTES));
}
