/**
 * A multiset of events, eight bytes an event, so that gigabytes of logs can be compared one by one.
 *
 * An event counts as its fingerprint: 53 bits over its time and its message, all that fits a double exactly. With ten
 * million events the chance that any two different ones share a fingerprint is one in 180, and it would have to be a lost
 * one and an invented one to hide anything.
 */
export interface Tally {
  /** Number of events. */
  readonly size: number;
  /** @param timestampMs whole milliseconds since the epoch */
  add(timestampMs: number, message: string): void;
  /** All fingerprints, ascending; the same one as often as its event was added. */
  sorted(): Float64Array;
}

const CAPACITY_START = 4_096;

export function createTally(): Tally {
  let prints = new Float64Array(CAPACITY_START);
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(timestampMs, message) {
      if (size === prints.length) {
        const grown = new Float64Array(size * 2);
        grown.set(prints);
        prints = grown;
      }
      prints[size++] = fingerprint(timestampMs, message);
    },
    sorted: () => prints.slice(0, size).sort(),
  };
}

/** Two lanes of multiply and xor over the UTF-16 units, each stirred by murmur3's finalizer; 21 bits of one, 32 of the other. */
export function fingerprint(timestampMs: number, message: string): number {
  const low = timestampMs >>> 0;
  const high = Math.floor(timestampMs / 2 ** 32) >>> 0;
  let a = Math.imul(low ^ 0x9e3779b1, 0x85ebca77);
  let b = Math.imul(low ^ high ^ 0xc2b2ae3d, 0x27d4eb2f) ^ high;
  for (let i = 0; i < message.length; i++) {
    const unit = message.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ unit, 0x85ebca77);
    b ^= b >>> 13;
  }
  return (stir(a ^ message.length) & 0x1fffff) * 2 ** 32 + (stir(b) >>> 0);
}

function stir(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}
