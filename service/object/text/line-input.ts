import { isUtf8 } from 'node:buffer';
import type { Kernel } from '../../kernel/kernel.ts';
import { corrupt } from '../corrupt.ts';
import { BYTE_ORDER_MARK, CARRIAGE_RETURN, NEWLINE } from './space.ts';

/** The uncompressed stream of an object, piece by piece in the kernel's memory, cut into stretches of whole lines. */
export interface LineInput extends Disposable {
  /** Pieces that are not too large to be pushed. */
  partsOf(piece: Uint8Array): Generator<Uint8Array, void, undefined>;
  push(part: Uint8Array): void;
  /**
   * Stretches of whole lines; each must be used before the next is asked for.
   * @param last the stream has ended: what has no newline behind it is a line too
   */
  lines(last: boolean): Generator<Stretch, void, undefined>;
  /** Place in the stream of an address of the last stretch. */
  offsetOf(address: number): number;
}

/** Addresses in the kernel's memory. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  /** False for a single line that is not UTF-8. */
  readonly isUtf8: boolean;
}

/** What is pushed at once at most: what inflating gives. */
const PART_BYTES = 1024 * 1024;
/** The kernel looks at 16 bytes at a time, also at the end. */
const ROOM_BEHIND = 64;

/** @param endsWithReturn lines end with carriage returns */
export function createLineInput(
  kernel: Kernel,
  offset: number,
  lineBytesMax: number,
  endsWithReturn: boolean,
): LineInput {
  const { bytes: all, memory } = kernel;
  // With the room behind it a power of two, as the kernel's memory is lent in these.
  let room = 2 * PART_BYTES - ROOM_BEHIND;
  let loan = memory.lend(room + ROOM_BEHIND);
  let { at } = loan;
  let held = 0;
  /** Place in the stream of what is at `at`. */
  let base = offset;

  /** Moves what is left behind `used` bytes to the front. */
  const advance = (used: number): void => {
    all.copyWithin(at, at + used, at + held);
    held -= used;
    base += used;
  };

  function* oneByOne(end: number): Generator<Stretch, void, undefined> {
    for (let start = at; start < end; ) {
      const newline = all.subarray(0, end).indexOf(NEWLINE, start);
      const next = newline === -1 ? end : newline + 1;
      yield { start, end: next, isUtf8: isUtf8(all.subarray(start, next)) };
      start = next;
    }
  }

  return {
    *partsOf(piece) {
      for (let from = 0; from < piece.length; from += PART_BYTES) yield piece.subarray(from, from + PART_BYTES);
    },
    push(part) {
      if (held > lineBytesMax) throw corrupt(`the line at byte ${base} is longer than ${lineBytesMax} bytes`);
      if (held + part.length > room) {
        room = Math.max(room * 2, held + part.length);
        const larger = memory.lend(room + ROOM_BEHIND);
        all.copyWithin(larger.at, at, at + held);
        loan[Symbol.dispose]();
        loan = larger;
        at = larger.at;
      }
      all.set(part, at + held);
      // The kernel knows one end of lines only; outside of strings, where neither may stand, it is white space all the same.
      if (endsWithReturn) replaceReturns(all, at + held, at + held + part.length);
      held += part.length;
      if (base === 0 && held >= BYTE_ORDER_MARK.length && BYTE_ORDER_MARK.every((byte, i) => all[at + i] === byte)) {
        advance(BYTE_ORDER_MARK.length);
      }
    },
    *lines(last) {
      const newline = last ? held - 1 : all.subarray(at, at + held).lastIndexOf(NEWLINE);
      const whole = newline + 1;
      if (whole === 0) return;
      if (isUtf8(all.subarray(at, at + whole))) yield { start: at, end: at + whole, isUtf8: true };
      else yield* oneByOne(at + whole);
      advance(whole);
    },
    offsetOf: (address) => base + address - at,
    [Symbol.dispose]() {
      loan[Symbol.dispose]();
    },
  };
}

function replaceReturns(bytes: Buffer, from: number, end: number): void {
  for (let at = bytes.indexOf(CARRIAGE_RETURN, from); at !== -1 && at < end; at = bytes.indexOf(CARRIAGE_RETURN, at)) {
    bytes[at] = NEWLINE;
  }
}
