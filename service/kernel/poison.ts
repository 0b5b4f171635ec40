import { DistributorError } from '../base/errors.ts';

/**
 * For tests: writes over memory where a loan begins and where it ends, so that whoever uses it outside of the loan reads nonsense instead
 * of what happens to be there still, and nobody may take what is lent to be zeros.
 */
export interface Poison {
  /** A loan begins. @throws DistributorError `invariant-broken` when somebody has written to the stretch since it was released */
  lend(at: number, bytes: number): void;
  /** A loan ends. */
  release(at: number, bytes: number): void;
}

const POISON = 0xdb;
/** Every stretch is a multiple of this. */
const PIECE_BYTES = 4_096;

/** @param memory all of it, zeros at first */
export function createPoison(memory: Buffer): Poison {
  const fill = (at: number, bytes: number) => {
    memory.fill(POISON, at, at + bytes);
  };
  const released = Buffer.alloc(PIECE_BYTES, POISON);
  const neverLent = Buffer.alloc(PIECE_BYTES);
  const isPiece = (piece: Buffer, at: number) => memory.compare(piece, 0, PIECE_BYTES, at, at + PIECE_BYTES) === 0;
  return {
    lend(at, bytes) {
      for (let piece = at; piece < at + bytes; piece += PIECE_BYTES) {
        if (isPiece(released, piece) || isPiece(neverLent, piece)) continue;
        throw new DistributorError('invariant-broken', `the kernel's memory at ${piece} was written to without a loan`);
      }
      fill(at, bytes);
    },
    release: fill,
  };
}
