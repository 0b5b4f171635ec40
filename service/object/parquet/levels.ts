import { corrupt } from '../corrupt.ts';

/**
 * Parquet's hybrid of run lengths and bit packing (format specification, "Encodings", RLE = 3): levels and dictionary
 * indices. Decodes exactly `count` values of `width` bits from bytes [at, end) into `out`.
 * @throws DistributorError `object-corrupt` when the bytes end before the values do
 */
export function readHybrid(
  bytes: Uint8Array,
  at: number,
  end: number,
  width: number,
  out: Uint8Array | Uint32Array,
  count: number,
): void {
  if (width > 32) throw corrupt(`a bit width of ${width}`);
  let from = at;
  let done = 0;
  while (done < count) {
    let header = 0;
    let byte = 0x80;
    for (let shift = 0; byte & 0x80; shift += 7) {
      if (from >= end || shift > 28) throw corrupt('a run of levels or indices has no end');
      byte = bytes[from++] ?? 0;
      header |= (byte & 0x7f) << shift;
    }
    const length = header >>> 1;
    if (header & 1) {
      // Groups of eight; the last one may be padded beyond the values, and cut off at the end of the page.
      const values = Math.min(length * 8, count - done);
      if (from + Math.ceil((values * width) / 8) > end) throw corrupt('packed levels or indices end too soon');
      unpack(bytes, from, width, out, done, values);
      from += length * width;
      done += values;
    } else {
      const valueBytes = (width + 7) >> 3;
      if (length === 0 || from + valueBytes > end) throw corrupt('a run of levels or indices is empty or cut off');
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value |= (bytes[from++] ?? 0) << (i * 8);
      const runEnd = Math.min(count, done + length);
      out.fill(value >>> 0, done, runEnd);
      done = runEnd;
    }
  }
}

/**
 * The value of the same encoding where it is one run of at least `count`: what most writers make of levels where nothing is missing,
 * and of a column that says the same everywhere. Known without writing a value.
 */
export function oneRunOf(bytes: Uint8Array, at: number, width: number, count: number): number | undefined {
  let from = at;
  let header = 0;
  let byte = 0x80;
  for (let shift = 0; byte & 0x80; shift += 7) {
    if (from >= bytes.length || shift > 28) return undefined;
    byte = bytes[from++] as number;
    header |= (byte & 0x7f) << shift;
  }
  const valueBytes = (width + 7) >> 3;
  if (header & 1 || header >>> 1 < count || width > 32 || from + valueBytes > bytes.length) return undefined;
  let value = 0;
  for (let i = 0; i < valueBytes; i++) value |= (bytes[from + i] as number) << (i * 8);
  return value >>> 0;
}

/** Least significant bits first, values across byte boundaries. */
function unpack(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Uint8Array | Uint32Array,
  outAt: number,
  count: number,
): void {
  if (width === 0) {
    out.fill(0, outAt, outAt + count);
    return;
  }
  // 32 bits and up to 7 left over from the byte before do not fit an integer of 32 bits: wide values are summed instead.
  const narrow = width <= 24;
  const mask = width === 32 ? 0xffffffff : 2 ** width - 1;
  let from = at;
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < count; i++) {
    if (narrow) {
      while (bits < width) {
        buffer |= (bytes[from++] ?? 0) << bits;
        bits += 8;
      }
      out[outAt + i] = buffer & mask;
      buffer >>>= width;
      bits -= width;
    } else {
      const bit = i * width;
      let value = 0;
      for (let got = 0; got < width; ) {
        const position = bit + got;
        const shift = position & 7;
        const take = Math.min(8 - shift, width - got);
        value += (((bytes[at + (position >> 3)] ?? 0) >> shift) & (2 ** take - 1)) * 2 ** got;
        got += take;
      }
      out[outAt + i] = value;
    }
  }
}

/** Bits that a level up to `max` takes. */
export function bitWidthOf(max: number): number {
  return 32 - Math.clz32(max);
}
