import { corrupt } from '../corrupt.ts';
import { createJsonScanner } from './json-scanner.ts';
import { isBlank, isLineEnd, isSpace } from './space.ts';
import { createTail } from './tail.ts';

/**
 * Cuts a stream of JSON values into records, each a range of one buffer. Fed piece by piece: after `push` or `end`, call `next`
 * until it is false; a range is good until the next `push`.
 *
 * Objects may stand behind one another with white space between them or none, over any number of lines. An array's elements are
 * records, and so are those of the array in an envelope: an object in which it is the member of a name that is asked for; the
 * envelope itself is none. What is no value is a record up to the end of its line.
 *
 *     top ── { ──▶ object ── its end ──────────────────────────────▶ top
 *      │             ├── the envelope's array begins ──▶ events ── ] ──▶ behind ── the envelope's end ──▶ top
 *      │             └── it is no JSON ──▶ broken ── its brackets close, or another value begins ──▶ top
 *      ├─── [ ──▶ array ── ] ──▶ top
 *      └─── anything else ──▶ line ── its end ──▶ top
 */
export interface ValueSplitter {
  push(piece: Uint8Array): void;
  /** No more pieces. */
  end(): void;
  /** Moves to the next record, if there is one. @throws DistributorError `object-corrupt` when the stream may not end here */
  next(): boolean;
  readonly bytes: Buffer;
  /** Range of the record in `bytes`, without the white space around it; never empty. */
  readonly start: number;
  readonly stop: number;
  /** Where the record is: from there another splitter can go on. */
  readonly place: ValuePlace;
}

/** Bytes from the beginning of the stream, and what a value there is part of. */
export interface ValuePlace {
  readonly offset: number;
  readonly within: 'top' | 'array' | 'events';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const isOpening = (byte: number | undefined) => byte === OPEN_BRACE || byte === OPEN_BRACKET;
const isClosing = (byte: number | undefined) => byte === CLOSE_BRACE || byte === CLOSE_BRACKET;

/**
 * @param from a place that a splitter of the same stream gave, or its beginning
 * @param envelope name of the member that holds the events, where objects may be envelopes
 */
export function createValueSplitter(from: ValuePlace, recordBytesMax: number, envelope?: string): ValueSplitter {
  const tail = createTail(from.offset, recordBytesMax);
  const scanner = createJsonScanner(envelope);
  let place: 'top' | 'object' | 'broken' | 'line' | 'array' | 'events' | 'behind' = from.within;
  let ended = false;
  let start = 0;
  let stop = 0;
  let within: ValuePlace['within'] = from.within;
  /** Where the scan of what is not complete yet stands, relative to `tail.at`. */
  let scanned = 0;
  // Of the brackets alone, for what is no JSON or is looked at later.
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Of a broken value: where it broke, relative to `tail.at`. */
  let brokenAt = 0;

  const go = (to: typeof place): void => {
    place = to;
    scanned = 0;
    depth = 0;
    inString = false;
    escaped = false;
  };

  const skipSpace = (): number | undefined => {
    while (tail.at < tail.bytes.length && isBlank(tail.bytes[tail.at], tail.base + tail.at)) tail.at++;
    return tail.bytes[tail.at];
  };

  /** Makes a record of what lies between here and `end`, and goes on at `next`. @returns whether there is one */
  const take = (end: number, next: number, from: ValuePlace['within']): boolean => {
    start = tail.at;
    stop = end;
    while (stop > start && isSpace(tail.bytes[stop - 1])) stop--;
    tail.at = next;
    if (stop - start > recordBytesMax) {
      throw corrupt(`the record at byte ${tail.base + start} is longer than ${recordBytesMax} bytes`);
    }
    within = from;
    return start < stop;
  };

  const follow = (byte: number): void => {
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (isOpening(byte)) depth++;
    else if (isClosing(byte) && depth > 0) depth--;
  };

  /** The comma or bracket that ends an element, or -1. */
  const elementEnd = (): number => {
    const { bytes, at } = tail;
    for (let i = at + scanned; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (depth === 0 && !inString && (byte === COMMA || byte === CLOSE_BRACKET)) return i;
      follow(byte);
    }
    scanned = bytes.length - at;
    return -1;
  };

  /** Behind the bracket that ends a broken value, or before what is certainly another; -1 when neither is here yet. */
  const brokenEnd = (): number => {
    const { bytes, at } = tail;
    for (let i = at + scanned; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      if (i >= at + brokenAt && i > at && isLineEnd(bytes[i - 1]) && isOpening(byte)) return i;
      // `}{"`, whatever the quotes before it came to.
      const pair = byte === QUOTE && bytes[i - 1] === OPEN_BRACE && bytes[i - 2] === CLOSE_BRACE;
      if (pair && i - 1 >= at + brokenAt) return i - 1;
      // No string goes on behind the end of its line.
      if (isLineEnd(byte)) inString = false;
      follow(byte);
      if (depth === 0 && !inString && isClosing(byte)) return i + 1;
    }
    scanned = bytes.length - at;
    return -1;
  };

  const lineEnd = (): number => {
    const { bytes, at } = tail;
    for (let i = at + scanned; i < bytes.length; i++) if (isLineEnd(bytes[i])) return i;
    scanned = bytes.length - at;
    return -1;
  };

  const atTop = (): boolean => {
    const byte = skipSpace();
    if (byte === undefined) return false;
    if (byte === OPEN_BRACE) {
      go('object');
      scanner.begin();
    } else if (byte === OPEN_BRACKET) {
      go('array');
      tail.at++;
    } else {
      go('line');
    }
    return true;
  };

  /** @returns whether it came any further */
  const inObject = (): 'record' | 'on' | 'wait' => {
    const { bytes, at } = tail;
    const to = scanner.scan(bytes, at + scanned, bytes.length);
    scanned = to - at;
    switch (scanner.state) {
      case 'whole':
        go('top');
        return take(to, to, 'top') ? 'record' : 'on';
      case 'door':
        tail.at = to;
        go('events');
        return 'on';
      case 'open':
        if (!ended) return 'wait';
        break;
      default:
    }
    brokenAt = scanned;
    go('broken');
    return 'on';
  };

  /** What ends at a place that `find` gives, or with the stream. */
  const upTo = (find: () => number): 'record' | 'on' | 'wait' => {
    const found = find();
    if (found === -1 && !ended) return 'wait';
    go('top');
    const end = found === -1 ? tail.bytes.length : found;
    return take(end, end, 'top') ? 'record' : 'on';
  };

  const inArray = (of: 'array' | 'events'): 'record' | 'on' | 'wait' => {
    if (scanned === 0) skipSpace();
    const end = elementEnd();
    if (end === -1) {
      if (ended) throw corrupt(of === 'array' ? 'the JSON array ends in its middle' : `${envelope} ends in its middle`);
      return 'wait';
    }
    go(tail.bytes[end] === COMMA ? of : of === 'array' ? 'top' : 'behind');
    if (place === 'behind') scanner.beginBehindMember();
    return take(end, end + 1, of) ? 'record' : 'on';
  };

  /** The rest of an envelope is nothing that anybody wants; there may be more events in it. */
  const behindEvents = (): 'record' | 'on' | 'wait' => {
    tail.at = scanner.scan(tail.bytes, tail.at, tail.bytes.length);
    if (scanner.state === 'open') {
      if (ended) throw corrupt(`the object around ${envelope} ends in its middle`);
      return 'wait';
    }
    go(scanner.state === 'door' ? 'events' : 'top');
    return 'on';
  };

  const step = (): 'record' | 'on' | 'wait' => {
    switch (place) {
      case 'top':
        return atTop() ? 'on' : 'wait';
      case 'object':
        return inObject();
      case 'broken':
        return upTo(brokenEnd);
      case 'line':
        return upTo(lineEnd);
      case 'behind':
        return behindEvents();
      default:
        return inArray(place);
    }
  };

  return {
    push: (piece) => tail.push(piece),
    end() {
      ended = true;
    },
    next() {
      for (;;) {
        const result = step();
        if (result !== 'on') return result === 'record';
      }
    },
    get bytes() {
      return tail.bytes;
    },
    get start() {
      return start;
    },
    get stop() {
      return stop;
    },
    get place() {
      return { offset: tail.base + start, within };
    },
  };
}
