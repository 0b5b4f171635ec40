import type { KernelCalls } from '../calls.ts';
import {
  ALL_READ,
  CHUNK_FULL,
  DATE_TIME_BYTES,
  FIELD_BYTES_MAX,
  FORM_JSON,
  FORM_TEXT,
  KIND_KUBERNETES,
  KIND_MESSAGE,
  KIND_TIMESTAMP,
  NAME_BYTES_MAX,
  NO_ROOM,
  SCANNER_COUNT,
  SCANNER_FROM,
  SCANNER_LINE_END,
  SCANNER_LINE_START,
  SCANNER_METERED,
  SCANNER_USED,
  UNUSUAL_LINE,
} from '../layout.ts';
import { BYTE, createJsonWalker, isSpace } from './json.ts';
import type { Name, PlainScanner } from './scanners.ts';
import { NO_TIME, parseDateTime, parseEpoch } from './time.ts';

/** Reads records from lines of JSON: assembly/lines.ts, which takes the same lines and leaves the same ones to its caller. */

const LOWER_N = 0x6e;

export interface PlainMemory {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
}

/** What of a line was read. */
interface Line {
  readonly scanner: PlainScanner;
  /** Names that were met. */
  readonly seen: Set<Name>;
  timeMs: number;
  /** undefined: none was met. */
  message: Message | undefined;
  /** Where the number of its first field goes in words, and how far apart those of two fields are. */
  readonly ids: number;
  readonly idsStride: number;
}

interface Message {
  readonly from: number;
  readonly length: number;
  /** Bytes once unescaped. */
  readonly size: number;
  readonly form: number;
}

export function createScanLines(
  { bytes, words, doubles }: PlainMemory,
  scannerAt: (address: number) => PlainScanner,
): KernelCalls['scanLines'] {
  const walker = createJsonWalker(bytes);
  const { skipSpace, skipString, skipValue } = walker;

  /** Reads the members of an object from behind its brace. @returns behind its closing brace, or 0 */
  const readMembers = (line: Line, from: number, end: number, inside: boolean): number => {
    let at = skipSpace(from, end);
    if (at < end && bytes[at] === BYTE.CLOSE_BRACE) return at + 1;
    for (;;) {
      at = readMember(line, at, end, inside);
      if (at === 0) return 0;
      at = skipSpace(at, end);
      if (at >= end) return 0;
      if (bytes[at] === BYTE.CLOSE_BRACE) return at + 1;
      if (bytes[at] !== BYTE.COMMA) return 0;
      at = skipSpace(at + 1, end);
    }
  };

  /** @returns behind the member's value, or 0 */
  const readMember = (line: Line, from: number, end: number, inside: boolean): number => {
    if (from >= end || bytes[from] !== BYTE.QUOTE) return 0;
    const key = from + 1;
    const close = skipString(key, end);
    // A name that is written with escapes may be any name.
    if (close === 0 || walker.savedByEscapes !== 0) return 0;
    let at = skipSpace(close + 1, end);
    if (at >= end || bytes[at] !== BYTE.COLON) return 0;
    at = skipSpace(at + 1, end);
    const name =
      close - key > NAME_BYTES_MAX ? undefined : line.scanner.nameOf(bytes.toString('latin1', key, close), inside);
    return name ? readValue(line, name, at, end) : skipValue(at, end);
  };

  /** Reads the value of a wanted member. @returns behind it, or 0 */
  const readValue = (line: Line, name: Name, from: number, end: number): number => {
    // Of two members of one name JSON.parse takes the last.
    if (line.seen.has(name) || from >= end) return 0;
    line.seen.add(name);
    const { kind } = name;
    const byte = bytes[from] as number;
    if (kind === KIND_KUBERNETES) {
      return byte === BYTE.OPEN_BRACE ? readMembers(line, from + 1, end, true) : skipValue(from, end);
    }
    // null is as good as absent.
    if (byte === LOWER_N) return skipValue(from, end);
    if (kind === KIND_MESSAGE) return readMessage(line, from, end);
    if (kind === KIND_TIMESTAMP && byte >= BYTE.ZERO && byte <= BYTE.NINE) {
      return setTime(line, parseEpoch, from, skipValue(from, end), 0);
    }
    if (byte !== BYTE.QUOTE) return 0;
    const text = from + 1;
    const close = skipString(text, end);
    if (close === 0 || walker.savedByEscapes !== 0) return 0;
    if (kind === KIND_TIMESTAMP) {
      const isDateTime = close - text >= DATE_TIME_BYTES && bytes[text + 4] === BYTE.MINUS;
      return setTime(line, isDateTime ? parseDateTime : parseEpoch, text, close, 1);
    }
    if (close - text > FIELD_BYTES_MAX) return 0;
    const number = line.scanner.numberOf(name.field, text, close - text);
    if (number === undefined) return 0;
    words[line.ids + name.field * line.idsStride] = number;
    return close + 1;
  };

  /** @param closing bytes that stand behind the text. @returns behind those, or 0 */
  const setTime = (line: Line, parse: typeof parseEpoch, from: number, end: number, closing: number): number => {
    if (end === 0) return 0;
    line.timeMs = parse(bytes.toString('latin1', from, end));
    return line.timeMs === NO_TIME ? 0 : end + closing;
  };

  const readMessage = (line: Line, from: number, end: number): number => {
    if (bytes[from] !== BYTE.QUOTE) {
      // A message that is no text is its own JSON.
      const behind = skipValue(from, end);
      line.message = { from, length: behind - from, size: behind - from, form: FORM_TEXT };
      return behind;
    }
    const text = from + 1;
    const close = skipString(text, end);
    if (close === 0) return 0;
    const length = close - text;
    line.message = { from: text, length, size: length - walker.savedByEscapes, form: FORM_JSON };
    return close + 1;
  };

  /** Reads a line's record from its brace on. @returns behind it, or 0 */
  const readRecord = (line: Line, from: number, end: number, wholeRecords: boolean): number => {
    const behind = bytes[from] === BYTE.OPEN_BRACE ? readMembers(line, from + 1, end, false) : 0;
    if (wholeRecords) line.message = { from, length: behind - from, size: behind - from, form: FORM_TEXT };
    return line.message ? behind : 0;
  };

  /** The line that was not taken, without the white space around it. */
  const setLine = (state: number, line: number, end: number): void => {
    const newline = bytes.subarray(line, end).indexOf(BYTE.NEWLINE);
    let lineEnd = newline === -1 ? end : line + newline;
    while (lineEnd > line && isSpace(bytes[lineEnd - 1])) lineEnd--;
    words[(state + SCANNER_LINE_START) / 4] = line;
    words[(state + SCANNER_LINE_END) / 4] = lineEnd;
  };

  return ({ scanner: state, end, wholeRecords, recordsRoom, bytesRoom, fieldCount, ...lines }) => {
    const { starts, lengths, sizes, forms, times, ids, bytes: base } = lines;
    const { chunkBytesMax, chunkRecordsMax, recordOverhead, lineBytesMax } = lines;
    const scanner = scannerAt(state);
    const word = (offset: number) => words[(state + offset) / 4] as number;
    let from = word(SCANNER_FROM);
    let count = word(SCANNER_COUNT);
    let used = word(SCANNER_USED);
    let metered = word(SCANNER_METERED);
    let start = 0;

    /** Takes the next line. @returns why there is none, or undefined */
    const takeLine = (): number | undefined => {
      start = skipSpace(from, end);
      if (start >= end) {
        from = end;
        return ALL_READ;
      }
      if (bytes[start] === BYTE.NEWLINE) {
        from = start + 1;
        return undefined;
      }
      if (count >= recordsRoom) return NO_ROOM;
      const line: Line = {
        scanner,
        seen: new Set(),
        timeMs: Number.NaN,
        message: undefined,
        ids: ids / 4 + count,
        idsStride: recordsRoom,
      };
      for (let field = 0; field < fieldCount; field++) words[line.ids + field * recordsRoom] = 0;
      // No record goes on behind a newline: no string may have one, and between members it is no space here.
      const behind = readRecord(line, start, end, wholeRecords);
      const next = skipSpace(behind === 0 ? start : behind, end);
      const { message } = line;
      if (behind === 0 || !message || (next < end && bytes[next] !== BYTE.NEWLINE) || behind - start > lineBytesMax) {
        return UNUSUAL_LINE;
      }
      const cost = message.size + recordOverhead;
      if (count > 0 && (metered + cost > chunkBytesMax || count >= chunkRecordsMax)) return CHUNK_FULL;
      if (used + message.length > bytesRoom) return NO_ROOM;
      bytes.copyWithin(base + used, message.from, message.from + message.length);
      words[starts / 4 + count] = used;
      words[lengths / 4 + count] = message.length;
      words[sizes / 4 + count] = message.size;
      bytes[forms + count] = message.form;
      doubles[times / 8 + count] = line.timeMs;
      used += message.length;
      metered += cost;
      count++;
      from = Math.min(next + 1, end);
      return undefined;
    };

    let result: number | undefined;
    while (result === undefined) result = takeLine();
    if (result !== ALL_READ) setLine(state, start, end);
    words[(state + SCANNER_FROM) / 4] = from;
    words[(state + SCANNER_COUNT) / 4] = count;
    words[(state + SCANNER_USED) / 4] = used;
    words[(state + SCANNER_METERED) / 4] = metered;
    return result;
  };
}
