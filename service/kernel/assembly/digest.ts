// biome-ignore-all lint/correctness/noPrecisionLoss: AssemblyScript's u64 holds them exactly
import {
  DIGEST_EVENTS_BYTES,
  DIGEST_EVENTS_COUNT,
  DIGEST_EVENTS_EVENTS,
  DIGEST_EVENTS_FORMS,
  DIGEST_EVENTS_LENGTHS,
  DIGEST_EVENTS_SCRATCH,
  DIGEST_EVENTS_SCRATCH_BYTES,
  DIGEST_EVENTS_SIZES,
  DIGEST_EVENTS_STARTS,
  DIGEST_EVENTS_TARGET,
  DIGEST_EVENTS_TIMES,
  FORM_JSON,
} from '../layout';
import { unescapeText } from './unescape';

/** The digest of events, by vectors: core/digest.ts has its definition, and a plain form of it. */

const GOLDEN: u64 = 0x9e3779b97f4a7c15;
const STRIPE: usize = 32;
const BLOCK: usize = 512;
/** A row for each stripe of a block, one more for the second lane, and a number for each lane. */
const ROWS: usize = BLOCK / STRIPE + 1;
const KEY = memory.data(560, 16);
const KEY_LO = KEY + ROWS * STRIPE;
const KEY_HI = KEY_LO + 8;
/** From 16 - n on: n bytes that stay and others that become zeros. */
const MASKS = memory.data<u8>([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

let hasKey = false;
/** Both lanes of the events so far. */
let lo: u64 = 0;
let hi: u64 = 0;

function writeKey(): void {
  for (let i: usize = 0; i < ROWS * 4 + 2; i++) store<u64>(KEY + (i << 3), mix((<u64>i + 1) * GOLDEN));
  hasKey = true;
}

function mix(x: u64): u64 {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

function fold(sum: v128): v128 {
  return i64x2.mul(v128.xor(sum, i64x2.shr_u(sum, 47)), i64x2.splat(GOLDEN));
}

/** What a stripe adds to both sums of a lane. */
function products(first: v128, second: v128, key: usize): v128 {
  const a = i32x4.add(first, v128.load(key));
  const b = i32x4.add(second, v128.load(key, 16));
  return i64x2.add(i64x2.extmul_low_i32x4_u(a, b), i64x2.extmul_high_i32x4_u(a, b));
}

/** Up to 16 bytes behind the message may be read. */
function addEvent(from: usize, length: usize, time: u64): void {
  let sums = i64x2.splat(0);
  let others = i64x2.splat(0);
  let key = KEY;
  let at = from;
  const end = from + length;
  for (const whole = from + (length & ~(STRIPE - 1)); at < whole; at += STRIPE) {
    if (key === KEY_LO - STRIPE) {
      key = KEY;
      sums = fold(sums);
      others = fold(others);
    }
    const first = v128.load(at);
    const second = v128.load(at, 16);
    sums = i64x2.add(sums, products(first, second, key));
    others = i64x2.add(others, products(first, second, key + STRIPE));
    key += STRIPE;
  }
  const left = end - at;
  if (left > 0) {
    if (key === KEY_LO - STRIPE) {
      key = KEY;
      sums = fold(sums);
      others = fold(others);
    }
    const first = v128.and(v128.load(at), v128.load(MASKS + 16 - min(left, 16)));
    const second = left > 16 ? v128.and(v128.load(at, 16), v128.load(MASKS + 32 - left)) : i64x2.splat(0);
    sums = i64x2.add(sums, products(first, second, key));
    others = i64x2.add(others, products(first, second, key + STRIPE));
  }
  lo += hashOf(sums, load<u64>(KEY_LO) + <u64>length, time);
  hi += hashOf(others, load<u64>(KEY_HI) + <u64>length, time);
}

function hashOf(sums: v128, start: u64, time: u64): u64 {
  const first = <u64>i64x2.extract_lane(sums, 0);
  const second = <u64>i64x2.extract_lane(sums, 1);
  return mix(mix(mix(first + start) + second) + time);
}

/**
 * Writes the digest of events: two numbers of 64 bits. The arguments are those of layout.ts.
 * @returns the sum of the bytes of their messages, unescaped; or -1 when the scratch is too small for one of them
 */
export function digestEvents(): i32 {
  if (!hasKey) writeKey();
  const events = load<usize>(DIGEST_EVENTS_EVENTS);
  const count = load<usize>(DIGEST_EVENTS_COUNT);
  const starts = load<usize>(DIGEST_EVENTS_STARTS);
  const lengths = load<usize>(DIGEST_EVENTS_LENGTHS);
  const sizes = load<usize>(DIGEST_EVENTS_SIZES);
  const forms = load<usize>(DIGEST_EVENTS_FORMS);
  const times = load<usize>(DIGEST_EVENTS_TIMES);
  const base = load<usize>(DIGEST_EVENTS_BYTES);
  const scratch = load<usize>(DIGEST_EVENTS_SCRATCH);
  const room = load<usize>(DIGEST_EVENTS_SCRATCH_BYTES);
  const target = load<usize>(DIGEST_EVENTS_TARGET);
  lo = 0;
  hi = 0;
  let bytes: usize = 0;
  for (let i: usize = 0; i < count; i++) {
    const event = <usize>load<u32>(events + (i << 2));
    const from = base + <usize>load<u32>(starts + (event << 2));
    const time = <u64>load<f64>(times + (event << 3));
    let length = <usize>load<u32>(lengths + (event << 2));
    // Every escape is longer than what it stands for.
    if (load<u8>(forms + event) === <u8>FORM_JSON && length !== <usize>load<u32>(sizes + (event << 2))) {
      const end = unescapeText(from, from + length, scratch, scratch + room);
      if (end === 0) return -1;
      length = end - scratch;
      addEvent(scratch, length, time);
    } else {
      addEvent(from, length, time);
    }
    bytes += length;
  }
  store<u64>(target, lo);
  store<u64>(target, hi, 8);
  return <i32>bytes;
}
