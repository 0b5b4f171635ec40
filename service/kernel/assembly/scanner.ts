import {
  GUESSES_MAX,
  NAMES_MAX,
  NAME_BYTES_MAX,
  SCANNER_GUESSES,
  SCANNER_NAMES,
  SCANNER_NAME_COUNT,
  SCANNER_NAME_LENGTHS,
  SCANNER_NAME_MEANINGS,
} from '../layout';

/**
 * What a scan of lines needs to remember, in memory that its caller lends: one for each object, as the objects of a thread take
 * turns. `scanner` points to the one whose turn it is.
 */
export let scanner: usize = 0;

/** The name belongs inside `kubernetes`. */
export const INSIDE: u32 = 0x80000000;

/** Seventeen masks: as many bytes as their number. */
const MASKS = memory.data(17 * 16, 16);

export function useScanner(at: usize): void {
  scanner = at;
}

export function clearNames(at: usize): void {
  scanner = at;
  store<u32>(scanner + SCANNER_NAME_COUNT, 0);
  memory.fill(scanner + SCANNER_GUESSES, 0, GUESSES_MAX * 4);
  for (let length: usize = 0; length <= <usize>NAME_BYTES_MAX; length++) {
    memory.fill(MASKS + (length << 4), 0, NAME_BYTES_MAX);
    memory.fill(MASKS + (length << 4), 0xff, length);
  }
}

/** @returns where to put the name's bytes; 0 when it is too long or one too many */
export function addName(at: usize, length: u32, kind: u32, field: u32, inside: bool): usize {
  scanner = at;
  const count = load<u32>(scanner + SCANNER_NAME_COUNT);
  if (count >= NAMES_MAX || length > NAME_BYTES_MAX) return 0;
  const name = scanner + SCANNER_NAMES + (<usize>count << 4);
  memory.fill(name, 0, NAME_BYTES_MAX);
  store<u32>(scanner + SCANNER_NAME_LENGTHS + (<usize>count << 2), length);
  store<u32>(scanner + SCANNER_NAME_MEANINGS + (<usize>count << 2), kind | (field << 8) | (inside ? INSIDE : 0));
  store<u32>(scanner + SCANNER_NAME_COUNT, count + 1);
  return name;
}

// @ts-expect-error: decorator
@inline
export function meaningOf(name: u32): u32 {
  return load<u32>(scanner + SCANNER_NAME_MEANINGS + (<usize>name << 2));
}

// @ts-expect-error: decorator
@inline
function isName(name: u32, from: usize, length: u32, inside: u32): bool {
  if (load<u32>(scanner + SCANNER_NAME_LENGTHS + (<usize>name << 2)) != length) return false;
  if ((meaningOf(name) & INSIDE) != inside) return false;
  const key = v128.and(v128.load(from), v128.load(MASKS + (<usize>length << 4)));
  return i8x16.all_true(i8x16.eq(key, v128.load(scanner + SCANNER_NAMES + (<usize>name << 4))));
}

/**
 * The number of the name that stands in `length` bytes from `from`, or -1. Lines of an object are alike: the n-th member
 * mostly has the name that it had in the line before.
 */
// @ts-expect-error: decorator
@inline
export function findName(from: usize, length: u32, inside: u32, member: u32): i32 {
  if (length > NAME_BYTES_MAX) return -1;
  const count = load<u32>(scanner + SCANNER_NAME_COUNT);
  const guessAt = scanner + SCANNER_GUESSES + (<usize>(member & (GUESSES_MAX - 1)) << 2);
  const guess = load<u32>(guessAt);
  if (guess < count && isName(guess, from, length, inside)) return guess;
  for (let name: u32 = 0; name < count; name++) {
    if (!isName(name, from, length, inside)) continue;
    store<u32>(guessAt, name);
    return name;
  }
  return -1;
}
