/**
 * Walks an object or an array of JSON byte by byte, and knows at each whether it can still become one. What it finds whole, JSON.parse
 * takes, once what is not UTF-8 in its strings is U+FFFD. It can stop behind any byte and go on with the next, so a value may come in
 * pieces and be of any size; what it remembers is a bit for each level of nesting.
 */
export interface JsonScanner {
  /** Begins a value: the next byte is its first. */
  begin(): void;
  /** Begins within an object of the outermost level, behind one of its values. */
  beginBehindMember(): void;
  /** Reads [from, end). @returns where it stopped: behind the value, at the byte that is wrong, behind the door's bracket, or `end` */
  scan(bytes: Uint8Array, from: number, end: number): number;
  /**
   * `whole`: the value ended. `door`: an array begins that is a member of the outermost object, with the name that was asked for.
   * `broken`: the next byte cannot stand here.
   */
  readonly state: 'open' | 'whole' | 'door' | 'broken';
}

/** What may come next. */
const EXPECT = { value: 0, valueOrEnd: 1, name: 2, nameOrEnd: 3, colon: 4, commaOrEnd: 5 } as const;
/** Within a string, a number or a word. */
const IN = {
  string: 6,
  escape: 7,
  hex: 8,
  minus: 9,
  zero: 10,
  digits: 11,
  point: 12,
  fraction: 13,
  exponent: 14,
  exponentSign: 15,
  exponentDigits: 16,
  word: 17,
} as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const [MINUS, PLUS, POINT, ZERO] = [0x2d, 0x2b, 0x2e, 0x30];
const LOWER_E = 0x65;
const LOWER = 0x20;

const tableOf = (characters: string): Uint8Array => {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
};
const SPACES = tableOf(' \t\r\n');
const SHORT_ESCAPES = tableOf('"\\/bfnrt');
const HEX_DIGITS = tableOf('0123456789abcdefABCDEF');
const WORDS: ReadonlyMap<number, string> = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), word]));

/** Longer names open no door. */
const NAME_BYTES_MAX = 64;
const FIRST_LEVELS = 1024;

/** @param door name of the member of the outermost object at whose array the scan stops */
export function createJsonScanner(door?: string): JsonScanner {
  let state: JsonScanner['state'] = 'open';
  let at: number = EXPECT.value;
  let depth = 0;
  /** For each level a bit: an object, or an array. */
  let levels = new Uint8Array(FIRST_LEVELS / 8);
  let isName = false;
  let hexLeft = 0;
  let word = '';
  let wordAt = 0;
  const name = Buffer.alloc(NAME_BYTES_MAX);
  let nameLength = 0;

  const inObject = (): boolean => ((levels[(depth - 1) >> 3] ?? 0) & (1 << ((depth - 1) & 7))) !== 0;

  const open = (isObject: boolean): void => {
    if (depth >> 3 >= levels.length) {
      const larger = new Uint8Array(levels.length * 2);
      larger.set(levels);
      levels = larger;
    }
    const bit = 1 << (depth & 7);
    levels[depth >> 3] = isObject ? (levels[depth >> 3] ?? 0) | bit : (levels[depth >> 3] ?? 0) & ~bit;
    depth++;
    at = isObject ? EXPECT.nameOrEnd : EXPECT.valueOrEnd;
  };

  const close = (): void => {
    depth--;
    at = EXPECT.commaOrEnd;
    if (depth === 0) state = 'whole';
  };

  const beginValue = (byte: number): void => {
    if (byte === QUOTE) {
      isName = false;
      at = IN.string;
    } else if (byte === OPEN_BRACE) open(true);
    else if (byte === OPEN_BRACKET) {
      const isDoor = door !== undefined && depth === 1 && inObject() && name.toString('latin1', 0, nameLength) === door;
      open(false);
      if (isDoor) state = 'door';
    } else if (byte === MINUS) at = IN.minus;
    else if (byte === ZERO) at = IN.zero;
    else if (byte > ZERO && byte <= 0x39) at = IN.digits;
    else {
      word = WORDS.get(byte) ?? '';
      wordAt = 1;
      if (word === '') state = 'broken';
      else at = IN.word;
    }
  };

  const beginName = (byte: number): void => {
    if (byte !== QUOTE) {
      state = 'broken';
      return;
    }
    isName = true;
    nameLength = 0;
    at = IN.string;
  };

  const behindValue = (byte: number): void => {
    const isObject = inObject();
    if (byte === COMMA) at = isObject ? EXPECT.name : EXPECT.value;
    else if (byte === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) close();
    else state = 'broken';
  };

  /** Goes through the characters of a string that are nothing special. @returns the first that is, or `end` */
  const scanString = (bytes: Uint8Array, from: number, end: number): number => {
    let to = from;
    while (to < end) {
      const byte = bytes[to] as number;
      if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
      to++;
    }
    if (isName && depth === 1) {
      // One that is too long must not be taken for its beginning.
      for (let i = from; i < to; i++) {
        if (nameLength < NAME_BYTES_MAX) name[nameLength] = bytes[i] as number;
        nameLength++;
      }
    }
    return to;
  };

  const inString = (byte: number): void => {
    if (byte === QUOTE) at = isName ? EXPECT.colon : EXPECT.commaOrEnd;
    else if (byte === BACKSLASH) {
      at = IN.escape;
      // Of a name that is written with escapes no door is asked.
      nameLength = NAME_BYTES_MAX + 1;
    } else state = 'broken';
  };

  const inEscape = (byte: number): void => {
    if (byte === 0x75) {
      at = IN.hex;
      hexLeft = 4;
    } else if (SHORT_ESCAPES[byte] === 1) at = IN.string;
    else state = 'broken';
  };

  const inHex = (byte: number): void => {
    if (HEX_DIGITS[byte] !== 1) state = 'broken';
    else if (--hexLeft === 0) at = IN.string;
  };

  const inWord = (byte: number): void => {
    if (word.charCodeAt(wordAt) !== byte) state = 'broken';
    else if (++wordAt === word.length) at = EXPECT.commaOrEnd;
  };

  /** @returns whether the byte belongs to the number; what ends it is looked at again */
  const inNumber = (byte: number): boolean => {
    const isDigit = byte >= ZERO && byte <= 0x39;
    const isExponent = (byte | LOWER) === LOWER_E;
    switch (at) {
      case IN.minus:
        at = byte === ZERO ? IN.zero : IN.digits;
        if (!isDigit) state = 'broken';
        return true;
      case IN.zero:
      case IN.digits:
        if (at === IN.digits && isDigit) return true;
        if (byte === POINT) at = IN.point;
        else if (isExponent) at = IN.exponent;
        else break;
        return true;
      case IN.point:
        at = IN.fraction;
        if (!isDigit) state = 'broken';
        return true;
      case IN.fraction:
        if (isDigit) return true;
        if (!isExponent) break;
        at = IN.exponent;
        return true;
      case IN.exponent:
        at = byte === PLUS || byte === MINUS ? IN.exponentSign : IN.exponentDigits;
        if (at === IN.exponentDigits && !isDigit) state = 'broken';
        return true;
      case IN.exponentSign:
        at = IN.exponentDigits;
        if (!isDigit) state = 'broken';
        return true;
      default:
        if (isDigit) return true;
    }
    at = EXPECT.commaOrEnd;
    return false;
  };

  const outside = (byte: number): void => {
    switch (at) {
      case EXPECT.valueOrEnd:
        if (byte === CLOSE_BRACKET) close();
        else beginValue(byte);
        return;
      case EXPECT.value:
        beginValue(byte);
        return;
      case EXPECT.nameOrEnd:
        if (byte === CLOSE_BRACE) close();
        else beginName(byte);
        return;
      case EXPECT.name:
        beginName(byte);
        return;
      case EXPECT.colon:
        if (byte === COLON) at = EXPECT.value;
        else state = 'broken';
        return;
      default:
        behindValue(byte);
    }
  };

  return {
    get state() {
      return state;
    },
    begin() {
      state = 'open';
      depth = 0;
      at = EXPECT.value;
    },
    beginBehindMember() {
      state = 'open';
      depth = 0;
      open(true);
      at = EXPECT.commaOrEnd;
    },
    scan(bytes, from, end) {
      state = 'open';
      for (let i = from; i < end; i++) {
        if (at === IN.string) {
          i = scanString(bytes, i, end);
          if (i === end) return end;
          inString(bytes[i] as number);
        } else {
          const byte = bytes[i] as number;
          if (at === IN.escape) inEscape(byte);
          else if (at === IN.hex) inHex(byte);
          else if (at === IN.word) inWord(byte);
          else if (at < IN.string) {
            if (SPACES[byte] === 0) outside(byte);
          } else if (!inNumber(byte) && SPACES[byte] === 0) outside(byte);
        }
        if (state !== 'open') return state === 'broken' ? i : i + 1;
      }
      return end;
    },
  };
}
