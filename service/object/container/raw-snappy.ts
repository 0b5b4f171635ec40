import { corrupt } from '../corrupt.ts';
import type { PieceReader } from './piece-reader.ts';

/**
 * Snappy without any framing, as Vector's sinks and snappy's own `compress` write it: one length, then literals and copies up to the
 * end of the object (google/snappy, format_description.txt). What is decompressed is given away as it grows, so an object may be of
 * any size.
 */

/** How far back a copy may reach: encoders work on fragments of 64 KiB (kBlockSize, snappy.h), whatever the format allows. */
const HISTORY_BYTES = 65_536;
const COPY_BYTES_MAX = 64;
/** A literal up to this length says so in its tag; longer ones in one to four bytes behind it. */
const SHORT_LITERAL_MAX = 60;

/** @throws DistributorError `object-corrupt` when the data is broken, truncated, or refers back further than any encoder does */
export async function* inflateRawSnappy(
  reader: PieceReader,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const announced = await readLength(reader);
  const output = createOutput(pieceBytes);
  while (output.total < announced) {
    const piece = await reader.piece();
    if (!piece) throw corrupt('the Snappy data ends too early');
    output.makeRoom();
    const used = decodeTags(piece, output);
    reader.use(used);
    // A tag lies across two pieces.
    if (used === 0) await decodeTag(reader, output);
    if (output.total > announced) break;
    if (output.full || output.total === announced) yield output.take();
  }
  if (output.total > announced || output.literalLeft > 0) {
    throw corrupt(`the Snappy data is longer than the ${announced} bytes that it announces`);
  }
  if (await reader.piece()) throw corrupt('something stands behind the Snappy data');
}

async function readLength(reader: PieceReader): Promise<number> {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const [byte = 0] = await reader.demand(1, 'the length of the Snappy data');
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length;
  }
  throw corrupt('the Snappy data does not say how long it is');
}

/** Decodes tags that lie in the piece whole, as long as there is room. @returns bytes of the piece that are used */
function decodeTags(piece: Uint8Array, output: Output): number {
  let at = 0;
  while (at < piece.length && !output.full) {
    if (output.literalLeft > 0) {
      at += output.literal(piece, at);
      continue;
    }
    const bytes = tagBytes(piece[at] as number);
    if (at + bytes > piece.length) break;
    applyTag(piece, at, output);
    at += bytes;
  }
  return at;
}

async function decodeTag(reader: PieceReader, output: Output): Promise<void> {
  const first = await reader.demand(1, 'the Snappy data');
  const others = await reader.demand(tagBytes(first[0] as number) - 1, 'the Snappy data');
  applyTag(Buffer.concat([first, others]), 0, output);
}

function tagBytes(tag: number): number {
  const kind = tag & 3;
  if (kind !== 0) return [0, 2, 3, 5][kind] as number;
  return 1 + Math.max(0, (tag >> 2) + 1 - SHORT_LITERAL_MAX);
}

function applyTag(bytes: Uint8Array, at: number, output: Output): void {
  const tag = bytes[at] as number;
  const number = (count: number): number => {
    let value = 0;
    for (let i = count; i > 0; i--) value = value * 256 + (bytes[at + i] as number);
    return value;
  };
  const upper = tag >> 2;
  switch (tag & 3) {
    case 0:
      output.literalLeft = upper < SHORT_LITERAL_MAX ? upper + 1 : number(upper + 1 - SHORT_LITERAL_MAX) + 1;
      return;
    case 1:
      output.copy(((tag >> 5) << 8) | number(1), (upper & 7) + 4);
      return;
    case 2:
      output.copy(number(2), upper + 1);
      return;
    default:
      output.copy(number(4), upper + 1);
  }
}

/** What was decompressed and not taken yet, behind as much as copies may refer to. */
interface Output {
  /** Bytes so far, those that were taken included. */
  readonly total: number;
  readonly full: boolean;
  /** Bytes of a literal that are still to come. */
  literalLeft: number;
  /** Takes what there is of the literal from `from` on. @returns how many bytes */
  literal(bytes: Uint8Array, from: number): number;
  copy(offset: number, length: number): void;
  /** Good until room is made. */
  take(): Uint8Array;
  makeRoom(): void;
}

function createOutput(pieceBytes: number): Output {
  const limit = HISTORY_BYTES + pieceBytes;
  const bytes = Buffer.allocUnsafeSlow(limit + COPY_BYTES_MAX);
  let dropped = 0;
  let taken = 0;
  let at = 0;
  let literalLeft = 0;
  return {
    get total() {
      return dropped + at;
    },
    get full() {
      return at >= limit;
    },
    get literalLeft() {
      return literalLeft;
    },
    set literalLeft(value) {
      literalLeft = value;
    },
    literal(source, from) {
      const part = Math.min(literalLeft, source.length - from, limit - at);
      bytes.set(source.subarray(from, from + part), at);
      at += part;
      literalLeft -= part;
      return part;
    },
    copy(offset, length) {
      if (offset === 0 || offset > Math.min(at, HISTORY_BYTES)) {
        throw corrupt(`the Snappy data refers ${offset} bytes back, where ${Math.min(at, HISTORY_BYTES)} are known`);
      }
      // What is copied may be part of the copy itself.
      if (offset >= length) bytes.copyWithin(at, at - offset, at - offset + length);
      else for (let end = at + length, to = at; to < end; to++) bytes[to] = bytes[to - offset] as number;
      at += length;
    },
    take() {
      const piece = bytes.subarray(taken, at);
      taken = at;
      return piece;
    },
    makeRoom() {
      if (at < limit) return;
      const gone = at - HISTORY_BYTES;
      bytes.copyWithin(0, gone, at);
      dropped += gone;
      at = HISTORY_BYTES;
      taken = HISTORY_BYTES;
    },
  };
}
