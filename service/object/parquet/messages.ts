import { isUtf8 } from 'node:buffer';
import { present } from '../../base/present.ts';
import { FORM_TEXT, type OriginalBytes } from '../../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../../core/limits.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { ChunkMeter } from '../chunk-meter.ts';
import type { ChunkStore } from '../chunk-store.ts';
import { createOriginalsCollector } from '../original-bytes.ts';
import type { Span } from './column.ts';
import type { ByteValues, PlainValues } from './values.ts';

/**
 * Collects the messages of one chunk in a store. Bytes are copied by the page, not by the message, and a dictionary's once; no
 * message becomes a string unless it is broken.
 */
export interface MessageCollector {
  readonly count: number;
  /** Bytes of the store that are used. */
  readonly used: number;
  /**
   * Takes rows of a span as long as the meter admits them.
   * @returns the rows taken; fewer than the span has when the chunk is full, or when a row without a message comes next
   */
  takeSpan(span: Span, meter: ChunkMeter): number;
  /** Takes a text for a row. @returns false when the chunk is full */
  takeText(text: string, meter: ChunkMeter): boolean;
  /** The bytes of the messages that are not UTF-8; undefined: there are none. To be asked for once, at the end. */
  takeOriginals(): OriginalBytes | undefined;
}

export function createMessageCollector(kernel: Kernel, store: ChunkStore, maxDefinition: number): MessageCollector {
  const { bytes: all, words, calls } = kernel;
  let used = 0;
  let count = 0;
  /** What to add to the starts of a dictionary's values; null for one that is not valid UTF-8. */
  const dictionaries = new Map<PlainValues, number | null>();
  const originals = createOriginalsCollector();
  const sparse = new Map<PlainValues, SparsePlaces>();

  /**
   * Copies values [first, end) behind what is used, without using it up yet.
   * @returns what to add to their starts; null when they are not valid UTF-8
   */
  const place = (values: ByteValues, first: number, end: number): number | null => {
    const { from, to } = stretchOf(values, first, end);
    store.reserveBytes(used + to - from, used);
    const target = store.at.bytes + used;
    all.set(values.bytes.subarray(from, to), target);
    const stretch = all.subarray(target, target + to - from);
    return isValid(stretch, values, first, end, from) ? used - from : null;
  };

  const placeDictionary = (values: ByteValues): number | null => {
    const known = dictionaries.get(values);
    if (known !== undefined) return known;
    const shift = place(values, 0, values.count);
    const { from, to } = stretchOf(values, 0, values.count);
    if (shift !== null) used += to - from;
    dictionaries.set(values, shift);
    return shift;
  };

  /** An entry of a large dictionary that no row has said yet; broken text is repaired. */
  const entryOf = (values: ByteValues, { broken }: SparsePlaces, index: number): Uint8Array => {
    const from = values.start[index] as number;
    const bytes = values.bytes.subarray(from, from + (values.length[index] as number));
    if (isUtf8(bytes)) return bytes;
    broken.set(index, Buffer.from(bytes));
    return Buffer.from(Buffer.from(bytes).toString('utf8'));
  };

  const placeEntry = ({ starts, sizes }: SparsePlaces, index: number, bytes: Uint8Array): void => {
    store.reserveBytes(used + bytes.length, used);
    all.set(bytes, store.at.bytes + used);
    starts[index] = used;
    sizes[index] = bytes.length;
    used += bytes.length;
  };

  const takeSparsely = (
    values: ByteValues,
    indexOf: (row: number) => number,
    rows: number,
    meter: ChunkMeter,
  ): number => {
    const known = sparse.get(values);
    const places = known ?? {
      starts: new Int32Array(values.count).fill(-1),
      sizes: new Int32Array(values.count),
      broken: new Map<number, Uint8Array>(),
    };
    if (!known) sparse.set(values, places);
    store.reserveRecords(count + rows, count);
    for (let row = 0; row < rows; row++) {
      const index = indexOf(row);
      const entry = places.starts[index] === -1 ? entryOf(values, places, index) : undefined;
      const size = entry?.length ?? (places.sizes[index] as number);
      // Before it is placed: the chunk may be full, and its store is as large as a full one.
      if (!meter.admit(size)) return row;
      if (entry) placeEntry(places, index, entry);
      put(places.starts[index] as number, size);
      const original = places.broken.get(index);
      if (original) originals.add(count - 1, original);
    }
    return rows;
  };

  const put = (start: number, length: number): void => {
    const { starts, lengths, sizes, forms } = store.at;
    words[starts / 4 + count] = start;
    words[lengths / 4 + count] = length;
    words[sizes / 4 + count] = length;
    all[forms + count] = FORM_TEXT;
    count++;
  };

  const takeText = (text: string, meter: ChunkMeter): boolean => {
    const size = Buffer.byteLength(text);
    if (!meter.admit(size)) return false;
    store.reserveRecords(count + 1, count);
    store.reserveBytes(used + size, used);
    all.write(text, store.at.bytes + used, size, 'utf8');
    put(used, size);
    used += size;
    return true;
  };

  /** Broken text is repaired one message at a time. */
  const takeRepaired = (
    values: ByteValues,
    indexOf: (row: number) => number,
    rows: number,
    meter: ChunkMeter,
  ): number => {
    const bytes = Buffer.from(values.bytes.buffer, values.bytes.byteOffset, values.bytes.length);
    for (let row = 0; row < rows; row++) {
      const index = indexOf(row);
      const start = startOf(values, index);
      const message = bytes.subarray(start, start + lengthOf(values, index));
      if (!takeText(message.toString('utf8'), meter)) return row;
      if (!isUtf8(message)) originals.add(count - 1, message);
    }
    return rows;
  };

  const takeEach = (
    values: ByteValues,
    indexOf: (row: number) => number,
    rows: number,
    shift: number,
    meter: ChunkMeter,
  ): number => {
    for (let row = 0; row < rows; row++) {
      const index = indexOf(row);
      const size = lengthOf(values, index);
      if (!meter.admit(size)) return row;
      put(startOf(values, index) + shift, size);
    }
    return rows;
  };

  /** The same for values that lie behind one another, by the kernel. */
  const takeMany = (values: ByteValues, first: number, rows: number, shift: number, meter: ChunkMeter): number => {
    const { starts, lengths, sizes, forms } = store.at;
    const room = meter.room(lengthOf(values, first));
    const taken = calls.takeMessages({
      starts: values.start.byteOffset + first * 4,
      lengths: values.length.byteOffset + first * 4,
      count: Math.min(rows, room.records),
      shift,
      toStarts: starts + count * 4,
      toLengths: lengths + count * 4,
      toSizes: sizes + count * 4,
      toForms: forms + count,
      recordOverhead: EVENT_OVERHEAD_BYTES,
      bytesMax: room.bytes,
    });
    const { from, to } = stretchOf(values, first, first + taken);
    meter.add(taken, to - from - taken * values.gap);
    count += taken;
    return taken;
  };

  return {
    get count() {
      return count;
    },
    get used() {
      return used;
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
      const indexOf = (row: number) =>
        indices ? present(indices[value + row], 'the index of a message') : value + row;
      if (indices && bytesOf(plain) > DICTIONARY_BYTES_MAX) return takeSparsely(plain, indexOf, rows, meter);
      const shift = indices ? placeDictionary(plain) : place(plain, value, value + rows);
      if (shift === null) return takeRepaired(plain, indexOf, rows, meter);
      store.reserveRecords(count + rows, count);
      if (indices) return takeEach(plain, indexOf, rows, shift, meter);
      const inKernel = plain.start.buffer === words.buffer;
      const taken = inKernel
        ? takeMany(plain, value, rows, shift, meter)
        : takeEach(plain, indexOf, rows, shift, meter);
      const { from, to } = stretchOf(plain, value, value + taken);
      used += to - from;
      return taken;
    },
    takeText,
    takeOriginals: originals.take,
  };
}

/** A larger dictionary would fill a chunk by itself: of it, only what the chunk says is copied. */
const DICTIONARY_BYTES_MAX = 2 * 1024 * 1024;

/** Where entries of a dictionary lie in the store, and how many bytes of it they are; -1 for those that are not there. */
interface SparsePlaces {
  readonly starts: Int32Array;
  readonly sizes: Int32Array;
  /** The bytes of entries that are not UTF-8. */
  readonly broken: Map<number, Uint8Array>;
}

function bytesOf(values: ByteValues): number {
  const { from, to } = stretchOf(values, 0, values.count);
  return to - from;
}

/** The bytes that values [first, end) and the encoding's own in front of each lie in. */
function stretchOf(values: ByteValues, first: number, end: number): { from: number; to: number } {
  if (first >= end) return { from: 0, to: 0 };
  return { from: startOf(values, first) - values.gap, to: startOf(values, end - 1) + lengthOf(values, end - 1) };
}

function startOf({ start }: ByteValues, value: number): number {
  return present(start[value], 'the start of a message');
}

function lengthOf({ length }: ByteValues, value: number): number {
  return present(length[value], 'the length of a message');
}

/**
 * Whether values [first, end) are valid UTF-8; they lie in `stretch`, which begins at `from` of theirs. One call for a page where
 * there are spaces between them, so that no character can reach from one value into the next.
 */
function isValid(stretch: Buffer, values: ByteValues, first: number, end: number, from: number): boolean {
  if (values.gap > 0) return isUtf8(stretch);
  for (let i = first; i < end; i++) {
    const at = startOf(values, i) - from;
    if (!isUtf8(stretch.subarray(at, at + lengthOf(values, i)))) return false;
  }
  return true;
}
