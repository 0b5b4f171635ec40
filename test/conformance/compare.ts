import { type ExactJson, parseExact } from './exact-json.ts';

/**
 * Compares whole records with what pyarrow says of the same rows (pyarrow_values.py), value by value: numbers by all of their digits, times
 * by their nanoseconds, floats by what they are when they are rounded to their width.
 * @param expected the members of a row, as pairs
 * @returns where the two differ first, and how; undefined where they say the same
 */
export function differenceOf(record: string, expected: string): string | undefined {
  return members(parseExact(record), parseExact(expected), '');
}

function members(actual: ExactJson, expected: ExactJson, path: string): string | undefined {
  if (actual.kind !== 'object' || expected.kind !== 'array') return differs(actual, expected, path);
  // What cannot be shown stands there as null, and is counted by itself.
  const unshown = new Set(actual.members.flatMap(([name, value]) => (value.kind === 'null' ? [name] : [])));
  const shown = actual.members.filter(([name]) => !unshown.has(name));
  const pairs = expected.elements.map(pairOf).filter(([name]) => !unshown.has(name));
  for (let at = 0; at < Math.max(shown.length, pairs.length); at++) {
    const [name, value] = shown[at] ?? [];
    const [wanted, tagged] = pairs[at] ?? [];
    if (name === undefined || value === undefined || name !== wanted || tagged === undefined) {
      return `${path}: the member ${name} where ${wanted} belongs`;
    }
    const difference = compare(value, tagged, `${path}.${name}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function pairOf(pair: ExactJson): readonly [name: string, value: ExactJson] {
  const [name, value] = pair.kind === 'array' ? pair.elements : [];
  if (name?.kind !== 'string' || !value) throw new Error('not a member');
  return [name.value, value];
}

function compare(actual: ExactJson, expected: ExactJson, path: string): string | undefined {
  switch (expected.kind) {
    case 'object': {
      const [[tag, value] = ['', expected]] = expected.members;
      return compareTagged(actual, tag, value, path);
    }
    case 'array': {
      if (actual.kind !== 'array' || actual.elements.length !== expected.elements.length) {
        return differs(actual, expected, path);
      }
      return firstOf(expected.elements, (element, at) =>
        compare(actual.elements[at] ?? { kind: 'null' }, element, `${path}[${at}]`),
      );
    }
    default:
      return same(actual, expected) ? undefined : differs(actual, expected, path);
  }
}

function compareTagged(actual: ExactJson, tag: string, expected: ExactJson, path: string): string | undefined {
  if (tag === 'group') return members(actual, expected, path);
  // Not told by Arrow; the golden files have some.
  if (tag === 'variant') return undefined;
  if (tag === 'map') return compareMap(actual, expected, path);
  const text = expected.kind === 'string' ? expected.value : expected.kind === 'number' ? expected.digits : '';
  return isSame(actual, tag, text) ? undefined : differs(actual, expected, `${path} (${tag})`);
}

function compareMap(actual: ExactJson, expected: ExactJson, path: string): string | undefined {
  if (actual.kind !== 'object' || expected.kind !== 'array' || actual.members.length !== expected.elements.length) {
    return differs(actual, expected, path);
  }
  return firstOf(expected.elements, (pair, at) => {
    const [key, value] = pair.kind === 'array' ? pair.elements : [];
    const [name, item] = actual.members[at] ?? [];
    if (!key || !value || name === undefined || !item) return differs(actual, expected, path);
    // A key that is no text is its JSON, as a text.
    const named: ExactJson =
      key.kind === 'string' || isTaggedText(key) ? { kind: 'string', value: name } : parseExact(name);
    return compare(named, key, `${path}{${at}}`) ?? compare(item, value, `${path}.${name}`);
  });
}

function isTaggedText(key: ExactJson): boolean {
  const [[tag] = ['']] = key.kind === 'object' ? key.members : [];
  return ['days', 'nanos', 'clock', 'fixed', 'bytes'].includes(tag);
}

function isSame(actual: ExactJson, tag: string, expected: string): boolean {
  const text = actual.kind === 'string' ? actual.value : '';
  switch (tag) {
    case 'f16':
      return floatOf(actual, Math.f16round) === floatText(expected);
    case 'f32':
      return floatOf(actual, Math.fround) === floatText(expected);
    case 'f64':
      return floatOf(actual, (value) => value) === floatText(expected);
    case 'decimal':
      return actual.kind === 'number' && actual.digits === expected;
    case 'days':
      return nanosOf(`${text}T00:00:00.000Z`) === BigInt(expected) * DAY_NANOS;
    case 'clock':
      return nanosOf(`1970-01-01T${text}Z`) === BigInt(expected);
    case 'nanos':
      return wrapped(nanosOf(text)).includes(BigInt(expected));
    case 'bytes':
      return text === expected || (actual.kind === 'string' && Buffer.from(text).toString('base64') === expected);
    case 'fixed':
      return (
        actual.kind === 'string' && [text, uuidBytes(text), intervalBytes(text), textBytes(text)].includes(expected)
      );
    case 'json':
      return same(actual, jsonOf(expected));
    default:
      throw new Error(`a value of the kind ${tag}`);
  }
}

/** Rounded to its width; NaN and the infinities by their names. */
function floatOf(actual: ExactJson, round: (value: number) => number): string | undefined {
  if (actual.kind === 'number' && !Number.isFinite(Number(actual.digits))) return undefined;
  if (actual.kind === 'number') return floatText(String(round(Number(actual.digits))), actual.digits.startsWith('-'));
  return actual.kind === 'string' ? actual.value : undefined;
}

/** Python writes `inf` and `-0.0`. */
function floatText(text: string, isNegative = text.startsWith('-')): string {
  const value = Number(text.replace('inf', 'Infinity'));
  return value === 0 ? (isNegative ? '-0' : '0') : String(value);
}

const DAY_NANOS = 86_400_000_000_000n;

/** Arrow's nanoseconds have 64 bits, which those of INT96 do not always fit; and it takes the 32 bits of INT96's day for positive. */
function wrapped(nanos: bigint | undefined): bigint[] {
  if (nanos === undefined) return [];
  return [nanos, BigInt.asIntN(64, nanos), BigInt.asIntN(64, nanos + 2n ** 32n * DAY_NANOS)];
}
const MILLI_NANOS = 1_000_000n;

/** Of a time of RFC 3339 with up to nine digits; undefined for a text that is none. */
function nanosOf(text: string): bigint | undefined {
  const [, behind = ''] = /\.\d{3}(\d*)Z$/.exec(text) ?? [];
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * MILLI_NANOS + BigInt(behind.padEnd(6, '0'));
}

function uuidBytes(text: string): string {
  return Buffer.from(text.replaceAll('-', ''), 'hex').toString('base64');
}

function textBytes(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The twelve bytes of an interval that stands as ISO 8601: months, days, milliseconds. */
function intervalBytes(text: string): string {
  const [, months = '0', days = '0', seconds = '0'] = /^P(?:(\d+)M)?(?:(\d+)D)?(?:T([\d.]+)S)?$/.exec(text) ?? [];
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(Number(months), 0);
  bytes.writeUInt32LE(Number(days), 4);
  bytes.writeUInt32LE(Math.round(Number(seconds) * 1_000), 8);
  return bytes.toString('base64');
}

/** What is no JSON is a text. */
function jsonOf(text: string): ExactJson {
  try {
    return parseExact(text);
  } catch {
    return { kind: 'string', value: text };
  }
}

function same(a: ExactJson, b: ExactJson): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function firstOf<T, R>(items: readonly T[], find: (item: T, at: number) => R | undefined): R | undefined {
  for (const [at, item] of items.entries()) {
    const found = find(item, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

const SHOWN_LENGTH = 200;

function differs(actual: ExactJson, expected: ExactJson, path: string): string {
  const show = (json: ExactJson) => JSON.stringify(json).slice(0, SHOWN_LENGTH);
  return `${path}: ${show(actual)} where pyarrow has ${show(expected)}`;
}
