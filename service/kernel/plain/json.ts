import { DEPTH_MAX } from '../layout.ts';

const [TAB, NEWLINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20] as const;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a] as const;
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d] as const;
const [PLUS, MINUS, POINT, ZERO, NINE, LOWER_U] = [0x2b, 0x2d, 0x2e, 0x30, 0x39, 0x75] as const;
export const BYTE = { NEWLINE, QUOTE, COMMA, COLON, OPEN_BRACE, CLOSE_BRACE, MINUS, ZERO, NINE } as const;

const SHORT_ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word));
const LOWER_E = 0x65;
/** Makes an ASCII letter lower case. */
const LOWER = 0x20;

/** Walks JSON text without building anything: assembly/json.ts. Every function gives 0 for what it does not accept. */
export interface JsonWalker {
  /** Bytes by which the last string is shorter once unescaped. */
  readonly savedByEscapes: number;
  skipSpace(from: number, end: number): number;
  /** @param from behind the opening quote. @returns where the closing quote is */
  skipString(from: number, end: number): number;
  /** @returns behind the value that begins at `from` */
  skipValue(from: number, end: number, depth?: number): number;
}

export const isSpace = (byte: number | undefined): boolean => byte === SPACE || byte === TAB || byte === RETURN;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

export function createJsonWalker(bytes: Buffer): JsonWalker {
  let savedByEscapes = 0;

  const skipSpace = (from: number, end: number): number => {
    let at = from;
    while (at < end && isSpace(bytes[at])) at++;
    return at;
  };

  /** The UTF-16 unit of `\uXXXX`, or -1. */
  const unitAt = (at: number, end: number): number => {
    if (at + 6 > end || bytes[at] !== BACKSLASH || bytes[at + 1] !== LOWER_U) return -1;
    const digits = bytes.toString('latin1', at + 2, at + 6);
    return /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
  };

  /** @param at of the backslash. @returns behind the escape; one of a surrogate has both halves */
  const skipEscape = (at: number, end: number): number => {
    if (at + 1 < end && SHORT_ESCAPES.has(bytes[at + 1] as number)) {
      savedByEscapes++;
      return at + 2;
    }
    const unit = unitAt(at, end);
    if (unit < 0) return 0;
    if (unit < 0xd800 || unit > 0xdfff) {
      savedByEscapes += unit < 0x80 ? 5 : unit < 0x800 ? 4 : 3;
      return at + 6;
    }
    const low = unitAt(at + 6, end);
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) return 0;
    // Twelve bytes of two escapes become four.
    savedByEscapes += 8;
    return at + 12;
  };

  const skipString = (from: number, end: number): number => {
    savedByEscapes = 0;
    for (let at = from; at < end; ) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) return at;
      if (byte < SPACE) return 0;
      at = byte === BACKSLASH ? skipEscape(at, end) : at + 1;
      if (at === 0) return 0;
    }
    return 0;
  };

  const skipDigits = (from: number, end: number): number => {
    let at = from;
    while (at < end && isDigit(bytes[at])) at++;
    return at;
  };

  const skipNumber = (from: number, end: number): number => {
    let at = bytes[from] === MINUS ? from + 1 : from;
    const whole = at;
    at = at < end && bytes[at] === ZERO ? at + 1 : skipDigits(at, end);
    if (at === whole) return 0;
    if (at < end && bytes[at] === POINT) {
      const fraction = at + 1;
      at = skipDigits(fraction, end);
      if (at === fraction) return 0;
    }
    if (at < end && ((bytes[at] as number) | LOWER) === LOWER_E) {
      at++;
      if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
      const exponent = at;
      at = skipDigits(exponent, end);
      if (at === exponent) return 0;
    }
    return at;
  };

  const skipContainer = (from: number, end: number, depth: number): number => {
    if (depth >= DEPTH_MAX) return 0;
    const isObject = bytes[from] === OPEN_BRACE;
    const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET;
    let at = skipSpace(from + 1, end);
    if (at < end && bytes[at] === close) return at + 1;
    for (;;) {
      if (isObject) {
        if (at >= end || bytes[at] !== QUOTE) return 0;
        at = skipString(at + 1, end);
        if (at === 0) return 0;
        at = skipSpace(at + 1, end);
        if (at >= end || bytes[at] !== COLON) return 0;
        at = skipSpace(at + 1, end);
      }
      at = skipValue(at, end, depth + 1);
      if (at === 0) return 0;
      at = skipSpace(at, end);
      if (at >= end) return 0;
      if (bytes[at] === close) return at + 1;
      if (bytes[at] !== COMMA) return 0;
      at = skipSpace(at + 1, end);
    }
  };

  const skipValue = (from: number, end: number, depth = 1): number => {
    if (from >= end) return 0;
    const byte = bytes[from];
    if (byte === QUOTE) {
      const close = skipString(from + 1, end);
      return close === 0 ? 0 : close + 1;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return skipContainer(from, end, depth);
    const literal = LITERALS.find((word) => word[0] === byte);
    if (!literal) return skipNumber(from, end);
    const behind = from + literal.length;
    return behind <= end && bytes.compare(literal, 0, literal.length, from, behind) === 0 ? behind : 0;
  };

  return {
    get savedByEscapes() {
      return savedByEscapes;
    },
    skipSpace,
    skipString,
    skipValue,
  };
}
