/**
 * What a scan of lines needs to remember, in memory that its caller lends: one for each object, as the objects of a thread take
 * turns. `scanner` points to the one whose turn it is.
 */
export let scanner: usize = 0;

/** Where things are in it; all are 32 bits wide. service/object/text/scanner.ts knows the size and the scan state. */
const NAME_COUNT: usize = 0;
const NAMES: usize = 16;
const NAME_LENGTHS: usize = 400;
const NAME_MEANINGS: usize = 496;
const GUESSES: usize = 592;
export const TABLE: usize = 720;
export const TABLE_MASK: usize = 724;
export const TABLE_USED: usize = 728;
export const ARENA: usize = 732;
export const ARENA_END: usize = 736;
export const NEWS: usize = 740;
export const NEWS_AT: usize = 744;
export const NEWS_END: usize = 748;
/** For each field 16 bytes: the next number, and what the record before had: where, length, number. */
export const FIELDS: usize = 768;
export const FIELDS_MAX: usize = 16;
export const FROM: usize = 1024;
export const COUNT: usize = 1028;
export const USED: usize = 1032;
export const METERED: usize = 1036;
export const LINE_START: usize = 1040;
export const LINE_END: usize = 1044;

export const KIND_FIELD: u32 = 0;
export const KIND_MESSAGE: u32 = 1;
export const KIND_TIMESTAMP: u32 = 2;
export const KIND_KUBERNETES: u32 = 3;
/** The name belongs inside `kubernetes`. */
export const INSIDE: u32 = 0x80000000;

const NAMES_MAX: u32 = 24;
const NAME_BYTES_MAX: u32 = 16;
const GUESSES_MAX: u32 = 32;
/** Seventeen masks: as many bytes as their number. */
const MASKS = memory.data(17 * 16, 16);

export function useScanner(at: usize): void {
  scanner = at;
}

export function clearNames(at: usize): void {
  scanner = at;
  store<u32>(scanner + NAME_COUNT, 0);
  memory.fill(scanner + GUESSES, 0, GUESSES_MAX * 4);
  for (let length: usize = 0; length <= NAME_BYTES_MAX; length++) {
    memory.fill(MASKS + (length << 4), 0, NAME_BYTES_MAX);
    memory.fill(MASKS + (length << 4), 0xff, length);
  }
}

/** @returns where to put the name's bytes; 0 when it is too long or one too many */
export function addName(length: u32, kind: u32, field: u32, inside: bool): usize {
  const count = load<u32>(scanner + NAME_COUNT);
  if (count >= NAMES_MAX || length > NAME_BYTES_MAX) return 0;
  const at = scanner + NAMES + (<usize>count << 4);
  memory.fill(at, 0, NAME_BYTES_MAX);
  store<u32>(scanner + NAME_LENGTHS + (<usize>count << 2), length);
  store<u32>(scanner + NAME_MEANINGS + (<usize>count << 2), kind | (field << 8) | (inside ? INSIDE : 0));
  store<u32>(scanner + NAME_COUNT, count + 1);
  return at;
}

// @ts-expect-error: decorator
@inline
export function meaningOf(name: u32): u32 {
  return load<u32>(scanner + NAME_MEANINGS + (<usize>name << 2));
}

// @ts-expect-error: decorator
@inline
function isName(name: u32, from: usize, length: u32, inside: u32): bool {
  if (load<u32>(scanner + NAME_LENGTHS + (<usize>name << 2)) != length) return false;
  if ((meaningOf(name) & INSIDE) != inside) return false;
  const key = v128.and(v128.load(from), v128.load(MASKS + (<usize>length << 4)));
  return i8x16.all_true(i8x16.eq(key, v128.load(scanner + NAMES + (<usize>name << 4))));
}

/**
 * The number of the name that stands in `length` bytes from `from`, or -1. Lines of an object are alike: the n-th member
 * mostly has the name that it had in the line before.
 */
// @ts-expect-error: decorator
@inline
export function findName(from: usize, length: u32, inside: u32, member: u32): i32 {
  if (length > NAME_BYTES_MAX) return -1;
  const count = load<u32>(scanner + NAME_COUNT);
  const guessAt = scanner + GUESSES + (<usize>(member & (GUESSES_MAX - 1)) << 2);
  const guess = load<u32>(guessAt);
  if (guess < count && isName(guess, from, length, inside)) return guess;
  for (let name: u32 = 0; name < count; name++) {
    if (!isName(name, from, length, inside)) continue;
    store<u32>(guessAt, name);
    return name;
  }
  return -1;
}
