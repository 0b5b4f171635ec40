import { corrupt } from '../corrupt.ts';

/**
 * Cuts a stream of bytes into records, each a range of one buffer. Fed piece by piece: after `push` or `end`, call `next`
 * until it is false; a range is good until the next `push`.
 */
export interface Splitter {
  push(piece: Uint8Array): void;
  /** No more pieces. @throws DistributorError `object-corrupt` when the stream may not end here */
  end(): void;
  /** Moves to the next record, if there is one. */
  next(): boolean;
  readonly bytes: Buffer;
  /** Range of the record in `bytes`, without the white space around it; never empty. */
  readonly start: number;
  readonly stop: number;
  /** Place of the record in the stream, in bytes from its beginning: from there another splitter can go on. */
  readonly offset: number;
}

const NEWLINE = 0x0a;

/** UTF-8's, which some writers put in front of a text. */
export const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

/** White space, or part of the byte order mark that some writers put in front. */
export function isBlank(byte: number | undefined, offset: number): boolean {
  return isSpace(byte) || (offset < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[offset]);
}

/** What has arrived and is not used up: the rest of the pieces before, and the newest behind it. */
class Tail {
  bytes: Buffer = Buffer.alloc(0);
  /** Place of `bytes[0]` in the stream. */
  base: number;
  /** Everything before this is used up. */
  at = 0;
  readonly #recordBytesMax: number;

  constructor(offset: number, recordBytesMax: number) {
    this.base = offset;
    this.#recordBytesMax = recordBytesMax;
  }

  push(piece: Uint8Array): void {
    const rest = this.bytes.subarray(this.at);
    if (rest.length > this.#recordBytesMax) {
      throw corrupt(`the record at byte ${this.base + this.at} is longer than ${this.#recordBytesMax} bytes`);
    }
    this.base += this.at;
    this.at = 0;
    // A copy: the piece is gone when the next one is asked for.
    this.bytes = Buffer.concat([rest, piece], rest.length + piece.length);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Records are the elements of one JSON array. Only strings and brackets are looked at; whether an element is JSON at all
 * is decided by who parses it.
 */
export function createArraySplitter(offset: number, recordBytesMax: number): Splitter {
  const tail = new Tail(offset, recordBytesMax);
  // A stream that is entered in its middle is entered at an element.
  let place: 'before' | 'inside' | 'behind' = offset === 0 ? 'before' : 'inside';
  let ended = false;
  let start = 0;
  let end = 0;
  // Where the scan of an element that is not complete yet stands, relative to `tail.at`.
  let scanned = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;

  /** Scans on from where the last piece ended. @returns the index of the comma or bracket that ends the element, or -1 */
  const elementEnd = (): number => {
    const { bytes, at } = tail;
    for (let i = at + scanned; i < bytes.length; i++) {
      const byte = bytes[i];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++;
      } else if (depth > 0 && (byte === CLOSE_BRACE || byte === CLOSE_BRACKET)) {
        depth--;
      } else if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACKET)) {
        scanned = 0;
        return i;
      }
    }
    scanned = bytes.length - at;
    return -1;
  };

  const skipSpace = (): number | undefined => {
    while (tail.at < tail.bytes.length && isBlank(tail.bytes[tail.at], tail.base + tail.at)) tail.at++;
    return tail.bytes[tail.at];
  };

  return {
    push: (piece) => tail.push(piece),
    end() {
      ended = true;
    },
    next() {
      if (place === 'before') {
        const first = skipSpace();
        if (first === undefined) return false;
        if (first !== OPEN_BRACKET) throw corrupt('the JSON array does not begin with [');
        tail.at++;
        place = 'inside';
      }
      while (place === 'inside') {
        if (scanned === 0) skipSpace();
        const stop = elementEnd();
        if (stop === -1) {
          if (ended) throw corrupt('the JSON array ends in its middle');
          return false;
        }
        start = tail.at;
        end = stop;
        while (end > start && isSpace(tail.bytes[end - 1])) end--;
        if (tail.bytes[stop] === CLOSE_BRACKET) place = 'behind';
        tail.at = stop + 1;
        if (end - start > recordBytesMax) {
          throw corrupt(`the array element at byte ${tail.base + start} is longer than ${recordBytesMax} bytes`);
        }
        if (start < end) return true;
      }
      if (skipSpace() !== undefined)
        throw corrupt(`something stands behind the JSON array, at byte ${tail.base + tail.at}`);
      return false;
    },
    get bytes() {
      return tail.bytes;
    },
    get start() {
      return start;
    },
    get stop() {
      return end;
    },
    get offset() {
      return tail.base + start;
    },
  };
}
