import { isUtf8 } from 'node:buffer';
import { FORM_TEXT, type Messages } from '../../core/chunk.ts';
import { type ChunkMeter, grow } from '../columns.ts';
import type { Span } from './column.ts';
import type { ByteValues, PlainValues } from './values.ts';

/**
 * Collects the messages of one chunk in one buffer. Bytes are copied by the page, not by the message, and a dictionary's
 * once; no message becomes a string.
 */
export interface MessageCollector {
  readonly count: number;
  /**
   * Takes rows of a span as long as the meter admits them.
   * @returns the rows taken; fewer than the span has when the chunk is full, or when a row without a message comes next
   */
  takeSpan(span: Span, meter: ChunkMeter): number;
  /** Takes a text for a row. @returns false when the chunk is full */
  takeText(text: string, meter: ChunkMeter): boolean;
  build(): Messages;
}

const SPACE = 0x20;
const ROWS_START = 16_384;

/** Bytes of a chunk's messages: where they are in the collector's buffer, and how much each counts. */
interface Placed {
  /** What to add to a value's start. */
  readonly shift: number;
  /** UTF-8 bytes of each value as it will be delivered. */
  readonly sizes: Uint32Array;
}

export function createMessageCollector(bytesHint: number, maxDefinition: number): MessageCollector {
  let bytes = Buffer.allocUnsafeSlow(bytesHint);
  let used = 0;
  let count = 0;
  let start = new Uint32Array(ROWS_START);
  let length = new Uint32Array(ROWS_START);
  let size = new Uint32Array(ROWS_START);
  const dictionaries = new Map<PlainValues, Placed>();

  const reserve = (more: number): void => {
    if (used + more <= bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(used + more, bytes.length * 2));
    bytes.copy(grown, 0, 0, used);
    bytes = grown;
  };

  const reserveRows = (rows: number): void => {
    if (count + rows <= start.length) return;
    start = grow(start, count + rows);
    length = grow(length, count + rows);
    size = grow(size, count + rows);
  };

  /** Copies values [first, end) behind what is used, without using it up yet. */
  const place = (values: ByteValues, first: number, end: number): Placed => {
    if (first >= end) return { shift: 0, sizes: values.length };
    const from = (values.start[first] ?? 0) - values.gap;
    const to = (values.start[end - 1] ?? 0) + (values.length[end - 1] ?? 0);
    reserve(to - from);
    bytes.set(values.bytes.subarray(from, to), used);
    const shift = used - from;
    return { shift, sizes: sizesOf(bytes, values, first, end, shift) };
  };

  const placeDictionary = (values: ByteValues): Placed => {
    const known = dictionaries.get(values);
    if (known) return known;
    const placed = place(values, 0, values.count);
    used += placedBytes(values, 0, values.count);
    dictionaries.set(values, placed);
    return placed;
  };

  return {
    get count() {
      return count;
    },
    takeSpan({ page, entry, value }, meter) {
      const { definition, values } = page;
      const plain = values.kind === 'indices' ? values.dictionary : values;
      if (plain.kind !== 'bytes') throw new Error('messages are not bytes');
      const indices = values.kind === 'indices' ? values.indices : undefined;
      let rows = page.entries - entry;
      if (definition) {
        rows = 0;
        while (entry + rows < page.entries && definition[entry + rows] === maxDefinition) rows++;
      }
      if (rows === 0) return 0;
      const { shift, sizes } = indices ? placeDictionary(plain) : place(plain, value, value + rows);
      reserveRows(rows);
      let taken = 0;
      for (; taken < rows; taken++) {
        const index = indices ? (indices[value + taken] ?? 0) : value + taken;
        const messageSize = sizes[index] ?? 0;
        if (!meter.admit(messageSize)) break;
        start[count] = (plain.start[index] ?? 0) + shift;
        length[count] = plain.length[index] ?? 0;
        size[count] = messageSize;
        count++;
      }
      if (!indices) used += placedBytes(plain, value, value + taken);
      return taken;
    },
    takeText(text, meter) {
      const textSize = Buffer.byteLength(text);
      if (!meter.admit(textSize)) return false;
      reserve(textSize);
      reserveRows(1);
      bytes.write(text, used, 'utf8');
      start[count] = used;
      length[count] = textSize;
      size[count] = textSize;
      used += textSize;
      count++;
      return true;
    },
    build: () => ({
      bytes: bytes.subarray(0, used),
      start: start.subarray(0, count),
      length: length.subarray(0, count),
      size: size.subarray(0, count),
      form: new Uint8Array(count).fill(FORM_TEXT),
    }),
  };
}

function placedBytes(values: ByteValues, first: number, end: number): number {
  if (first >= end) return 0;
  return (values.start[end - 1] ?? 0) + (values.length[end - 1] ?? 0) - ((values.start[first] ?? 0) - values.gap);
}

/**
 * Sizes of values [first, end), which lie in `bytes` at their start plus `shift`. Invalid UTF-8 is delivered as U+FFFD,
 * which may be longer. The check is one call for a page: the length in front of each value gives way to spaces, so that no
 * character can reach from one value into the next.
 */
function sizesOf(bytes: Buffer, values: ByteValues, first: number, end: number, shift: number): Uint32Array {
  const { start, length, gap } = values;
  for (let i = first; i < end; i++) {
    const at = (start[i] ?? 0) + shift;
    for (let blank = at - gap; blank < at; blank++) bytes[blank] = SPACE;
  }
  const from = (start[first] ?? 0) - gap + shift;
  const to = (start[end - 1] ?? 0) + (length[end - 1] ?? 0) + shift;
  if (gap > 0 && isUtf8(bytes.subarray(from, to))) return length;
  const sizes = length.slice();
  for (let i = first; i < end; i++) {
    const at = (start[i] ?? 0) + shift;
    const message = bytes.subarray(at, at + (length[i] ?? 0));
    if (!isUtf8(message)) sizes[i] = Buffer.byteLength(message.toString('utf8'));
  }
  return sizes;
}
