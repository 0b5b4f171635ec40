/**
 * The digest of a set of events, version 1. It depends neither on their order nor on how they were cut into batches, and it counts
 * copies: digests of sets are added, and the digest of an event is a hash of 128 bits, in two lanes of 64 that are added apart,
 * each modulo 2^64.
 *
 * It finds what accidents do: an event that is missing, repeated, altered, or in another place. It is no cryptographic hash, and
 * its key is known: who may choose many messages can make a set whose digest is that of another one (decisions/0055).
 *
 * The hash of an event, of its message in UTF-8 and its time in milliseconds since the epoch. All numbers are unsigned and
 * little-endian, `+` and `*` of 64 bits are modulo 2^64, `>>>` shifts in zeros.
 *
 *     mix(x):  x = (x ^ x>>>30) * 0xbf58476d1ce4e5b9;  x = (x ^ x>>>27) * 0x94d049bb133111eb;  x ^ x>>>31
 *     fold(x): (x ^ x>>>47) * 0x9e3779b97f4a7c15
 *     key:     70 numbers of 64 bits, mix((i + 1) * 0x9e3779b97f4a7c15); the first 68 are 17 rows of 8 words of 32 bits,
 *              key[row][word]
 *
 * The message is cut into blocks of 512 bytes and these into stripes of 32, the last filled up with zeros: 8 words of 32 bits, m[0..7].
 * For `lane` 0 and 1 and `half` 0 and 1 there is a sum of 64 bits, at first 0. Each block but the first folds every sum before it
 * begins. Then for each of its stripes s, 0 to 15, and for j of 0 to 3:
 *
 *     sum[lane][j & 1] += (m[j] + key[s + lane][j] mod 2^32) * (m[j + 4] + key[s + lane][j + 4] mod 2^32)
 *
 * This is NH of UMAC (RFC 4418, 5.2) with its Toeplitz construction for the second lane. Then
 *
 *     hash[lane] = mix(mix(mix(sum[lane][0] + key64[68 + lane] + bytes) + sum[lane][1]) + timeMs)
 *
 * This is the plain form, which whoever reads events back can do with.
 */
export interface Digest {
  /** Lane 0, a number of 64 bits. */
  readonly lo: bigint;
  /** Lane 1. */
  readonly hi: bigint;
}

/** To be raised with every change of the definition. */
export const DIGEST_VERSION = 1;

export const NO_DIGEST: Digest = { lo: 0n, hi: 0n };

/** The digest of both sets together. */
export function addDigests(a: Digest, b: Digest): Digest {
  return { lo: u64(a.lo + b.lo), hi: u64(a.hi + b.hi) };
}

/** 32 hexadecimal digits, `hi` first. */
export function formatDigest({ lo, hi }: Digest): string {
  return ((hi << 64n) | lo).toString(16).padStart(32, '0');
}

/** @returns undefined when it is not what `formatDigest` writes */
export function parseDigest(text: string): Digest | undefined {
  if (!/^[0-9a-f]{32}$/.test(text)) return undefined;
  return { hi: BigInt(`0x${text.slice(0, 16)}`), lo: BigInt(`0x${text.slice(16)}`) };
}

const GOLDEN = 0x9e3779b97f4a7c15n;
const STRIPE_WORDS = 8;
const STRIPE_BYTES = 4 * STRIPE_WORDS;
const BLOCK_STRIPES = 16;
const BLOCK_BYTES = BLOCK_STRIPES * STRIPE_BYTES;
/** One row more than a block has stripes: the second lane begins with the second. */
const KEY = Array.from({ length: ((BLOCK_STRIPES + 1) * STRIPE_BYTES) / 8 + 2 }, (_, i) => mix(BigInt(i + 1) * GOLDEN));
const KEY_WORDS = Uint32Array.from(KEY.flatMap((key) => [Number(key & 0xffffffffn), Number(key >> 32n)]));
const [KEY_LO = 0n, KEY_HI = 0n] = KEY.slice(-2);

/**
 * The hash of one event: the digest of the set that has only it.
 * @param message UTF-8, as CloudWatch Logs has it
 * @param timeMs whole, from 0 on
 */
export function digestOf(message: Uint8Array, timeMs: number): Digest {
  const words = wordsOf(message);
  let sums = [0n, 0n, 0n, 0n];
  for (let from = 0; from < message.length; from += BLOCK_BYTES) {
    const before = from === 0 ? sums : sums.map(fold);
    const added = sumsOf(words.subarray(from / 4, (from + BLOCK_BYTES) / 4));
    sums = before.map((sum, at) => u64(sum + (added[at] as bigint)));
  }
  const [first = 0n, second = 0n, third = 0n, fourth = 0n] = sums;
  const bytes = BigInt(message.length);
  const time = BigInt(timeMs);
  return {
    lo: mix(mix(mix(first + KEY_LO + bytes) + second) + time),
    hi: mix(mix(mix(third + KEY_HI + bytes) + fourth) + time),
  };
}

/** Whole stripes, with zeros behind the message. Every processor that Node runs the service on is little-endian. */
function wordsOf(message: Uint8Array): Uint32Array {
  const padded = new Uint8Array(Math.ceil(message.length / STRIPE_BYTES) * STRIPE_BYTES);
  padded.set(message);
  return new Uint32Array(padded.buffer);
}

/**
 * What a block adds to the sums of both halves of lane 0, then of lane 1. Products are added in two doubles, of the lower and the upper half
 * of a factor: 32 products of 48 bits are less than 2^53.
 */
function sumsOf(block: Uint32Array): bigint[] {
  const lower = new Float64Array(4);
  const upper = new Float64Array(4);
  for (let lane = 0; lane < 2; lane++) {
    for (let at = 0; at < block.length; at += STRIPE_WORDS) {
      const key = at + lane * STRIPE_WORDS;
      for (let j = 0; j < 4; j++) {
        const a = ((block[at + j] as number) + (KEY_WORDS[key + j] as number)) >>> 0;
        const b = ((block[at + j + 4] as number) + (KEY_WORDS[key + j + 4] as number)) >>> 0;
        const sum = 2 * lane + (j & 1);
        lower[sum] = (lower[sum] as number) + a * (b & 0xffff);
        upper[sum] = (upper[sum] as number) + a * (b >>> 16);
      }
    }
  }
  return Array.from(lower, (sum, at) => BigInt(sum) + (BigInt(upper[at] as number) << 16n));
}

function fold(x: bigint): bigint {
  return u64((x ^ (x >> 47n)) * GOLDEN);
}

/** The finaliser of SplitMix64. */
function mix(of: bigint): bigint {
  let x = u64(of);
  x = u64((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = u64((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

function u64(x: bigint): bigint {
  return BigInt.asUintN(64, x);
}
