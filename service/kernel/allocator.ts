import { DistributorError } from '../base/errors.ts';
import type { Poison } from './poison.ts';

/**
 * Lends stretches of a memory that never grows. Their sizes are powers of two, and so are the places they begin at: what comes back
 * joins its other half where that is free too, so that no sequence of sizes uses the memory up for good.
 */
export interface Allocator {
  /**
   * @param bytes at least so many are lent
   * @throws DistributorError `unexpected` when the memory is used up: no fault of the object's
   */
  lend(bytes: number): Loan;
  /** Bytes that are lent. */
  readonly lent: number;
}

/**
 * A stretch of memory that belongs to its borrower until it is disposed of. Views of it are not tracked: whatever is read through
 * them must have been copied by then.
 */
export interface Loan extends Disposable {
  /**
   * Address of the first byte, a multiple of 16.
   * @throws DistributorError `invariant-broken` when the loan is over
   */
  readonly at: number;
  /**
   * Gives the stretch back.
   * @throws DistributorError `invariant-broken` when it was given back before
   */
  [Symbol.dispose](): void;
}

const SMALLEST_SHIFT = 12;
const SMALLEST_BYTES = 2 ** SMALLEST_SHIFT;
const LARGEST_SHIFT = 30;

/**
 * @param end behind the last byte to lend
 * @param poison tells in tests when memory is used outside of its loan
 */
export function createAllocator(from: number, end: number, poison?: Poison): Allocator {
  /** By the logarithm of their size. */
  const free = Array.from({ length: LARGEST_SHIFT + 1 }, () => new Set<number>());
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
  const take = (shift: number): number => {
    for (let larger = shift; larger <= LARGEST_SHIFT; larger++) {
      const found = freeOf(larger);
      if (found.size === 0) continue;
      const at = Math.min(...found);
      found.delete(at);
      for (let half = larger - 1; half >= shift; half--) freeOf(half).add(at + 2 ** half);
      return at;
    }
    throw new DistributorError('unexpected', `the kernel's memory has no ${2 ** shift} bytes left`);
  };

  const giveBack = (address: number, lentShift: number): void => {
    let shift = lentShift;
    let at = address;
    for (; shift < LARGEST_SHIFT; shift++) {
      const size = 2 ** shift;
      const other = at % (size * 2) === 0 ? at + size : at - size;
      if (!freeOf(shift).delete(other)) break;
      at = Math.min(at, other);
    }
    freeOf(shift).add(at);
  };

  begin();
  return {
    lend(bytes) {
      const shift = Math.max(SMALLEST_SHIFT, Math.ceil(Math.log2(Math.max(1, bytes))));
      const at = take(shift);
      lent += 2 ** shift;
      poison?.lend(at, 2 ** shift);
      return loanOf(at, () => {
        poison?.release(at, 2 ** shift);
        lent -= 2 ** shift;
        giveBack(at, shift);
      });
    },
    get lent() {
      return lent;
    },
  };
}

function loanOf(address: number, giveBack: () => void): Loan {
  let isOver = false;
  return {
    get at() {
      if (isOver) throw broken(`memory at ${address} was used after its loan`);
      return address;
    },
    [Symbol.dispose]() {
      if (isOver) throw broken(`memory at ${address} was given back twice`);
      isOver = true;
      giveBack();
    },
  };
}

function broken(what: string): DistributorError {
  return new DistributorError('invariant-broken', `the kernel's ${what}`);
}
