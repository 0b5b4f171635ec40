import {
  NAME_BYTES_MAX,
  NAMES_MAX,
  SCANNER_NAME_COUNT,
  SCANNER_NAME_MEANINGS,
  SCANNER_NAMES,
  SCANNER_NAMES_BY_LENGTH,
} from '../layout';

/**
 * What a scan of lines needs to remember, in memory that its caller lends: one for each object, as the objects of a thread take
 * turns. `scanner` points to the one whose turn it is.
 */
export let scanner: usize = 0;

/** Which of the two words of a length in SCANNER_NAMES_BY_LENGTH: for names of the top level, and for those inside `kubernetes`. */
export const TOP_LEVEL: usize = 0;
export const INSIDE: usize = 4;

/** Seventeen masks: as many bytes as their number. */
const MASKS = memory.data(17 * 16, 16);

/** The first `length` bytes of a vector, 16 at most. */
export function maskOf(length: usize): v128 {
  return v128.load(MASKS + (length << 4));
}

export function useScanner(at: usize): void {
  scanner = at;
}

export function clearNames(at: usize): void {
  scanner = at;
  store<u32>(scanner + SCANNER_NAME_COUNT, 0);
  memory.fill(scanner + SCANNER_NAMES_BY_LENGTH, 0, (<usize>NAME_BYTES_MAX + 1) << 3);
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
  const name = scanner + SCANNER_NAMES + ((<usize>count) << 4);
  memory.fill(name, 0, NAME_BYTES_MAX);
  store<u32>(scanner + SCANNER_NAME_MEANINGS + ((<usize>count) << 2), kind | (field << 8));
  const names = namesOfLength(length, inside ? INSIDE : TOP_LEVEL);
  store<u32>(names, load<u32>(names) | (1 << count));
  store<u32>(scanner + SCANNER_NAME_COUNT, count + 1);
  return name;
}

export function meaningOf(name: u32): u32 {
  return load<u32>(scanner + SCANNER_NAME_MEANINGS + ((<usize>name) << 2));
}

function namesOfLength(length: u32, level: usize): usize {
  return scanner + SCANNER_NAMES_BY_LENGTH + ((<usize>length) << 3) + level;
}

/** The number of the name that stands in `length` bytes from `from`, or -1. Most names of a line are none of it by their length. */
export function findName(from: usize, length: u32, level: usize): i32 {
  if (length > NAME_BYTES_MAX) return -1;
  let names = load<u32>(namesOfLength(length, level));
  if (names === 0) return -1;
  const key = v128.and(v128.load(from), maskOf(<usize>length));
  do {
    const name = ctz(names);
    if (i8x16.all_true(i8x16.eq(key, v128.load(scanner + SCANNER_NAMES + ((<usize>name) << 4))))) return name;
    names &= names - 1;
  } while (names !== 0);
  return -1;
}
