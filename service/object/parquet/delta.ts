import { corrupt } from '../corrupt.ts';
import { unpack } from './runs.ts';

/**
 * Decodes integers of the encoding DELTA_BINARY_PACKED (parquet-format, Encodings.md) block by block. A block is miniblocks, each with a
 * bit width of its own for what its deltas are more than the least of the block. Sums wrap around, as writers let them.
 */
export interface Deltas {
  /** Whether all values are decoded. */
  readonly done: boolean;
  /** What a block has at most. */
  readonly blockBytes: number;
  /**
   * Decodes the next block, which begins at `at` and lies in `bytes` as a whole.
   * @returns where it ends
   * @throws DistributorError `object-corrupt`
   */
  block(bytes: Uint8Array, at: number): number;
}

/** Four integers of at most ten bytes. */
export const DELTA_HEADER_BYTES = 40;
/** Some writers make 33 bits of a delta between two integers of 32: what is above these vanishes in the sum. */
const WIDTH_MAX = 64;

/** Decodes as many integers as there is room for in `out`, from `at` on. @returns where they end */
export function readDeltas(bytes: Uint8Array, at: number, out: Int32Array | BigInt64Array): number {
  const { deltas, end } = openDeltas(bytes, at, out);
  let next = end;
  while (!deltas.done) next = deltas.block(bytes, next);
  return next;
}

/** Reads what stands in front of the blocks, and where it ends. @throws DistributorError `object-corrupt` */
export function openDeltas(
  bytes: Uint8Array,
  at: number,
  out: Int32Array | BigInt64Array,
): { readonly deltas: Deltas; readonly end: number } {
  const header = createVarints(bytes, at);
  const blockValues = Number(header.varint());
  const miniblocks = Number(header.varint());
  const total = Number(header.varint());
  const first = header.zigzag();
  const miniblockValues = blockValues / miniblocks;
  if (total < out.length) throw corrupt(`${total} deltas where ${out.length} values belong`);
  if (!(miniblocks > 0 && miniblockValues > 0 && miniblockValues % 8 === 0)) {
    throw corrupt(`deltas in blocks of ${blockValues} values and ${miniblocks} miniblocks`);
  }
  const addTo = out instanceof Int32Array ? narrowSums(out, first) : wideSums(out, first);
  let done = Math.min(1, out.length);
  return {
    end: header.at,
    deltas: {
      get done() {
        return done === out.length;
      },
      blockBytes: 10 + miniblocks + (blockValues * WIDTH_MAX) / 8,
      block(bytes, at) {
        const reader = createVarints(bytes, at);
        const least = reader.zigzag();
        const widths = reader.take(miniblocks, miniblocks);
        for (let miniblock = 0; miniblock < miniblocks && done < out.length; miniblock++) {
          const width = bytes[widths + miniblock] as number;
          const values = Math.min(miniblockValues, out.length - done);
          if (width > WIDTH_MAX) throw corrupt(`deltas of ${width} bits`);
          // The last one may be cut off behind its last value.
          const from = reader.take(Math.ceil((values * width) / 8), (miniblockValues * width) / 8);
          addTo(bytes, from, width, least, done, values);
          done += values;
        }
        return reader.at;
      },
    },
  };
}

/** Decodes `values` deltas that are packed from `from` on into the values from `at` on. */
type AddTo = (bytes: Uint8Array, from: number, width: number, least: bigint, at: number, values: number) => void;

function narrowSums(out: Int32Array, first: bigint): AddTo {
  let deltas = new Uint32Array(0);
  if (out.length > 0) out[0] = Number(BigInt.asIntN(32, first));
  return (bytes, from, width, least, at, values) => {
    if (deltas.length < values) deltas = new Uint32Array(values);
    if (width <= 32) unpack(bytes, from, width, deltas, 0, values, 0);
    else
      for (let i = 0; i < values; i++) {
        deltas[i] = Number(BigInt.asUintN(32, unpackWide(bytes, from, i * width, width)));
      }
    const each = Number(BigInt.asIntN(32, least));
    let value = out[at - 1] as number;
    for (let i = 0; i < values; i++) {
      value = (value + each + (deltas[i] as number)) | 0;
      out[at + i] = value;
    }
  };
}

function wideSums(out: BigInt64Array, first: bigint): AddTo {
  if (out.length > 0) out[0] = first;
  return (bytes, from, width, least, at, values) => {
    let value = out[at - 1] as bigint;
    for (let i = 0; i < values; i++) {
      // What is stored wraps around at 64 bits; what is added to must not grow.
      value = BigInt.asIntN(64, value + least + unpackWide(bytes, from, i * width, width));
      out[at + i] = value;
    }
  };
}

/** A value of up to 64 bits from a place in bits on. */
function unpackWide(bytes: Uint8Array, at: number, bit: number, width: number): bigint {
  let value = 0n;
  let low = 0;
  let got = 0;
  let kept = 0;
  while (got < width) {
    const shift = (bit + got) % 8;
    const take = Math.min(8 - shift, width - got);
    low += (((bytes[at + Math.floor((bit + got) / 8)] ?? 0) >> shift) & (2 ** take - 1)) * 2 ** (got - kept);
    got += take;
    // Sums of up to 40 bits are exact as numbers, and much faster.
    if (got - kept >= 32 || got === width) {
      value |= BigInt(low) << BigInt(kept);
      kept = got;
      low = 0;
    }
  }
  return value;
}

function createVarints(bytes: Uint8Array, start: number) {
  let at = start;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw corrupt('deltas end too soon');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  return {
    get at() {
      return at;
    },
    varint,
    zigzag(): bigint {
      const value = varint();
      return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    },
    /** Passes over `most` bytes, of which `least` must be there. @returns where they begin */
    take(least: number, most: number): number {
      if (least > bytes.length - at) throw corrupt('deltas end too soon');
      const from = at;
      at = Math.min(bytes.length, at + most);
      return from;
    },
  };
}
