/**
 * The text of each value of a JSON object, as it stands in the object's own text; of members of one name the last, as in
 * JSON.parse.
 * @param text one that JSON.parse takes, and makes an object of
 */
export function memberSources(text: string): Map<string, string> {
  const sources = new Map<string, string>();
  let at = skip(text, 0, IS_SPACE) + 1;
  for (;;) {
    at = skip(text, at, IS_BETWEEN);
    if (text.charCodeAt(at) !== QUOTE) return sources;
    const nameEnd = stringEnd(text, at);
    const name: string = JSON.parse(text.slice(at, nameEnd));
    const start = skip(text, nameEnd, IS_BETWEEN);
    at = valueEnd(text, start);
    sources.set(name, text.slice(start, at));
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const characters = (text: string): ReadonlySet<number> => new Set(Array.from(text, (one) => one.charCodeAt(0)));
const IS_SPACE = characters(' \t\r\n');
/** What stands between names and values. */
const IS_BETWEEN = characters(' \t\r\n,:');
/** What ends a number, `true`, `false` or `null`. */
const ENDS_WORD = characters(' \t\r\n,]}');

function skip(text: string, from: number, what: ReadonlySet<number>): number {
  let at = from;
  while (what.has(text.charCodeAt(at))) at++;
  return at;
}

/** @param from where the opening quote is. @returns the place behind the closing one */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  for (; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
  return at + 1;
}

function valueEnd(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return stringEnd(text, from);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return containerEnd(text, from);
  let at = from;
  while (at < text.length && !ENDS_WORD.has(text.charCodeAt(at))) at++;
  return at;
}

function containerEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = stringEnd(text, at) - 1;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) depth++;
    else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
