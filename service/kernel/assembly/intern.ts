// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript's u64 holds them exactly
import {
  CLEAR_VALUES_ARENA,
  CLEAR_VALUES_ARENA_BYTES,
  CLEAR_VALUES_NEWS,
  CLEAR_VALUES_NEWS_BYTES,
  CLEAR_VALUES_SCANNER,
  CLEAR_VALUES_TABLE,
  CLEAR_VALUES_TABLE_BITS,
  FIELDS_MAX,
  NEWS_ENTRY_BYTES,
  SCANNER_ARENA,
  SCANNER_ARENA_END,
  SCANNER_FIELDS,
  SCANNER_NEWS,
  SCANNER_NEWS_AT,
  SCANNER_NEWS_END,
  SCANNER_TABLE,
  SCANNER_TABLE_MASK,
  SCANNER_TABLE_USED,
} from '../layout';
import { maskOf, scanner, useScanner } from './scanner';

/**
 * Numbers for the values of a chunk's fields: the same value of the same field has the same number, from 1 on. New values are
 * listed, so that each becomes a string once for a chunk and not once for a record.
 */

/** An entry of the table, VALUE_ENTRY_BYTES: hash, number, where the bytes are, length with the field above it. */
const ENTRY_SHIFT: usize = 4;
export const NO_ROOM_FOR_VALUE: u32 = 0xffffffff;

/** Begins a chunk. The arguments are those of layout.ts. */
export function clearValues(): void {
  useScanner(load<usize>(CLEAR_VALUES_SCANNER));
  const table = load<u32>(CLEAR_VALUES_TABLE);
  const arena = load<u32>(CLEAR_VALUES_ARENA);
  const news = load<u32>(CLEAR_VALUES_NEWS);
  const entries: u32 = 1 << load<u32>(CLEAR_VALUES_TABLE_BITS);
  memory.fill(table, 0, (<usize>entries) << ENTRY_SHIFT);
  store<u32>(scanner + SCANNER_TABLE, table);
  store<u32>(scanner + SCANNER_TABLE_MASK, entries - 1);
  store<u32>(scanner + SCANNER_TABLE_USED, 0);
  store<u32>(scanner + SCANNER_ARENA, arena);
  store<u32>(scanner + SCANNER_ARENA_END, arena + load<u32>(CLEAR_VALUES_ARENA_BYTES));
  store<u32>(scanner + SCANNER_NEWS, news);
  store<u32>(scanner + SCANNER_NEWS_AT, news);
  store<u32>(scanner + SCANNER_NEWS_END, news + load<u32>(CLEAR_VALUES_NEWS_BYTES));
  for (let field: usize = 0; field < <usize>FIELDS_MAX; field++) {
    const state = scanner + SCANNER_FIELDS + (field << 4);
    store<u32>(state, 1);
    store<u32>(state + 8, 0xffffffff);
  }
}

/** How many new values are listed, from SCANNER_NEWS on; the list is empty afterwards. */
export function takeNews(at: usize): u32 {
  useScanner(at);
  const news = load<u32>(scanner + SCANNER_NEWS);
  const count = (load<u32>(scanner + SCANNER_NEWS_AT) - news) / NEWS_ENTRY_BYTES;
  store<u32>(scanner + SCANNER_NEWS_AT, news);
  return count;
}

/** A number for a value that the caller keeps itself. */
export function takeNumber(at: usize, field: u32): u32 {
  const state = at + SCANNER_FIELDS + ((<usize>field) << 4);
  const number = load<u32>(state);
  store<u32>(state, number + 1);
  return number;
}

/** Values of 16 bytes and more end in a vector that overlaps the one before. */
function equal(a: usize, b: usize, length: usize): bool {
  if (length < 16) return v128.any_true(v128.and(v128.xor(v128.load(a), v128.load(b)), maskOf(length))) === false;
  const last = length - 16;
  for (let i: usize = 0; i < last; i += 16) {
    if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(a + last), v128.load(b + last)));
}

/** Multiply and fold, eight bytes at a time: spreads values over a table, and nothing depends on it beyond that. */
function hashOf(from: usize, length: u32, field: u32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ <u64>length ^ ((<u64>field) << 32);
  let i: usize = 0;
  for (; i + 8 <= <usize>length; i += 8) {
    hash = (hash ^ load<u64>(from + i)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  // The rest is read with what lies behind it, which is masked.
  if (i < <usize>length) {
    const bits: u64 = (<u64>length & 7) << 3;
    hash = (hash ^ (load<u64>(from + i) & (((<u64>1) << bits) - 1))) * 0xff51afd7ed558ccd;
  }
  hash ^= hash >> 29;
  return <u32>(hash ^ (hash >> 32));
}

/** The number of a value, 0 for the empty one; NO_ROOM_FOR_VALUE when a new one finds none. */
export function numberOf(field: u32, from: usize, length: u32): u32 {
  if (length === 0) return 0;
  const state = scanner + SCANNER_FIELDS + ((<usize>field) << 4);
  if (load<u32>(state + 8) === length && equal(load<u32>(state + 4), from, <usize>length)) return load<u32>(state + 12);

  const hash = hashOf(from, length, field);
  const table = <usize>load<u32>(scanner + SCANNER_TABLE);
  const mask = load<u32>(scanner + SCANNER_TABLE_MASK);
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const entry = table + ((<usize>slot) << ENTRY_SHIFT);
    const number = load<u32>(entry + 4);
    if (number === 0) return add(field, from, length, hash, entry, state);
    if (load<u32>(entry) !== hash || load<u32>(entry + 12) !== ((field << 24) | length)) continue;
    const at = load<u32>(entry + 8);
    if (!equal(at, from, <usize>length)) continue;
    remember(state, at, length, number);
    return number;
  }
}

function remember(state: usize, at: u32, length: u32, number: u32): void {
  store<u32>(state + 4, at);
  store<u32>(state + 8, length);
  store<u32>(state + 12, number);
}

function add(field: u32, from: usize, length: u32, hash: u32, entry: usize, state: usize): u32 {
  const at = load<u32>(scanner + SCANNER_ARENA);
  const newsAt = load<u32>(scanner + SCANNER_NEWS_AT);
  const used = load<u32>(scanner + SCANNER_TABLE_USED);
  // Three quarters full is as far as probing stays short.
  const full = used > (load<u32>(scanner + SCANNER_TABLE_MASK) >> 2) * 3;
  if (
    full ||
    at + length > load<u32>(scanner + SCANNER_ARENA_END) ||
    newsAt + NEWS_ENTRY_BYTES > load<u32>(scanner + SCANNER_NEWS_END)
  ) {
    return NO_ROOM_FOR_VALUE;
  }
  const number = load<u32>(state);
  memory.copy(at, from, length);
  store<u32>(scanner + SCANNER_ARENA, at + length);
  store<u32>(scanner + SCANNER_TABLE_USED, used + 1);
  store<u32>(state, number + 1);
  store<u32>(entry, hash);
  store<u32>(entry + 4, number);
  store<u32>(entry + 8, at);
  store<u32>(entry + 12, (field << 24) | length);
  store<u32>(newsAt, field);
  store<u32>(newsAt + 4, at);
  store<u32>(newsAt + 8, length);
  store<u32>(scanner + SCANNER_NEWS_AT, newsAt + NEWS_ENTRY_BYTES);
  remember(state, at, length, number);
  return number;
}
