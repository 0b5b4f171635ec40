import {
  REPEAT_COUNT,
  REPEAT_LASTS,
  REPEAT_LENGTHS,
  REPEAT_MISSES,
  REPEAT_NEXT,
  REPEAT_TAILS,
  REPEATS,
  REPEATS_MAX,
  scanner,
  useScanner,
} from './scanner';

/**
 * Stretches of members that were read before. An agent writes the same application, file and pod with every line of a container:
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
/** Two vectors are compared at a time, the last two up to the end. */
const LENGTH_MIN: usize = 32;

/** Members by whose number a stretch is found; further ones share them. */
const PLACES_MASK: u32 = 31;
/**
 * The score of a place: +1 for each stretch that is kept, -2 for each that is met again. At the limit, looking for repeats costs more
 * than it saves, and the place is given up for this chunk.
 */
const MISSES_MAX: u32 = 64;
const NEVER: u32 = 0xffffffff;

/** Forgets all. `entries` has room for REPEATS_MAX of 4 KiB. */
export function clearRepeats(at: usize, entries: u32): void {
  useScanner(at);
  store<u32>(scanner + REPEATS, entries);
  store<u32>(scanner + REPEAT_COUNT, 0);
  store<u32>(scanner + REPEAT_NEXT, 0);
  memory.fill(scanner + REPEAT_LASTS, 0, (PLACES_MASK + 1) << 2);
  memory.fill(scanner + REPEAT_MISSES, 0, (PLACES_MASK + 1) << 2);
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

/** Whether an entry stands between `from` and `end`, with something behind it. */
// @ts-expect-error: decorator
@inline
function begins(from: usize, end: usize, number: u32): bool {
  const length = <usize>load<u32>(scanner + REPEAT_LENGTHS + (<usize>number << 2));
  // No more is read than what is there; one that ends with the input is refused by whoever looks for what follows.
  if (length >= end - from) return false;
  // They begin alike: what tells one container from another stands at their end.
  const tail = v128.load(scanner + REPEAT_TAILS + (<usize>number << 4));
  if (v128.any_true(v128.xor(v128.load(from + length - 16), tail))) return false;
  const text = entryAt(number) + TEXT;
  for (let i: usize = 0; i + 32 < length; i += 32) if (differs(from + i, text + i)) return false;
  return !differs(from + length - 32, text + length - 32);
}

/** The entry that stands at `from`, where the line's member of this number begins; 0: none that is known. */
export function findRepeat(from: usize, end: usize, member: u32): usize {
  const place = <usize>(member & PLACES_MASK) << 2;
  // One more than its number; nothing is looked for where nothing was kept.
  const last = load<u32>(scanner + REPEAT_LASTS + place);
  if (last == 0 || last == NEVER) return 0;
  let number = last - 1;
  if (!begins(from, end, number)) {
    const count = load<u32>(scanner + REPEAT_COUNT);
    number = 0;
    while (number < count && !begins(from, end, number)) number++;
    if (number == count) return 0;
    store<u32>(scanner + REPEAT_LASTS + place, number + 1);
  }
  const misses = load<u32>(scanner + REPEAT_MISSES + place);
  store<u32>(scanner + REPEAT_MISSES + place, misses - min(misses, 2));
  return entryAt(number);
}

/**
 * Keeps the bytes from `from` to `end`, in place of the oldest when there are too many, with what was read of them.
 * @param member number of the first member
 * @param seen bits of the names that stand in it
 * @param fields bits of the fields that it has a value of, whose numbers are `stride` apart from `ids` on
 */
export function keepRepeat(
  from: usize,
  end: usize,
  member: u32,
  members: u32,
  seen: u32,
  fields: u32,
  ids: usize,
  stride: usize,
): void {
  const length = end - from;
  const place = <usize>(member & PLACES_MASK) << 2;
  if (length < LENGTH_MIN || length > LENGTH_MAX || load<u32>(scanner + REPEAT_LASTS + place) == NEVER) return;
  const misses = load<u32>(scanner + REPEAT_MISSES + place);
  store<u32>(scanner + REPEAT_MISSES + place, misses + 1);
  if (misses == MISSES_MAX) {
    store<u32>(scanner + REPEAT_LASTS + place, NEVER);
    return;
  }
  const number = load<u32>(scanner + REPEAT_NEXT);
  store<u32>(scanner + REPEAT_NEXT, (number + 1) % REPEATS_MAX);
  store<u32>(scanner + REPEAT_COUNT, max(load<u32>(scanner + REPEAT_COUNT), number + 1));
  store<u32>(scanner + REPEAT_LASTS + place, number + 1);
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
