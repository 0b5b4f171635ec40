import { unmarshall } from '@aws-sdk/util-dynamodb';
import { LineCounter, parseAllDocuments } from 'yaml';
import { type Delivery, DeliveryError } from '../../core/delivery.ts';
import { ATTRIBUTE_NAMES, type DeliveryDefaults, parseDelivery } from '../../destination/parse-delivery.ts';
import { usageError } from '../errors.ts';

/** An item of the tenant table, or one that a file says it should become. */
export type Item = Readonly<Record<string, unknown>>;

/** What an item is, or what is wrong with it. */
export interface Judged {
  readonly item: Item;
  readonly delivery: Delivery | undefined;
  readonly problems: readonly string[];
  /** Attributes that mean nothing to the service. */
  readonly unknown: readonly string[];
}

/** Applies the service's own rulebook. */
export function judge(item: Item, defaults: DeliveryDefaults): Judged {
  const unknown = Object.keys(item).filter((name) => !ATTRIBUTE_NAMES.includes(name));
  try {
    return { item, delivery: parseDelivery(item, defaults), problems: [], unknown };
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    return { item, delivery: undefined, problems: error.problems, unknown };
  }
}

export function nameOf(item: Item): string {
  return `${item.tenant_id ?? '(no tenant_id)'}/${item.type ?? '(no type)'}`;
}

/**
 * The items of a file: YAML (one or more documents, each an item or a list of items), JSON, or NDJSON; also as DynamoDB
 * exports a table, `{"Item":{"tenant_id":{"S":"acme"},…}}` line by line.
 * @throws CommandError with every place where the text is no such thing
 */
export function parseItems(text: string, file: string): Item[] {
  const values = isNdjson(text) ? parseLines(text, file) : parseYaml(text, file);
  const items = values.flat().filter((value) => value !== null && value !== undefined);
  if (items.length === 0) throw usageError(`${file}: contains no tenant`);
  return items.map((value, at) => {
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw usageError(`${file}: entry ${at + 1} is not a map of attributes (got ${JSON.stringify(value)})`);
    }
    return plain(value as Record<string, unknown>);
  });
}

function isNdjson(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 1 && lines.every((line) => line.startsWith('{') && line.trimEnd().endsWith('}'));
}

function parseLines(text: string, file: string): unknown[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line)];
    } catch (cause) {
      throw usageError(`${file}:${at + 1}: is not JSON (${cause instanceof Error ? cause.message : cause})`);
    }
  });
}

function parseYaml(text: string, file: string): unknown[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  const problems = documents.flatMap(({ errors }) =>
    errors.map(({ message, pos: [at] }) => `${file}:${lineCounter.linePos(at).line}: ${message}`),
  );
  if (problems.length > 0) throw usageError(problems.join('\n'));
  return documents.map((document) => document.toJS());
}

/** Without what DynamoDB's own notation wraps around values. */
function plain(value: Record<string, unknown>): Item {
  const inner = isMap(value.Item) ? value.Item : value;
  const typed = Object.values(inner).every(
    (attribute) =>
      isMap(attribute) &&
      Object.keys(attribute).length === 1 &&
      /^(S|N|B|BOOL|NULL|SS|NS|BS|L|M)$/.test(Object.keys(attribute)[0] ?? ''),
  );
  return typed ? unmarshall(inner as Parameters<typeof unmarshall>[0], { wrapNumbers: Number }) : inner;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The item to write: what the file says, and of the item that is there only what means nothing to this service, as that is
 * another system's. Lists stay string sets where they are the same texts.
 */
export function merge(before: Item | undefined, wanted: Item): Item {
  if (!before) return wanted;
  const others = Object.entries(before).filter(([name]) => !ATTRIBUTE_NAMES.includes(name) && !(name in wanted));
  const kept = Object.entries(wanted).map(([name, value]) => [name, same(before[name], value) ? before[name] : value]);
  return { ...Object.fromEntries(others), ...Object.fromEntries(kept) };
}

/** One attribute that changes; `before` or `after` is undefined where the attribute is not there. */
export interface Change {
  readonly attribute: string;
  readonly before: unknown;
  readonly after: unknown;
}

export function changesOf(before: Item | undefined, after: Item): Change[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])];
  return names
    .map((attribute) => ({ attribute, before: before?.[attribute], after: after[attribute] }))
    .filter((change) => !same(change.before, change.after));
}

function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Sets have no order; a list of the same texts says the same to the service. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part) => {
    if (part instanceof Set) return [...part].sort();
    if (Array.isArray(part) && part.every((one) => typeof one === 'string')) return [...part].sort();
    return isMap(part) ? Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1))) : part;
  });
}

/** Attributes that are shown by their end only, if they are long: enough to compare them, too little to use them. */
const SECRET: ReadonlySet<string> = new Set(['external_id']);
const SHOWN_CHARACTERS = 4;
const LONG_CHARACTERS = 12;

export function shownValue(attribute: string, value: unknown): string {
  if (value === undefined) return '(not set)';
  if (SECRET.has(attribute)) {
    const text = typeof value === 'string' && value.length >= LONG_CHARACTERS ? value : undefined;
    return text === undefined ? '(hidden)' : `(hidden, ends with ${text.slice(-SHOWN_CHARACTERS)})`;
  }
  return JSON.stringify(value, (_, part) => (part instanceof Set ? [...part].sort() : part));
}
