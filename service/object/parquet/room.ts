import { DistributorError } from '../../base/errors.ts';
import type { DecodeMemory } from '../../core/chunk.ts';

/**
 * Keeps account of what one decoder holds, as far as it depends on what the object is: its chunks, its dictionaries, and what is too large for
 * the windows that pages are read through.
 */
export interface Room {
  /** An account for something that is held. */
  open(): Holding;
}

export interface Holding extends Disposable {
  /**
   * Holds so many bytes from now on, in place of what was held before. To be called before the memory is taken.
   * @param what holds them, for the sentence that refuses it
   * @throws DistributorError `memory-short`, with what the object needs, when it was admitted for less; `object-too-large` when no
   * object is admitted for so much
   */
  hold(bytes: number, what: string): void;
}

/**
 * What any object may hold beside: dictionaries of a megabyte in a dozen columns, which is where writers stop, and some more. However small
 * an object is, it is not admitted anew for that.
 */
const FREE_BYTES = 16 * 1024 * 1024;
/** What an object takes that is not counted here: windows, bodies, connections, and what waits for the garbage collector (decisions/0004). */
const UNCOUNTED_BYTES = 32 * 1024 * 1024;

export function createRoom({ grantedBytes, mostBytes }: DecodeMemory): Room {
  let held = 0;
  return {
    open() {
      let own = 0;
      return {
        hold(bytes, what) {
          const all = held - own + bytes;
          const counted = all - FREE_BYTES;
          const takes = `${what} takes ${bytes} bytes of memory, and the object ${all} with what it holds already`;
          const most = Math.max(mostBytes, FREE_BYTES);
          if (all > most) {
            throw new DistributorError('object-too-large', `${takes}: MEMORY_BUDGET_MB allows ${most} for one object`);
          }
          if (counted > grantedBytes) {
            const neededBytes = Math.min(mostBytes, all + UNCOUNTED_BYTES);
            throw new DistributorError('memory-short', `${takes}: more than it was admitted for`, { neededBytes });
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
