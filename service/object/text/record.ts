import { KUBERNETES_FIELDS, type RecordField, TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../core/chunk.ts';
import { parseTimestamp } from '../../core/timestamp.ts';
import { memberSources } from './member-sources.ts';

/**
 * Longest value of a field that is kept, in UTF-16 units. Fields name destinations and are compared with configured
 * names; what is longer than this is neither, and must not fill the memory.
 */
const FIELD_LENGTH_MAX = 2_048;

/** A JSON object as a log record. */
export interface JsonRecord {
  readonly timestampMs: number;
  /** A message that is no text is the member's own JSON, byte for byte. null: the record has no message. */
  readonly message: string | null;
  field(name: RecordField): string;
}

/**
 * @param timeMember the member that holds the time, where there is one other than `timestamp`
 * @throws Error with the reason, when the text is no JSON object
 */
export function parseRecord(text: string, timeMember = 'timestamp'): JsonRecord {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error(`a JSON ${Array.isArray(value) ? 'array' : typeof value}, not an object`);
  const kubernetes = isObject(value.kubernetes) ? value.kubernetes : {};
  // Numbers lose digits in a double, and objects lose members of one name: what is no text is taken from the source.
  let sources: ReadonlyMap<string, string> | undefined;
  const sourceOf = (name: string): string => {
    sources ??= memberSources(text);
    return sources.get(name) ?? '';
  };
  const time = timeMember in value ? timeMember : 'timestamp';
  return {
    timestampMs: timestampOf(value[time], () => sourceOf(time)),
    message: messageOf(value.message, () => sourceOf('message')),
    field(name) {
      const inside = KUBERNETES_FIELDS.has(name);
      const field = (inside ? kubernetes : value)[name];
      if (typeof field !== 'number') return fieldText(field);
      return fieldText(inside ? memberSources(sourceOf('kubernetes')).get(name) : sourceOf(name));
    },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(value: unknown, source: () => string): string | null {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? null : source();
}

/** A field's value as text; what is no text, number or boolean names nothing. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') {
    return (value.length <= FIELD_LENGTH_MAX ? value : value.slice(0, FIELD_LENGTH_MAX)).toWellFormed();
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function timestampOf(value: unknown, source: () => string): number {
  if (value === undefined || value === null) return TIMESTAMP_MISSING;
  if (typeof value === 'string') return parseTimestamp(value);
  if (typeof value !== 'number') return TIMESTAMP_UNREADABLE;
  // A double has 53 bits: nanoseconds would come back up to 128 ns off, and in the wrong millisecond now and then.
  return parseTimestamp(value < Number.MAX_SAFE_INTEGER ? value : source());
}
