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
  NO_ROOM,
  SCAN_LINES_BYTES,
  SCAN_LINES_BYTES_ROOM,
  SCAN_LINES_CHUNK_BYTES_MAX,
  SCAN_LINES_CHUNK_RECORDS_MAX,
  SCAN_LINES_END,
  SCAN_LINES_FIELD_COUNT,
  SCAN_LINES_FORMS,
  SCAN_LINES_IDS,
  SCAN_LINES_LENGTHS,
  SCAN_LINES_LINE_BYTES_MAX,
  SCAN_LINES_RECORD_OVERHEAD,
  SCAN_LINES_RECORDS_ROOM,
  SCAN_LINES_SCANNER,
  SCAN_LINES_SIZES,
  SCAN_LINES_STARTS,
  SCAN_LINES_TIMES,
  SCAN_LINES_WHOLE_RECORDS,
  SCANNER_COUNT,
  SCANNER_FROM,
  SCANNER_LINE_END,
  SCANNER_LINE_START,
  SCANNER_METERED,
  SCANNER_USED,
  UNUSUAL_LINE,
} from '../layout';
import { NO_ROOM_FOR_VALUE, numberOf } from './intern';
import { savedByEscapes, skipSpace, skipString, skipValue } from './json';
import { findName, INSIDE, meaningOf, scanner, TOP_LEVEL, useScanner } from './scanner';
import { NO_TIME, parseDateTime, parseEpoch } from './time';

/**
 * Reads records from lines of JSON: finds the wanted members in the bytes, copies the message as it stands (text is a JSON string
 * already, anything else is its own JSON), and leaves every line that is unusual in any way to its caller. What is accepted here is read exactly as JSON.parse
 * would.
 */

// Of the line at hand: the names that were met, and what their values are.
let seen: u32 = 0;
let time: f64 = NaN;
let messageAt: usize = 0;
let messageLength: u32 = 0;
let messageSize: u32 = 0;
let messageForm: u32 = 0;
/** Where the numbers of its fields go, and how far apart those of two fields are. */
let ids: usize = 0;
let idsStride: usize = 0;

/** Reads the members of an object from behind its brace. @returns the byte behind its closing brace, or 0 */
function readMembers(from: usize, end: usize, level: usize): usize {
  let at = skipSpace(from, end);
  if (at < end && load<u8>(at) === 0x7d) return at + 1;
  while (true) {
    at = readMember(at, end, level);
    if (at === 0) return 0;
    at = skipSpace(at, end);
    if (at >= end) return 0;
    const byte = <u32>load<u8>(at);
    if (byte === 0x7d) return at + 1;
    if (byte !== 0x2c) return 0;
    at = skipSpace(at + 1, end);
  }
}

/** @returns the byte behind the member's value, or 0 */
function readMember(from: usize, end: usize, level: usize): usize {
  if (from >= end || load<u8>(from) !== 0x22) return 0;
  const key = from + 1;
  const close = skipString(key, end);
  // A name that is written with escapes may be any name.
  if (close === 0 || savedByEscapes !== 0) return 0;
  const name = findName(key, <u32>(close - key), level);
  let at = skipSpace(close + 1, end);
  if (at >= end || load<u8>(at) !== 0x3a) return 0;
  at = skipSpace(at + 1, end);
  return name >= 0 ? readValue(name, at, end) : skipValue(at, end, 1);
}

/** Reads the value of a wanted member. @returns the byte behind it, or 0 */
function readValue(name: u32, from: usize, end: usize): usize {
  // Of two members of one name JSON.parse takes the last.
  const bit: u32 = 1 << name;
  if ((seen & bit) !== 0 || from >= end) return 0;
  seen |= bit;
  const meaning = meaningOf(name);
  const kind = meaning & 0xff;
  const byte = <u32>load<u8>(from);
  if (kind === KIND_KUBERNETES) {
    return byte === 0x7b ? readMembers(from + 1, end, INSIDE) : skipValue(from, end, 1);
  }
  // null is as good as absent.
  if (byte === 0x6e) return skipValue(from, end, 1);
  if (kind === KIND_TIMESTAMP && byte - 0x30 <= 9) {
    const behind = skipValue(from, end, 1);
    if (behind === 0) return 0;
    time = parseEpoch(from, behind);
    return time === NO_TIME ? 0 : behind;
  }
  if (kind === KIND_MESSAGE && byte !== 0x22) {
    // A message that is no text is its own JSON.
    const behind = skipValue(from, end, 1);
    messageAt = from;
    messageLength = <u32>(behind - from);
    messageSize = messageLength;
    messageForm = FORM_TEXT;
    return behind;
  }
  if (byte !== 0x22) return 0;
  const text = from + 1;
  const close = skipString(text, end);
  if (close === 0) return 0;
  const length = <u32>(close - text);
  if (kind === KIND_MESSAGE) {
    messageAt = text;
    messageLength = length;
    messageSize = length - savedByEscapes;
    messageForm = FORM_JSON;
    return close + 1;
  }
  if (savedByEscapes !== 0) return 0;
  if (kind === KIND_TIMESTAMP) {
    time =
      length >= <u32>DATE_TIME_BYTES && load<u8>(text + 4) === 0x2d
        ? parseDateTime(text, close)
        : parseEpoch(text, close);
    return time === NO_TIME ? 0 : close + 1;
  }
  if (length > FIELD_BYTES_MAX) return 0;
  const field = (meaning >> 8) & 0xff;
  const number = numberOf(field, text, length);
  if (number === NO_ROOM_FOR_VALUE) return 0;
  store<u32>(ids + <usize>field * idsStride, number);
  return close + 1;
}

/** Reads a line's record from its brace on. @returns the byte behind it, or 0 */
function readRecord(from: usize, end: usize, wholeRecords: bool): usize {
  seen = 0;
  time = NaN;
  messageAt = 0;
  const behind = readMembers(from + 1, end, TOP_LEVEL);
  if (!wholeRecords) return messageAt === 0 ? 0 : behind;
  messageAt = from;
  messageLength = <u32>(behind - from);
  messageSize = messageLength;
  messageForm = FORM_TEXT;
  return behind;
}

/**
 * Reads lines from FROM of the scanner on. The arguments are those of layout.ts. COUNT, USED and METERED of the scanner go on from
 * where they are.
 * @returns why it ended; LINE_START and LINE_END then hold the line that was not taken, and FROM is before it
 */
export function scanLines(): i32 {
  useScanner(load<usize>(SCAN_LINES_SCANNER));
  const end = load<usize>(SCAN_LINES_END);
  const wholeRecords = load<u32>(SCAN_LINES_WHOLE_RECORDS) !== 0;
  const starts = load<usize>(SCAN_LINES_STARTS);
  const lengths = load<usize>(SCAN_LINES_LENGTHS);
  const sizes = load<usize>(SCAN_LINES_SIZES);
  const forms = load<usize>(SCAN_LINES_FORMS);
  const times = load<usize>(SCAN_LINES_TIMES);
  const idsAt = load<usize>(SCAN_LINES_IDS);
  const recordsRoom = load<u32>(SCAN_LINES_RECORDS_ROOM);
  const base = load<usize>(SCAN_LINES_BYTES);
  const bytesRoom = load<u32>(SCAN_LINES_BYTES_ROOM);
  const fieldCount = load<usize>(SCAN_LINES_FIELD_COUNT);
  const bytesMax = load<u32>(SCAN_LINES_CHUNK_BYTES_MAX);
  const recordsMax = load<u32>(SCAN_LINES_CHUNK_RECORDS_MAX);
  const recordOverhead = load<u32>(SCAN_LINES_RECORD_OVERHEAD);
  const lineBytesMax = load<u32>(SCAN_LINES_LINE_BYTES_MAX);
  let from = <usize>load<u32>(scanner + SCANNER_FROM);
  let count = load<u32>(scanner + SCANNER_COUNT);
  let used = load<u32>(scanner + SCANNER_USED);
  let metered = load<u32>(scanner + SCANNER_METERED);
  idsStride = (<usize>recordsRoom) << 2;
  let result = ALL_READ;
  let line: usize = 0;
  while (true) {
    line = skipSpace(from, end);
    if (line >= end) {
      from = end;
      break;
    }
    if (load<u8>(line) === 0x0a) {
      from = line + 1;
      continue;
    }
    if (count >= recordsRoom) {
      result = NO_ROOM;
      break;
    }
    ids = idsAt + ((<usize>count) << 2);
    for (let field: usize = 0; field < fieldCount; field++) store<u32>(ids + field * idsStride, 0);
    // No record goes on behind a newline: no string may have one, and between members it is no space here.
    const behind = load<u8>(line) === 0x7b ? readRecord(line, end, wholeRecords) : 0;
    const next = skipSpace(behind === 0 ? line : behind, end);
    if (behind === 0 || (next < end && load<u8>(next) !== 0x0a) || <u32>(behind - line) > lineBytesMax) {
      result = UNUSUAL_LINE;
      break;
    }
    const cost = messageSize + recordOverhead;
    if (count > 0 && (metered + cost > bytesMax || count >= recordsMax)) {
      result = CHUNK_FULL;
      break;
    }
    if (used + messageLength > bytesRoom) {
      result = NO_ROOM;
      break;
    }
    copyMessage(base + used);
    const slot = (<usize>count) << 2;
    store<u32>(starts + slot, used);
    store<u32>(lengths + slot, messageLength);
    store<u32>(sizes + slot, messageSize);
    store<u8>(forms + count, messageForm);
    store<f64>(times + (slot << 1), time);
    used += messageLength;
    metered += cost;
    count++;
    from = min(next + 1, end);
  }
  if (result !== ALL_READ) setLine(line, end);
  store<u32>(scanner + SCANNER_FROM, <u32>from);
  store<u32>(scanner + SCANNER_COUNT, count);
  store<u32>(scanner + SCANNER_USED, used);
  store<u32>(scanner + SCANNER_METERED, metered);
  return result;
}

/** The line that was not taken, without the white space around it. */
function setLine(line: usize, end: usize): void {
  let lineEnd = findNewline(line, end);
  while (lineEnd > line && isSpace(load<u8>(lineEnd - 1))) lineEnd--;
  store<u32>(scanner + SCANNER_LINE_START, <u32>line);
  store<u32>(scanner + SCANNER_LINE_END, <u32>lineEnd);
}

function copyMessage(to: usize): void {
  // A call of memory.copy costs more than a few vectors.
  if (messageLength > 512) memory.copy(to, messageAt, messageLength);
  else for (let i: usize = 0; i < <usize>messageLength; i += 16) v128.store(to + i, v128.load(messageAt + i));
}

function isSpace(byte: u32): bool {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

/** The first newline in [from, end), or `end`. */
function findNewline(from: usize, end: usize): usize {
  let at = from;
  const newline = i8x16.splat(0x0a);
  for (; at + 16 <= end; at += 16) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), newline));
    if (mask !== 0) return at + ctz(mask);
  }
  while (at < end && load<u8>(at) !== 0x0a) at++;
  return at;
}
