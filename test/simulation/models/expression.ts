import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/**
 * Expressions of DynamoDB, as far as the service writes them: SET with values and `if_not_exists`, ADD of numbers and sets, REMOVE;
 * conditions of comparisons and `attribute_exists`, `attribute_not_exists`, with AND, OR, NOT and parentheses. Nested attributes in
 * comparisons only.
 * @throws Error at what is not known: a model that guesses would flatter
 */
export interface Names {
  readonly names: Readonly<Record<string, string>> | undefined;
  readonly values: Readonly<Record<string, AttributeValue>> | undefined;
}

export type Item = Readonly<Record<string, AttributeValue>>;

const TOKEN = /\s*(<>|<=|>=|[=<>(),+-]|[#:]?\w+(?:\.#?\w+)*)/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match?.[1]) throw new Error(`the model does not understand: ${text}`);
    tokens.push(match[1]);
  }
  return tokens;
}

/** @returns the item after the update */
export function updated(item: Item, expression: string, names: Names): Item {
  const read = reader(tokensOf(expression), names);
  const result: Record<string, AttributeValue> = { ...item };
  while (!read.isOver()) {
    const clause = read.take().toUpperCase();
    do {
      const name = read.name();
      switch (clause) {
        case 'SET':
          read.expect('=');
          result[name] = read.operand(item);
          break;
        case 'ADD':
          result[name] = sum(item[name], read.operand(item));
          break;
        case 'REMOVE':
          delete result[name];
          break;
        default:
          throw new Error(`the model does not know the clause ${clause}`);
      }
    } while (read.takeIf(','));
  }
  return result;
}

export function holds(item: Item, condition: string, names: Names): boolean {
  const read = reader(tokensOf(condition), names);
  const any = (): boolean => {
    let result = all();
    while (read.takeIf('OR')) result = all() || result;
    return result;
  };
  const all = (): boolean => {
    let result = one();
    while (read.takeIf('AND')) result = one() && result;
    return result;
  };
  const one = (): boolean => {
    if (read.takeIf('NOT')) return !one();
    if (read.takeIf('(')) {
      const inner = any();
      read.expect(')');
      return inner;
    }
    for (const [name, wanted] of [
      ['attribute_not_exists', false],
      ['attribute_exists', true],
    ] as const) {
      if (!read.takeIf(name)) continue;
      read.expect('(');
      const has = item[read.name()] !== undefined;
      read.expect(')');
      return has === wanted;
    }
    const left = read.maybe(item);
    const sign = read.take();
    return compare(left, sign, read.maybe(item));
  };
  const result = any();
  if (!read.isOver()) throw new Error(`the model does not understand the end of: ${condition}`);
  return result;
}

function reader(tokens: readonly string[], { names, values }: Names) {
  let at = 0;
  const take = () => tokens[at++] ?? '';
  const resolve = (token: string) => {
    if (!token.startsWith('#')) return token;
    const named = names?.[token];
    if (named === undefined) throw new Error(`no name ${token}`);
    return named;
  };
  const name = () => {
    const token = take();
    if (token.includes('.')) throw new Error(`the model does not understand the path ${token}`);
    return resolve(token);
  };
  /** An attribute's value, or that of one in it. */
  const valueAt = (item: Item): AttributeValue | undefined => {
    const [first = '', ...path] = take().split('.').map(resolve);
    return path.reduce((value, key) => value?.M?.[key], item[first]);
  };
  const takeIf = (token: string) => {
    if (tokens[at]?.toUpperCase() !== token.toUpperCase()) return false;
    at++;
    return true;
  };
  const expect = (token: string) => {
    if (!takeIf(token)) throw new Error(`${token} is missing before ${tokens[at]}`);
  };
  /** A value, or an attribute's; undefined: the item has none. */
  const maybe = (item: Item): AttributeValue | undefined => {
    if (takeIf('if_not_exists')) {
      expect('(');
      const before = item[name()];
      expect(',');
      const otherwise = maybe(item);
      expect(')');
      return before ?? otherwise;
    }
    if (!tokens[at]?.startsWith(':')) return valueAt(item);
    const value = values?.[take()];
    if (value === undefined) throw new Error(`no value ${tokens[at - 1]}`);
    return value;
  };
  const operand = (item: Item): AttributeValue => {
    const value = maybe(item);
    if (value === undefined) throw new Error('an attribute that does not exist is no operand');
    return value;
  };
  return { take, takeIf, expect, name, maybe, operand, isOver: () => at >= tokens.length };
}

function compare(left: AttributeValue | undefined, sign: string, right: AttributeValue | undefined): boolean {
  // A comparison with what is not there does not hold, but for <>.
  if (left === undefined || right === undefined) return sign === '<>';
  const [a, b] = [comparable(left), comparable(right)];
  if (typeof a !== typeof b) return sign === '<>';
  switch (sign) {
    case '=':
      return a === b;
    case '<>':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw new Error(`the model does not know the comparison ${sign}`);
  }
}

function comparable(value: AttributeValue): number | string {
  if (value.N !== undefined) return Number(value.N);
  if (value.S !== undefined) return value.S;
  throw new Error(`the model compares numbers and text only: ${JSON.stringify(value)}`);
}

function sum(before: AttributeValue | undefined, more: AttributeValue): AttributeValue {
  if (more.SS) return { SS: [...new Set([...(before?.SS ?? []), ...more.SS])] };
  if (more.N !== undefined) return { N: String(Number(before?.N ?? 0) + Number(more.N)) };
  throw new Error(`the model adds numbers and sets of text only: ${JSON.stringify(more)}`);
}
