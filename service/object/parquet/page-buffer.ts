import type { Kernel } from '../../kernel/kernel.ts';

/**
 * Where the pages of one column are decompressed, one after another, in the kernel's memory: a page is good until the next one.
 * Without it every page would be garbage of a megabyte.
 */
export interface PageBuffer extends Disposable {
  readonly kernel: Kernel;
  /** @returns the address of at least so many bytes, and some slack for vectors behind them */
  hold(bytes: number): number;
  /** @returns the address of room for the start and the length of as many values */
  holdPlaces(values: number): number;
}

/** What is written in vectors may go so far beyond its end. */
const SLACK_BYTES = 16;
const PLACE_BYTES = 8;

export function createPageBuffer(kernel: Kernel): PageBuffer {
  const page = createStretch(kernel);
  const places = createStretch(kernel);
  return {
    kernel,
    hold: (bytes) => page.hold(bytes + SLACK_BYTES),
    holdPlaces: (values) => places.hold(values * PLACE_BYTES),
    [Symbol.dispose]() {
      page[Symbol.dispose]();
      places[Symbol.dispose]();
    },
  };
}

/** Memory that grows with what is asked of it, and does not keep what was in it. */
function createStretch({ memory }: Kernel): Disposable & { hold(bytes: number): number } {
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
        at = memory.allocate(bytes);
        room = bytes;
      }
      return at;
    },
    [Symbol.dispose]: release,
  };
}
