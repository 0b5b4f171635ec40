import { releaseMemory } from '../base/release-memory.ts';

/**
 * Numbers the distinct combinations of some columns' values, column by column: loops over numbers, without an allocation for each
 * record and without composite keys.
 */

/**
 * Combinations that get a number of their own; all others share `COMBINATIONS_MAX` itself. A number fits 16 bits, and the product of two,
 * of which a table is made, is four million at most.
 */
export const COMBINATIONS_MAX = 2_000;

/** Some of what is combined: for each place, the number of its value, below `space`. */
export interface Keys {
  readonly of: Uint32Array;
  readonly space: number;
}

export interface Combinations {
  /** For each place, the number of its combination, counted from 0 in the order in which they first come. */
  readonly of: Uint32Array;
  /** The place where each number first stands. */
  readonly firsts: readonly number[];
}

/**
 * @param places how many there are
 * @param columns one after another; the arrays are used up
 */
export function combine(places: number, columns: Iterable<Keys>): Combinations {
  const of = new Uint32Array(places);
  let firsts = places === 0 ? [] : [0];
  for (const column of columns) {
    // A value over the limit of its column stays over it in every combination: at least as many come before.
    const values = renumber(column.of, column.space).length;
    if (values > 1) {
      for (let place = 0; place < places; place++) {
        of[place] = (of[place] as number) * values + (column.of[place] as number);
      }
      firsts = renumber(of, firsts.length * values);
    }
    releaseMemory(column.of);
  }
  return { of, firsts };
}

/** Each key gives way to its number, in place. @returns the place where each number first stands */
function renumber(keys: Uint32Array, space: number): number[] {
  /** Plus one, as 0 stands for a key that has not come yet. */
  const numbers = new Uint16Array(space);
  const firsts: number[] = [];
  const places = keys.length;
  for (let place = 0; place < places; place++) {
    const key = keys[place] as number;
    let number = numbers[key] as number;
    if (number === 0) {
      number = Math.min(firsts.length, COMBINATIONS_MAX) + 1;
      numbers[key] = number;
      if (firsts.length < number) firsts.push(place);
    }
    keys[place] = number - 1;
  }
  releaseMemory(numbers);
  return firsts;
}
