import { announcedBytes } from './snappy.ts';

/** What tells Snappy that has no magic number. */

/** Shortest and longest that Snappy makes of bytes: 64 from three; 32 and a sixth more. */
const SNAPPY_RATIO_MAX = 22;
const compressedMax = (bytes: number) => 32 + bytes + bytes / 6;

/** Two lengths, and Snappy's own, which is not more than the first; that begins with a zero, and no text does. */
export function looksLikeHadoopSnappy(head: Buffer): boolean {
  if (head.length < 10 || head[0] !== 0) return false;
  const blockBytes = head.readUInt32BE(0);
  const bytes = lengthAt(head, 8);
  return bytes !== undefined && bytes > 0 && bytes <= blockBytes && head.readUInt32BE(4) <= compressedMax(bytes);
}

/** A length that fits the size, and a literal: there is nothing yet that could be copied. */
export function looksLikeRawSnappy(head: Buffer, size: number | undefined): boolean {
  const bytes = lengthAt(head, 0);
  if (bytes === undefined || bytes === 0) return false;
  const tag = head[lengthBytes(head)];
  if (tag === undefined || (tag & 3) !== 0) return false;
  return (
    head.length <= compressedMax(bytes) &&
    (size === undefined || (size <= compressedMax(bytes) && bytes <= size * SNAPPY_RATIO_MAX))
  );
}

function lengthAt(head: Buffer, at: number): number | undefined {
  const bytes = head.subarray(at, at + 5);
  return bytes.some((byte) => byte < 0x80) ? announcedBytes(bytes) : undefined;
}

function lengthBytes(head: Buffer): number {
  return head.findIndex((byte) => byte < 0x80) + 1;
}
