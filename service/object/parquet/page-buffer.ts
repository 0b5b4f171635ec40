import type { Kernel } from '../../kernel/kernel.ts';

/**
 * Where the pages of one column are decompressed, one after another, in the kernel's memory: a page is good until the next one.
 * Without it every page would be garbage of a megabyte.
 */
export interface PageBuffer extends Disposable {
  /** @returns the address of at least so many bytes, and some slack for vectors behind them */
  hold(bytes: number): number;
}

/** What is written in vectors may go so far beyond its end. */
const SLACK_BYTES = 16;

export function createPageBuffer({ memory }: Kernel): PageBuffer {
  let at: number | undefined;
  let room = 0;
  const release = () => {
    if (at !== undefined) memory.release(at);
    at = undefined;
    room = 0;
  };
  return {
    hold(bytes) {
      if (at === undefined || bytes > room) {
        release();
        at = memory.allocate(bytes + SLACK_BYTES);
        room = bytes;
      }
      return at;
    },
    [Symbol.dispose]: release,
  };
}
