import { KUBERNETES_FIELDS, type RecordField, TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../core/chunk.ts';
import { parseTimestamp } from '../../core/timestamp.ts';

/**
 * Longest value of a field that is kept, in UTF-16 units. Fields name destinations and are compared with configured
 * names; what is longer than this is neither, and must not fill the memory.
 */
const FIELD_LENGTH_MAX = 2_048;

/**
 * No log nests its message so deep. What it takes to write it down as JSON grows with the square of the depth: half a minute for
 * a line of the longest kind.
 */
const DEPTH_MAX = 1_000;

/** A JSON object as a log record. */
export interface JsonRecord {
  readonly timestampMs: number;
  /** null: the record has no message. */
  readonly message: string | null;
  field(name: RecordField): string;
}

/** @throws Error with the reason, when the text is no JSON object */
export function parseRecord(text: string): JsonRecord {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error(`a JSON ${Array.isArray(value) ? 'array' : typeof value}, not an object`);
  const kubernetes = isObject(value.kubernetes) ? value.kubernetes : {};
  return {
    timestampMs: timestampOf(value.timestamp, text),
    message: messageOf(value.message),
    field: (name) => fieldText((KUBERNETES_FIELDS.has(name) ? kubernetes : value)[name]),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return null;
  if (isDeep(value)) throw new Error(`the message is nested more than ${DEPTH_MAX} deep`);
  return JSON.stringify(value);
}

function isDeep(value: unknown): boolean {
  let level = [value].filter(hasMembers);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === DEPTH_MAX) return true;
    level = level.flatMap((members) => Object.values(members)).filter(hasMembers);
  }
  return false;
}

function hasMembers(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A field's value as text; what is no text, number or boolean names nothing. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') {
    return (value.length <= FIELD_LENGTH_MAX ? value : value.slice(0, FIELD_LENGTH_MAX)).toWellFormed();
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function timestampOf(value: unknown, text: string): number {
  if (value === undefined || value === null) return TIMESTAMP_MISSING;
  if (typeof value === 'string') return parseTimestamp(value);
  if (typeof value !== 'number') return TIMESTAMP_UNREADABLE;
  // A double has 53 bits: nanoseconds would come back up to 128 ns off, and in the wrong millisecond now and then.
  return Number.isSafeInteger(value) || value < Number.MAX_SAFE_INTEGER
    ? parseTimestamp(value)
    : parseTimestamp(sourceOfTimestamp(text));
}

/** The digits of the top-level `timestamp`, as they stand in the text. */
function sourceOfTimestamp(text: string): string {
  let source = '';
  const sources = new Map<unknown, string>();
  JSON.parse(text, function (this: unknown, key: string, value: unknown, context?: { source?: string }) {
    if (key === 'timestamp' && context?.source !== undefined) sources.set(this, context.source);
    // The root comes last, and is the holder that counts.
    if (key === '') source = sources.get(value) ?? '';
    return value;
  });
  return source;
}
