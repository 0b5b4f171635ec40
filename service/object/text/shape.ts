import type { Shape } from '../../core/shape.ts';
import { createJsonScanner } from './json-scanner.ts';
import { CARRIAGE_RETURN, isBlank, isLineEnd, isSpace, NEWLINE } from './space.ts';

/** Shapes whose records may go over several lines, or stand behind one another without any. */
export type ValueShape = Exclude<Shape, 'ndjson' | 'ndjson-cr'>;

/** The member whose array holds the events of an envelope. */
export const ENVELOPES: Readonly<Partial<Record<Shape, string>>> = {
  cloudtrail: 'Records',
  'cloudwatch-logs': 'logEvents',
};

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const isOpening = (byte: number | undefined) => byte === OPEN_BRACE || byte === OPEN_BRACKET;

const ENVELOPE_NAMES = Object.values(ENVELOPES).map((name) => `"${name}"`);
/** What each kind of envelope is told by: in its first event, and in front of its events. */
const SIGNS = { cloudtrail: ['"eventVersion"', '"eventTime"'], 'cloudwatch-logs': ['"messageType"'] } as const;

/**
 * The shape of a text, by its first value.
 * @param whole nothing follows
 * @returns undefined when more must be seen; what cannot be told by then is `ndjson`
 */
export function shapeOf(head: Buffer, whole: boolean): Shape | undefined {
  const start = head.findIndex((byte, offset) => !isBlank(byte, offset));
  const first = head[start];
  if (first === OPEN_BRACKET && isArray(head, start)) return 'json-array';
  const shape = first === OPEN_BRACE ? shapeOfObject(head, start, whole) : 'ndjson';
  if (shape !== 'ndjson') return shape;
  return head.includes(CARRIAGE_RETURN) && !head.includes(NEWLINE) ? 'ndjson-cr' : 'ndjson';
}

/** Whether what is here of the array is JSON, and what follows it on its line is nothing, or another value. `[INFO] text` is none. */
function isArray(head: Buffer, start: number): boolean {
  const scanner = createJsonScanner();
  const end = scanner.scan(head, start, head.length);
  if (scanner.state !== 'whole') return scanner.state === 'open';
  const next = head[skipWithinLine(head, end)];
  return next === undefined || isLineEnd(next) || isOpening(next);
}

function shapeOfObject(head: Buffer, start: number, whole: boolean): Shape | undefined {
  const scanner = createJsonScanner();
  const end = scanner.scan(head, start, head.length);
  const isOpen = scanner.state === 'open';
  const object = head.subarray(start, end);
  const envelope = ENVELOPE_NAMES.some((name) => object.includes(name))
    ? envelopeOf(head, start, isOpen && !whole)
    : 'none';
  if (envelope !== 'none') return envelope;
  if (scanner.state === 'broken') return gluedLine(head) ? 'json-objects' : 'ndjson';
  // No line ends within a string, so the object goes over several.
  if (hasLineEnd(object)) return 'json-objects';
  const next = isOpen ? undefined : head[skipWithinLine(head, end)];
  if (isOpening(next)) return 'json-objects';
  return next === undefined && !whole ? undefined : 'ndjson';
}

/** Nothing but objects behind one another, of which the first is broken. */
function gluedLine(head: Buffer): boolean {
  return !hasLineEnd(head) && head.includes('}{"');
}

/** @param more whether the object goes on beyond what is here */
function envelopeOf(head: Buffer, start: number, more: boolean): ValueShape | 'none' | undefined {
  const trail = createJsonScanner(ENVELOPES.cloudtrail);
  const events = trail.scan(head, start, head.length);
  if (trail.state === 'door') {
    const from = skipSpace(head, events);
    const element = createJsonScanner();
    const isObject = head[from] === OPEN_BRACE;
    const first = head.subarray(from, isObject ? element.scan(head, from, head.length) : from);
    if (SIGNS.cloudtrail.every((sign) => first.includes(sign))) return 'cloudtrail';
    // The first event is not all here yet.
    if (more && (from === head.length || (isObject && element.state === 'open'))) return undefined;
  }
  const subscription = createJsonScanner(ENVELOPES['cloudwatch-logs']);
  const behind = subscription.scan(head, start, head.length);
  if (subscription.state !== 'door') return 'none';
  return SIGNS['cloudwatch-logs'].every((sign) => head.subarray(start, behind).includes(sign))
    ? 'cloudwatch-logs'
    : 'none';
}

function hasLineEnd(bytes: Buffer): boolean {
  return bytes.includes(NEWLINE) || bytes.includes(CARRIAGE_RETURN);
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at++;
  return at;
}

function skipWithinLine(bytes: Buffer, from: number): number {
  let at = from;
  while (isSpace(bytes[at]) && !isLineEnd(bytes[at])) at++;
  return at;
}
