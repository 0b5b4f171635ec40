/** Castagnoli's polynomial, its bits in reverse (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;

let table: Uint32Array | undefined;

function createTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
    return remainder;
  });
}

/** CRC-32C of the bytes, which Node does not have: its own is of another polynomial. */
export function crc32c(bytes: Uint8Array): number {
  table ??= createTable();
  const { length } = bytes;
  let sum = 0xffffffff;
  for (let at = 0; at < length; at++) sum = (table[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
