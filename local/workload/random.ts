/**
 * Seeded randomness for everything that generates load: the same seed gives the same bytes on every machine, so a
 * failing run can be repeated. Never for anything that must be hard to guess.
 */
export interface Random {
  /** From 0 to below 1. */
  uniform(): number;
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number;
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** True in this share (0 to 1) of cases. */
  chance(share: number): boolean;
  /** @throws RangeError when there is nothing to pick from */
  pick<T>(items: readonly T[]): T;
  /** Lowercase hexadecimal digits. */
  hex(digits: number): string;
  /** The shape of a UUID v4. */
  uuid(): string;
}

/** A generator of its own for each seed text; put what it is for into the text: `${seed}/acme-corp/3`. */
export function createRandom(seed: string): Random {
  const uint32 = xoshiro128(seed);
  const uniform = () => uint32() / 2 ** 32;
  const below = (limit: number) => Math.floor(uniform() * limit);
  const hex = (digits: number) => {
    let text = '';
    while (text.length < digits) text += uint32().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  };
  return {
    uniform,
    uint32,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (share) => uniform() < share,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[below(4)]}${hex(3)}-${hex(12)}`,
  };
}

/** xoshiro128** 1.1 (Blackman and Vigna, prng.di.unimi.it): 128 bits of state, four shifts and two multiplications. */
function xoshiro128(seed: string): () => number {
  const next = splitmix(fnv1a(seed));
  let a = next();
  let b = next();
  let c = next();
  let d = next();
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
}

/** Spreads one number over the whole state; what the authors of xoshiro advise for seeding (here its 32-bit sibling). */
function splitmix(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
}

/** FNV-1a over UTF-16 units: turns a seed text into a number. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
