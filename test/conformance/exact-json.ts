/** JSON as it stands: members in their order, however often a name comes, and numbers as their digits. */
export type ExactJson =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly elements: readonly ExactJson[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: ExactJson])[] };

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const BLANK = /[ \t\r\n]*/y;

/** @throws Error when the text is no JSON */
export function parseExact(text: string): ExactJson {
  // Whoever has written it may have written anything: that it is JSON is said by somebody else.
  JSON.parse(text);
  let at = 0;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found === undefined) throw new Error(`no JSON at ${at}`);
    at += found.length;
    return found;
  };
  const passes = (character: string): boolean => {
    match(BLANK);
    if (text[at] !== character) return false;
    at++;
    return true;
  };
  const string = (): string => JSON.parse(match(STRING));

  const value = (): ExactJson => {
    match(BLANK);
    switch (text[at]) {
      case '{': {
        at++;
        const members: [string, ExactJson][] = [];
        if (passes('}')) return { kind: 'object', members };
        do {
          match(BLANK);
          const name = string();
          passes(':');
          members.push([name, value()]);
        } while (passes(','));
        passes('}');
        return { kind: 'object', members };
      }
      case '[': {
        at++;
        const elements: ExactJson[] = [];
        if (passes(']')) return { kind: 'array', elements };
        do elements.push(value());
        while (passes(','));
        passes(']');
        return { kind: 'array', elements };
      }
      case '"':
        return { kind: 'string', value: string() };
      case 't':
        at += 4;
        return { kind: 'boolean', value: true };
      case 'f':
        at += 5;
        return { kind: 'boolean', value: false };
      case 'n':
        at += 4;
        return { kind: 'null' };
      default:
        return { kind: 'number', digits: match(NUMBER) };
    }
  };

  return value();
}
