import { DistributorError } from '../../base/errors.ts';
import type { DecodeMemory } from '../../core/chunk.ts';

/**
 * Keeps account of what one decoder holds beyond what it takes for any object: dictionaries, and what is too large for the windows that
 * pages are read through.
 */
export interface Room {
  /** An account for something that is held. */
  open(): Holding;
}

export interface Holding extends Disposable {
  /**
   * Holds so many bytes from now on, in place of what was held before. To be called before the memory is taken.
   * @param what holds them, for the sentence that refuses it
   * @throws DistributorError `memory-short` when the object was not admitted for so much, with what it needs; `object-too-large`
   * when it never will be
   */
  hold(bytes: number, what: string): void;
}

/**
 * What every object may hold: dictionaries of a megabyte in a dozen columns, which is where writers stop, and some more. It is part of
 * what an object is admitted for in any case (run/scheduler.ts).
 */
const FREE_BYTES = 16 * 1024 * 1024;

export function createRoom({ grantedBytes, mostBytes }: DecodeMemory): Room {
  let held = 0;
  return {
    open() {
      let own = 0;
      return {
        hold(bytes, what) {
          const all = held - own + bytes;
          const needed = all - FREE_BYTES;
          const takes = `${what} takes ${bytes} bytes of memory, ${all} with what is held already`;
          if (needed > Math.max(0, mostBytes)) {
            const most = FREE_BYTES + Math.max(0, mostBytes);
            throw new DistributorError('object-too-large', `${takes}: MEMORY_BUDGET_MB leaves ${most} for one object`);
          }
          if (needed > Math.max(0, grantedBytes)) {
            throw new DistributorError('memory-short', `${takes}: more than the object was admitted for`, {
              neededBytes: needed,
            });
          }
          held += bytes - own;
          own = bytes;
        },
        [Symbol.dispose]() {
          held -= own;
          own = 0;
        },
      };
    },
  };
}
