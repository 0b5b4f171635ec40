import { DistributorError } from '../base/errors.ts';

/**
 * Lends stretches of a memory that never grows. Their sizes are powers of two, and so are the places they begin at: what comes back
 * joins its other half where that is free too, so that no sequence of sizes uses the memory up for good.
 */
export interface Allocator {
  /**
   * @returns the address of at least so many bytes, a multiple of 16
   * @throws DistributorError `unexpected` when the memory is used up: no fault of the object's
   */
  allocate(bytes: number): number;
  /** Takes back what `allocate` gave. */
  release(address: number): void;
  /** Bytes that are lent. */
  readonly lent: number;
}

const SMALLEST_SHIFT = 12;
const SMALLEST_BYTES = 2 ** SMALLEST_SHIFT;
const LARGEST_SHIFT = 30;

/** @param end behind the last byte to lend */
export function createAllocator(from: number, end: number): Allocator {
  /** By the logarithm of their size. */
  const free = Array.from({ length: LARGEST_SHIFT + 1 }, () => new Set<number>());
  const lentShifts = new Map<number, number>();
  let lent = 0;

  const freeOf = (shift: number): Set<number> => free[shift] as Set<number>;

  /** Cuts what there is into the largest stretches that begin at a multiple of their size. */
  const begin = (): void => {
    for (let at = Math.ceil(from / SMALLEST_BYTES) * SMALLEST_BYTES; end - at >= SMALLEST_BYTES; ) {
      let shift = SMALLEST_SHIFT;
      while (shift < LARGEST_SHIFT && at % 2 ** (shift + 1) === 0 && at + 2 ** (shift + 1) <= end) shift++;
      freeOf(shift).add(at);
      at += 2 ** shift;
    }
  };

  /** The smallest stretch that is large enough; of those the first, so that what was written to before is written to again. */
  const take = (shift: number): { at: number; shift: number } => {
    for (let larger = shift; larger <= LARGEST_SHIFT; larger++) {
      const found = freeOf(larger);
      if (found.size === 0) continue;
      const at = Math.min(...found);
      found.delete(at);
      return { at, shift: larger };
    }
    throw new DistributorError('unexpected', `the kernel's memory has no ${2 ** shift} bytes left`);
  };

  begin();
  return {
    allocate(bytes) {
      const shift = Math.max(SMALLEST_SHIFT, Math.ceil(Math.log2(Math.max(1, bytes))));
      const found = take(shift);
      for (let half = found.shift - 1; half >= shift; half--) freeOf(half).add(found.at + 2 ** half);
      lentShifts.set(found.at, shift);
      lent += 2 ** shift;
      return found.at;
    },
    release(address) {
      let shift = lentShifts.get(address);
      if (shift === undefined) throw new Error(`nothing was lent at ${address}`);
      lentShifts.delete(address);
      lent -= 2 ** shift;
      let at = address;
      for (; shift < LARGEST_SHIFT; shift++) {
        const size = 2 ** shift;
        const other = at % (size * 2) === 0 ? at + size : at - size;
        if (!freeOf(shift).delete(other)) break;
        at = Math.min(at, other);
      }
      freeOf(shift).add(at);
    },
    get lent() {
      return lent;
    },
  };
}
