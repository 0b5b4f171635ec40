import fc from 'fast-check';

/** One change of a file, at a place that is given as a share of its length. */
type Change =
  | { readonly kind: 'set'; readonly place: number; readonly byte: number }
  | { readonly kind: 'flip'; readonly place: number; readonly bit: number }
  /** Where a length or a count may be: one that is another. */
  | { readonly kind: 'number'; readonly place: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly place: number; readonly bytes: number }
  | { readonly kind: 'insert'; readonly place: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly from: number; readonly place: number; readonly bytes: number }
  /** What lies between two places stands there once more. */
  | { readonly kind: 'repeat'; readonly from: number; readonly place: number }
  | { readonly kind: 'end'; readonly place: number };

/** Any place, and often one near the end: where footers and trailers are. */
export const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  fc.double({ min: 0.9, max: 1, noNaN: true, maxExcluded: true }),
);
/** Numbers at which lengths and counts turn over. */
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
const edge = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 0x7fn, 0x80n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn),
  fc.constantFrom(0x7fffffffffffffffn, -0x8000000000000000n, 0x20000000000000n),
  fc.bigInt({ min: 0n, max: 100_000n }),
);
/** As it lies in a file: with a fixed width and either end first, or as a variable-length integer, zigzag or not. */
const number = fc.oneof(
  fc.tuple(edge, fc.constantFrom(2, 4, 8), fc.boolean()).map(([value, width, isBig]) => fixed(value, width, isBig)),
  fc.tuple(edge, fc.boolean()).map(([value, isZigzag]) => varint(isZigzag ? (value << 1n) ^ (value >> 63n) : value)),
);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), place, byte }),
  fc.record({ kind: fc.constant('flip' as const), place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('number' as const), place, bytes: number }),
  fc.record({ kind: fc.constant('cut' as const), place, bytes: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('insert' as const), place, bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  fc.record({ kind: fc.constant('copy' as const), from: place, place, bytes: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('repeat' as const), from: place, place }),
  fc.record({ kind: fc.constant('end' as const), place }),
);

/** A few changes of a file that is right. */
export const changes = fc.array(change, { minLength: 1, maxLength: 4 });

export function applyChanges(original: Uint8Array, list: readonly Change[]): Uint8Array {
  let bytes = Buffer.from(original);
  for (const one of list) bytes = applied(bytes, one);
  return new Uint8Array(bytes);
}

/** The front of one file up to a place, and another from a place on. */
export function splice(front: Uint8Array, until: number, back: Uint8Array, from: number): Uint8Array {
  const end = Math.floor(until * front.length);
  return new Uint8Array(Buffer.concat([front.subarray(0, end), back.subarray(Math.floor(from * back.length))]));
}

function applied(bytes: Buffer<ArrayBuffer>, one: Change): Buffer<ArrayBuffer> {
  const at = Math.floor(one.place * bytes.length);
  const before = bytes.subarray(0, at);
  const over = (changed: Uint8Array) => Buffer.concat([before, changed, bytes.subarray(at + changed.length)]);
  switch (one.kind) {
    case 'set':
      return over(Uint8Array.of(one.byte));
    case 'flip':
      return over(Uint8Array.of((bytes[at] ?? 0) ^ (1 << one.bit)));
    case 'number':
      return over(one.bytes);
    case 'cut':
      return Buffer.concat([before, bytes.subarray(at + one.bytes)]);
    case 'insert':
      return Buffer.concat([before, one.bytes, bytes.subarray(at)]);
    case 'copy': {
      const from = Math.floor(one.from * bytes.length);
      return over(bytes.subarray(from, from + one.bytes));
    }
    case 'repeat': {
      const from = Math.floor(Math.min(one.from, one.place) * bytes.length);
      return Buffer.concat([bytes.subarray(0, Math.max(from, at)), bytes.subarray(from)]);
    }
    case 'end':
      return Buffer.from(before);
  }
}

function fixed(value: bigint, width: number, isBig: boolean): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  const little = bytes.subarray(0, width);
  return isBig ? little.reverse() : little;
}

/** LEB128, as Thrift, Snappy and Protocol Buffers write it. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}
