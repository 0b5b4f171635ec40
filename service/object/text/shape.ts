import { present } from '../../base/present.ts';
import type { CutText } from './cut.ts';
import { cutLines } from './cut-lines.ts';
import { cutValues } from './cut-values.ts';
import { createJsonScanner } from './json-scanner.ts';
import { CARRIAGE_RETURN, isBlank, isLineEnd, isSpace, NEWLINE } from './space.ts';

interface TextShape {
  readonly cut: CutText;
  /** Of a record, where its time is in no member that every record may have it in. */
  readonly timeMember?: string;
}

/** The member whose array holds the events of an envelope. */
const ENVELOPES = { cloudtrail: 'Records', 'cloudwatch-logs': 'logEvents' } as const;

/**
 * How the text of an object is cut into records. `docs/reference/formats.md` says how each shape is recognised; a tenant's item may
 * name it instead.
 */
const TEXT_SHAPES = {
  /** A record a line. Objects that stand behind one another in a line are records too. */
  ndjson: { cut: cutLines(false) },
  /** The same where lines end with carriage returns alone. */
  'ndjson-cr': { cut: cutLines(true) },
  /** The elements of arrays. */
  'json-array': { cut: cutValues() },
  /** Objects behind one another, over any number of lines. */
  'json-objects': { cut: cutValues() },
  /** The same, and of an object with `Records` its elements. */
  cloudtrail: { cut: cutValues(ENVELOPES.cloudtrail), timeMember: 'eventTime' },
  /** The same, and of an object with `logEvents` its elements. */
  'cloudwatch-logs': { cut: cutValues(ENVELOPES['cloudwatch-logs']) },
} satisfies Record<string, TextShape>;

export type Shape = keyof typeof TEXT_SHAPES;

/** Their names, which are parts of formats, and values of `input_format`. */
export const SHAPES: readonly string[] = Object.keys(TEXT_SHAPES);

/** @param name one of SHAPES */
export function textShape(name: string): TextShape {
  const shapes: Readonly<Record<string, TextShape>> = TEXT_SHAPES;
  return present(shapes[name], `the shape ${name}`);
}

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
function envelopeOf(head: Buffer, start: number, more: boolean): keyof typeof ENVELOPES | 'none' | undefined {
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
