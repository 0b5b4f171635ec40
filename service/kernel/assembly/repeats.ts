import {
  REPEAT_COUNT,
  REPEAT_LAST,
  REPEAT_LENGTHS,
  REPEAT_NEXT,
  REPEAT_TAILS,
  REPEATS,
  REPEATS_MAX,
  scanner,
  useScanner,
} from './scanner';

/**
 * Beginnings of lines that were read before. An agent writes the same application, file and pod with every line of a container:
 * half of a line, and most of its members. What is equal byte for byte need not be read again, only compared.
 */

/** Room for each, lent by the caller: the numbers of its values by field, which of them it has, what else was read, and its bytes. */
const ENTRY_SHIFT: usize = 12;
const FIELDS: usize = 64;
const SEEN: usize = 68;
const MEMBERS: usize = 72;
const LENGTH: usize = 76;
const TEXT: usize = 80;
const LENGTH_MAX: usize = (1 << ENTRY_SHIFT) - TEXT;
/** A shorter one is read as soon as it is found. */
const LENGTH_MIN: usize = 32;

/** Forgets all. `entries` has room for REPEATS_MAX of 4 KiB. */
export function clearRepeats(at: usize, entries: u32): void {
  useScanner(at);
  store<u32>(scanner + REPEATS, entries);
  store<u32>(scanner + REPEAT_COUNT, 0);
  store<u32>(scanner + REPEAT_NEXT, 0);
  store<u32>(scanner + REPEAT_LAST, 0);
}

// @ts-expect-error: decorator
@inline
function entryAt(number: u32): usize {
  return <usize>load<u32>(scanner + REPEATS) + (<usize>number << ENTRY_SHIFT);
}

// @ts-expect-error: decorator
@inline
function differs(a: usize, b: usize): bool {
  const low = v128.xor(v128.load(a), v128.load(b));
  const high = v128.xor(v128.load(a + 16), v128.load(b + 16));
  return v128.any_true(v128.or(low, high));
}

/** Whether a line that ends before `end` begins with an entry. */
// @ts-expect-error: decorator
@inline
function begins(from: usize, end: usize, number: u32): bool {
  const length = <usize>load<u32>(scanner + REPEAT_LENGTHS + (<usize>number << 2));
  // What lies behind the end is not of this object.
  if (length >= end - from) return false;
  // They all begin alike: what tells one container from another stands at their end.
  const tail = v128.load(scanner + REPEAT_TAILS + (<usize>number << 4));
  if (v128.any_true(v128.xor(v128.load(from + length - 16), tail))) return false;
  const text = entryAt(number) + TEXT;
  for (let i: usize = 0; i + 32 < length; i += 32) if (differs(from + i, text + i)) return false;
  return !differs(from + length - 32, text + length - 32);
}

/** The entry that what stands between `from` and `end` begins with, or 0. */
export function findRepeat(from: usize, end: usize): usize {
  const count = load<u32>(scanner + REPEAT_COUNT);
  const last = load<u32>(scanner + REPEAT_LAST);
  if (last < count && begins(from, end, last)) return entryAt(last);
  for (let number: u32 = 0; number < count; number++) {
    if (!begins(from, end, number)) continue;
    store<u32>(scanner + REPEAT_LAST, number);
    return entryAt(number);
  }
  return 0;
}

/** Keeps the bytes from `from` to `end`, in place of the oldest when there are too many, with what was read of them. */
export function keepRepeat(from: usize, end: usize, seen: u32, members: u32, fields: u32, ids: usize, stride: usize): void {
  const length = end - from;
  if (length < LENGTH_MIN || length > LENGTH_MAX) return;
  const number = load<u32>(scanner + REPEAT_NEXT);
  store<u32>(scanner + REPEAT_NEXT, (number + 1) % REPEATS_MAX);
  store<u32>(scanner + REPEAT_COUNT, max(load<u32>(scanner + REPEAT_COUNT), number + 1));
  store<u32>(scanner + REPEAT_LAST, number);
  store<u32>(scanner + REPEAT_LENGTHS + (<usize>number << 2), <u32>length);
  v128.store(scanner + REPEAT_TAILS + (<usize>number << 4), v128.load(end - 16));
  const entry = entryAt(number);
  store<u32>(entry + FIELDS, fields);
  store<u32>(entry + SEEN, seen);
  store<u32>(entry + MEMBERS, members);
  store<u32>(entry + LENGTH, <u32>length);
  for (let left = fields; left != 0; left &= left - 1) {
    const field = <usize>ctz(left);
    store<u32>(entry + (field << 2), load<u32>(ids + field * stride));
  }
  memory.copy(entry + TEXT, from, length);
}

// @ts-expect-error: decorator
@inline
export function lengthOf(entry: usize): usize {
  return <usize>load<u32>(entry + LENGTH);
}

/** Bits of the names that stand in it. */
// @ts-expect-error: decorator
@inline
export function seenIn(entry: usize): u32 {
  return load<u32>(entry + SEEN);
}

// @ts-expect-error: decorator
@inline
export function membersIn(entry: usize): u32 {
  return load<u32>(entry + MEMBERS);
}

/** Bits of the fields that it has a value of. */
// @ts-expect-error: decorator
@inline
export function fieldsIn(entry: usize): u32 {
  return load<u32>(entry + FIELDS);
}

/** The number of a field's value. */
// @ts-expect-error: decorator
@inline
export function idIn(entry: usize, field: usize): u32 {
  return load<u32>(entry + (field << 2));
}
