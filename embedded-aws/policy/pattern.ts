/**
 * Patterns of policy documents: `*` and `?`, and variables like `${aws:PrincipalTag/tenant_id}`. What a variable stands
 * for is literal text, so a tag of value `*` opens nothing (IAM user guide, "Policy variables").
 */
type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | undefined };

export type Pattern = readonly Part[];

/** The values of a condition key in a request; undefined where the request has no such key. Names are lower case. */
export type Lookup = (key: string) => readonly string[] | undefined;

const VARIABLE = /\$\{([^}]*)\}/y;

/** @param variables false in documents of version 2008-10-17, where `${...}` is plain text */
export function compilePattern(source: string, variables: boolean): Pattern {
  const parts: Part[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (let at = 0; at < source.length; at++) {
    const char = source.charAt(at);
    VARIABLE.lastIndex = at;
    const name = char === '$' && variables ? VARIABLE.exec(source)?.[1] : undefined;
    if (name !== undefined) {
      at = VARIABLE.lastIndex - 1;
      // ${*}, ${?} and ${$} are the characters themselves.
      if (name === '*' || name === '?' || name === '$') text += name;
      else {
        flush();
        parts.push(variable(name));
      }
    } else if (char === '*' || char === '?') {
      flush();
      parts.push({ kind: char === '*' ? 'any' : 'one' });
    } else text += char;
  }
  flush();
  return parts;
}

/** `key` or `key, 'default'`. */
function variable(body: string): Part {
  const [, name = body, fallback] = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?$/.exec(body) ?? [];
  return { kind: 'variable', name: name.toLowerCase(), fallback };
}

/**
 * Whether the pattern covers the whole text.
 * A variable that the request does not define, or defines with several values, makes the pattern cover nothing.
 */
export function matches(pattern: Pattern, text: string, lookup: Lookup, ignoreCase = false): boolean {
  const tokens = tokensOf(pattern, lookup);
  if (tokens === undefined) return false;
  return ignoreCase ? glob(tokens.map(lowerToken), text.toLowerCase()) : glob(tokens, text);
}

/** The text that a pattern without wildcards stands for, wildcards taken as characters; undefined if a variable is. */
export function literal(pattern: Pattern, lookup: Lookup): string | undefined {
  return tokensOf(pattern, lookup)
    ?.map((token) => (token === ANY ? '*' : token === ONE ? '?' : token))
    .join('');
}

/** The pattern's source with its variables filled in, what they stand for escaped; undefined if a variable is. */
export function escaped(pattern: Pattern, lookup: Lookup): string | undefined {
  return tokensOf(pattern, lookup)
    ?.map((token) => (token === ANY ? '*' : token === ONE ? '?' : token.replace(/[*?$]/g, (char) => `$\{${char}}`)))
    .join('');
}

const ANY = Symbol('any');
const ONE = Symbol('one');
type Token = string | typeof ANY | typeof ONE;

function tokensOf(pattern: Pattern, lookup: Lookup): Token[] | undefined {
  const tokens: Token[] = [];
  for (const part of pattern) {
    if (part.kind === 'text') tokens.push(part.text);
    else if (part.kind === 'any') tokens.push(ANY);
    else if (part.kind === 'one') tokens.push(ONE);
    else {
      const values = lookup(part.name);
      const value = values?.length === 1 ? values[0] : values === undefined ? part.fallback : undefined;
      if (value === undefined) return undefined;
      tokens.push(value);
    }
  }
  return tokens;
}

function lowerToken(token: Token): Token {
  return typeof token === 'string' ? token.toLowerCase() : token;
}

/** The usual matcher with one point of return: on a mismatch, the last `*` takes one character more. Never exponential. */
function glob(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  for (;;) {
    const current = tokens[token];
    if (current === ANY) {
      starToken = token++;
      starAt = at;
      continue;
    }
    if (current === undefined && at === text.length) return true;
    const length =
      current === ONE ? 1 : typeof current === 'string' && text.startsWith(current, at) ? current.length : -1;
    if (current !== undefined && length >= 0 && at + length <= text.length) {
      token++;
      at += length;
      continue;
    }
    if (starToken < 0 || starAt >= text.length) return false;
    token = starToken + 1;
    at = ++starAt;
  }
}
