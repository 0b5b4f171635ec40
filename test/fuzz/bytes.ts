import fc from 'fast-check';

/** One change of a file, at a place that is given as a share of its length. */
type Change =
  | { readonly kind: 'set'; readonly place: number; readonly byte: number }
  | { readonly kind: 'flip'; readonly place: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly place: number; readonly bytes: number }
  | { readonly kind: 'insert'; readonly place: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly from: number; readonly place: number; readonly bytes: number }
  | { readonly kind: 'end'; readonly place: number };

/** Any place, and often one near the end: where footers and trailers are. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  fc.double({ min: 0.9, max: 1, noNaN: true, maxExcluded: true }),
);
/** Numbers at which lengths and counts turn over. */
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), place, byte }),
  fc.record({ kind: fc.constant('flip' as const), place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), place, bytes: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('insert' as const), place, bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  fc.record({ kind: fc.constant('copy' as const), from: place, place, bytes: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('end' as const), place }),
);

/** A few changes of a file that is right. */
export const changes = fc.array(change, { minLength: 1, maxLength: 4 });

export function applyChanges(original: Uint8Array, list: readonly Change[]): Uint8Array {
  let bytes = Buffer.from(original);
  for (const one of list) {
    const at = Math.floor(one.place * bytes.length);
    const before = bytes.subarray(0, at);
    switch (one.kind) {
      case 'set':
        if (at < bytes.length) bytes.writeUInt8(one.byte, at);
        break;
      case 'flip':
        if (at < bytes.length) bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << one.bit), at);
        break;
      case 'cut':
        bytes = Buffer.concat([before, bytes.subarray(at + one.bytes)]);
        break;
      case 'insert':
        bytes = Buffer.concat([before, one.bytes, bytes.subarray(at)]);
        break;
      case 'copy': {
        const from = Math.floor(one.from * bytes.length);
        Buffer.from(bytes.subarray(from, from + one.bytes)).copy(bytes, at);
        break;
      }
      case 'end':
        bytes = Buffer.from(before);
    }
  }
  return new Uint8Array(bytes);
}
