import { corrupt } from '../corrupt.ts';

/**
 * Parquet's hybrid of run lengths and bit packing (format specification, "Encodings", RLE = 3): levels, dictionary indices and
 * booleans. Read a part at a time, so that a run of any length costs nothing but its header.
 */
export interface Runs {
  /**
   * Whether the next `count` values lie in one run, of this value: what most writers make of levels where nothing is missing. They are
   * behind then; otherwise nothing has changed.
   */
  same(count: number, of: number): boolean;
  /** The value of the next `count` values where they lie in one run: a column that says the same everywhere. They are behind then. */
  only(count: number): number | undefined;
  /** Decodes the next `count` values into the beginning of `out`. */
  read(out: Uint8Array | Uint32Array, count: number): void;
}

/**
 * @param bytes of the runs, which must stay as they are; `same` and `read` throw `object-corrupt` when they end before the values do
 * @param width of a value in bits
 */
export function createRuns(bytes: Uint8Array, width: number): Runs {
  if (width > 32) throw corrupt(`a bit width of ${width}`);
  const valueBytes = (width + 7) >> 3;
  let from = 0;
  /** Values that are left of the run at hand. */
  let left = 0;
  let value = 0;
  /** Where the values lie if they are packed, and how many of them are behind. */
  let packedAt = -1;
  let behind = 0;

  const nextRun = (): void => {
    let header = 0;
    let byte = 0x80;
    for (let shift = 0; byte & 0x80; shift += 7) {
      if (from >= bytes.length || shift > 28) throw corrupt('a run of levels or indices has no end');
      byte = bytes[from++] as number;
      header |= (byte & 0x7f) << shift;
    }
    const length = header >>> 1;
    if (header & 1) {
      // Groups of eight; the last one may be padded beyond the values, and cut off at the end of the page.
      packedAt = from;
      behind = 0;
      left = length * 8;
      from += length * width;
      return;
    }
    if (length === 0 || from + valueBytes > bytes.length)
      throw corrupt('a run of levels or indices is empty or cut off');
    packedAt = -1;
    left = length;
    value = 0;
    for (let i = 0; i < valueBytes; i++) value |= (bytes[from++] as number) << (i * 8);
    value >>>= 0;
  };

  const isOneRun = (count: number): boolean => {
    while (left === 0 && count > 0) nextRun();
    return packedAt === -1 && left >= count;
  };

  return {
    same(count, of) {
      if (!isOneRun(count) || value !== of) return false;
      left -= count;
      return true;
    },
    only(count) {
      if (!isOneRun(count)) return undefined;
      left -= count;
      return value;
    },
    read(out, count) {
      for (let done = 0; done < count; ) {
        while (left === 0) nextRun();
        const values = Math.min(left, count - done);
        if (packedAt === -1) {
          out.fill(value, done, done + values);
        } else {
          if (packedAt + Math.ceil(((behind + values) * width) / 8) > bytes.length) {
            throw corrupt('packed levels or indices end too soon');
          }
          unpack(bytes, packedAt, width, out, done, values, behind);
          behind += values;
        }
        left -= values;
        done += values;
      }
    },
  };
}

/** Least significant bits first, values across byte boundaries. @param behind values that are passed over */
export function unpack(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Uint8Array | Uint32Array,
  outAt: number,
  count: number,
  behind: number,
): void {
  if (width === 0) {
    out.fill(0, outAt, outAt + count);
    return;
  }
  // 32 bits and up to 7 left over from the byte before do not fit an integer of 32 bits: wide values are summed instead.
  if (width > 24) {
    unpackWide(bytes, at, width, out, outAt, count, behind);
    return;
  }
  const mask = 2 ** width - 1;
  const firstBit = behind * width;
  let from = at + Math.floor(firstBit / 8);
  let buffer = 0;
  let bits = 0;
  if (firstBit % 8 > 0) {
    bits = 8 - (firstBit % 8);
    buffer = (bytes[from++] as number) >> (firstBit % 8);
  }
  for (let i = 0; i < count; i++) {
    while (bits < width) {
      buffer |= (bytes[from++] ?? 0) << bits;
      bits += 8;
    }
    out[outAt + i] = buffer & mask;
    buffer >>>= width;
    bits -= width;
  }
}

function unpackWide(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Uint8Array | Uint32Array,
  outAt: number,
  count: number,
  behind: number,
): void {
  for (let i = 0; i < count; i++) {
    const bit = (behind + i) * width;
    let value = 0;
    for (let got = 0; got < width; ) {
      const shift = (bit + got) % 8;
      const take = Math.min(8 - shift, width - got);
      value += (((bytes[at + Math.floor((bit + got) / 8)] ?? 0) >> shift) & (2 ** take - 1)) * 2 ** got;
      got += take;
    }
    out[outAt + i] = value;
  }
}

/** Bits that a level up to `max` takes. */
export function bitWidthOf(max: number): number {
  return 32 - Math.clz32(max);
}
