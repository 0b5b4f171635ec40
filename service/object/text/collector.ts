import { type Chunk, type DecodeLimits, type DecodeRequest, FORM_TEXT, type Position } from '../../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../../core/limits.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type ChunkStore, columnsOf, createChunkStore } from '../chunk-store.ts';
import { corrupt } from '../corrupt.ts';
import { type JsonRecord, parseRecord } from './record.ts';
import { createScanner, SCAN } from './scanner.ts';

/**
 * Collects the records of an object of JSON text into chunks. Lines are scanned by the kernel; a line that it does not take goes
 * through JSON.parse, with the same result.
 */
export interface Collector extends Disposable {
  /** Records of the chunk at hand. */
  readonly count: number;
  /**
   * Takes lines from `from` to `end`, addresses in the kernel's memory.
   * @returns where it stopped: `end`, or the line that begins the next chunk
   */
  takeLines(from: number, end: number): number;
  /** Takes one record's text. @returns false when it begins the next chunk */
  takeText(text: string): boolean;
  /** Gives the chunk at hand, and begins the one at `next`. */
  finish(next: Position | null): Chunk;
}

/** Bytes of messages that a byte of the object may come to: logs inflate to eight to twenty times their size. */
const INFLATION = { compressed: 16, plain: 1 };
/** Of a record's message; where they are shorter, there are more. */
const MESSAGE_BYTES = 100;
const SMALLEST_BYTES = 64 * 1024;
/** Why a record is none. What JSON.parse says would quote it, and that is the tenant's. */
const PROBLEM = 'not a JSON object';

/** @param object what it is collected from */
export function createCollector(
  kernel: Kernel,
  start: Position,
  request: DecodeRequest,
  object: { readonly bytes: number; readonly compressed: boolean },
): Collector {
  const { fields, limits, messageFormat } = request;
  const { bytes: all, words, doubles } = kernel;
  const scanner = createScanner(kernel, fields);
  const hint = sizeHint(object, limits);
  const stores = [
    createChunkStore(kernel, fields.length, hint),
    createChunkStore(kernel, fields.length, hint),
  ] as const;
  let store: ChunkStore = stores[0];
  let at = start;
  let unparsable = new Map<number, string>();

  const wouldFill = (size: number, stored: number): boolean => {
    const { count, used, metered } = scanner;
    const full = metered + size + EVENT_OVERHEAD_BYTES > limits.chunkBytesMax || count >= limits.chunkRecordsMax;
    return count > 0 && (full || used + stored > limits.chunkStoredBytesMax);
  };

  const takeText = (text: string): boolean => {
    const { message, record } = readRecord(text, messageFormat);
    const size = Buffer.byteLength(message);
    if (wouldFill(size, size)) return false;
    const { count, used } = scanner;
    store.reserveRecords(count + 1, count);
    store.reserveBytes(used + size, used);
    all.write(message, store.at.bytes + used, size, 'utf8');
    words[store.at.starts / 4 + count] = used;
    words[store.at.lengths / 4 + count] = size;
    words[store.at.sizes / 4 + count] = size;
    all[store.at.forms + count] = FORM_TEXT;
    doubles[store.at.times / 8 + count] = record ? record.timestampMs : Number.NaN;
    for (const [field, name] of fields.entries()) {
      store.ids(field, count + 1)[count] = record ? scanner.numberOf(field, record.field(name)) : 0;
    }
    if (!record) unparsable.set(count, PROBLEM);
    scanner.add(size, size + EVENT_OVERHEAD_BYTES);
    return true;
  };

  /** Makes room for the line that found none. @returns false when the chunk may not grow for it */
  const makeRoom = (line: { readonly start: number; readonly end: number }): boolean => {
    const { count, used } = scanner;
    const length = line.end - line.start;
    if (wouldFill(0, length)) return false;
    if (count >= store.recordsRoom) store.reserveRecords(Math.min(limits.chunkRecordsMax, count * 2), count);
    store.reserveBytes(Math.min(limits.chunkStoredBytesMax, used + length), used);
    store.reserveBytes(used + length, used);
    return true;
  };

  return {
    get count() {
      return scanner.count;
    },
    takeLines(from, end) {
      let next = from;
      for (;;) {
        const result = scanner.scan(next, end, store, messageFormat === 'record', limits);
        next = scanner.from;
        if (result === SCAN.allRead || result === SCAN.chunkFull) return next;
        const { line } = scanner;
        if (result === SCAN.noRoom) {
          if (!makeRoom(line)) return next;
          continue;
        }
        if (line.end - line.start > limits.recordBytesMax) {
          throw corrupt(`a line is longer than ${limits.recordBytesMax} bytes`);
        }
        if (!takeText(all.toString('utf8', line.start, line.end))) return next;
        next = scanner.behindLine(end);
      }
    },
    takeText,
    finish(next) {
      const { count, used } = scanner;
      const chunk: Chunk = {
        at,
        next,
        count,
        timestampsMs: store.times(count),
        messages: store.messages(count, used),
        fields: columnsOf(store, fields, scanner.values(), count),
        unparsable,
      };
      if (next) at = next;
      unparsable = new Map();
      store = store === stores[0] ? stores[1] : stores[0];
      scanner.clear();
      return chunk;
    },
    [Symbol.dispose]() {
      scanner[Symbol.dispose]();
      for (const one of stores) one.release();
    },
  };
}

function readRecord(
  text: string,
  messageFormat: DecodeRequest['messageFormat'],
): { readonly message: string; readonly record: JsonRecord | undefined } {
  try {
    const record = parseRecord(text);
    return { message: messageFormat === 'message' ? (record.message ?? text) : text, record };
  } catch {
    return { message: text, record: undefined };
  }
}

/** Room that is not used takes no memory, as nothing is written there; room that is missing makes all be copied. */
function sizeHint(
  { bytes, compressed }: { readonly bytes: number; readonly compressed: boolean },
  { chunkBytesMax, chunkRecordsMax }: DecodeLimits,
): { readonly bytes: number; readonly records: number } {
  const inflated = bytes * (compressed ? INFLATION.compressed : INFLATION.plain);
  const messages = Math.max(SMALLEST_BYTES, Math.min(chunkBytesMax, inflated));
  return { bytes: messages, records: Math.min(chunkRecordsMax, Math.ceil(messages / MESSAGE_BYTES)) };
}
