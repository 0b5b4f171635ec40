import type { Loan } from '../../kernel/allocator.ts';
import type { Kernel } from '../../kernel/kernel.ts';

/**
 * Where the pages of one column are decompressed, one after another, and where the places of their values are kept, in the kernel's
 * memory: a page is good until the next one. Without it every page would be garbage of a megabyte.
 */
export interface PageBuffer extends Disposable {
  readonly kernel: Kernel;
  /** @returns the address of room for so many bytes of a page */
  hold(bytes: number): number;
  /** @returns the address of room for so many bytes of places */
  holdPlaces(bytes: number): number;
}

export function createPageBuffer(kernel: Kernel): PageBuffer {
  const page = createStretch(kernel);
  const places = createStretch(kernel);
  return {
    kernel,
    hold: page.hold,
    holdPlaces: places.hold,
    [Symbol.dispose]() {
      page[Symbol.dispose]();
      places[Symbol.dispose]();
    },
  };
}

/** Memory that grows with what is asked of it, and does not keep what was in it. */
export function createStretch({ memory }: Kernel): Disposable & { hold(bytes: number): number } {
  let loan: Loan | undefined;
  let room = 0;
  const release = () => {
    loan?.[Symbol.dispose]();
    loan = undefined;
    room = 0;
  };
  return {
    hold(bytes) {
      if (loan === undefined || bytes > room) {
        release();
        loan = memory.lend(bytes);
        room = bytes;
      }
      return loan.at;
    },
    [Symbol.dispose]: release,
  };
}
