/** LZ4 as other writers make it: no package here compresses to bare blocks. */

const MATCH_MIN = 4;
/** The last match begins this far from the end at least, and the last bytes are literals (lz4_Block_format.md). */
const END_BYTES = 12;
const OFFSET_MAX = 65_535;

/** A block by the simplest search: the last place where the next four bytes stood. */
export function lz4Block(bytes: Uint8Array): Buffer {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const places = new Map<number, number>();
  const out: Uint8Array[] = [];
  let anchor = 0;
  let at = 0;
  while (at + END_BYTES < input.length) {
    const key = input.readUInt32LE(at);
    const from = places.get(key);
    places.set(key, at);
    if (from === undefined || at - from > OFFSET_MAX) {
      at++;
      continue;
    }
    let length = MATCH_MIN;
    while (at + length < input.length - 5 && input[from + length] === input[at + length]) length++;
    out.push(sequence(input.subarray(anchor, at), at - from, length));
    at += length;
    anchor = at;
  }
  out.push(sequence(input.subarray(anchor), 0, 0));
  return Buffer.concat(out);
}

/** @param offset 0 for the last one, which has no match */
function sequence(literals: Uint8Array, offset: number, matchLength: number): Buffer {
  const match = offset === 0 ? 0 : matchLength - MATCH_MIN;
  const token = (Math.min(15, literals.length) << 4) | Math.min(15, match);
  const place = offset === 0 ? [] : [offset & 0xff, offset >> 8, ...rest(match)];
  return Buffer.concat([Buffer.from([token, ...rest(literals.length)]), literals, Buffer.from(place)]);
}

/** What a length has beyond the fifteen that the token says. */
function rest(length: number): number[] {
  if (length < 15) return [];
  return [...new Array<number>(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];
}

/** Hadoop's frames: how many bytes come out, and then blocks, each behind its length. */
export function hadoopLz4(bytes: Uint8Array, blockBytes = 100_000, blocksInFrame = 2): Buffer {
  const out: Uint8Array[] = [];
  const number = (value: number) => {
    const four = Buffer.alloc(4);
    four.writeUInt32BE(value);
    return four;
  };
  const frameBytes = blockBytes * blocksInFrame;
  for (let at = 0; at < bytes.length; at += frameBytes) {
    const frame = bytes.subarray(at, at + frameBytes);
    out.push(number(frame.length));
    for (let from = 0; from < frame.length; from += blockBytes) {
      const block = lz4Block(frame.subarray(from, from + blockBytes));
      out.push(number(block.length), block);
    }
  }
  return Buffer.concat(out);
}
