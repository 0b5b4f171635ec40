import { isUtf8 } from 'node:buffer';
import { type Chunk, type DecodeLimits, type DecodeRequest, FORM_TEXT, type Position } from '../../core/chunk.ts';
import { EVENT_OVERHEAD_BYTES } from '../../core/limits.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { ALL_READ, CHUNK_FULL, NO_ROOM } from '../../kernel/layout.ts';
import { columnsOf, createChunkStores } from '../chunk-store.ts';
import { corrupt } from '../corrupt.ts';
import { createOriginalsCollector } from '../original-bytes.ts';
import { createJsonScanner } from './json-scanner.ts';
import { type JsonRecord, parseRecord } from './record.ts';
import { createScanner } from './scanner.ts';
import { isSpace } from './space.ts';

/**
 * Collects the records of an object of JSON text into chunks. Lines are scanned by the kernel; a line that it does not take, and
 * what stands in no lines, goes through JSON.parse, with the same result.
 */
export interface Collector extends Disposable {
  /** Records of the chunk at hand. */
  readonly count: number;
  /**
   * Takes lines from `from` to `end`, addresses in the kernel's memory.
   * @returns where it stopped: `end`, or the line that begins the next chunk
   */
  takeLines(from: number, end: number): number;
  /** The same for one line that the kernel cannot take: it is not UTF-8. */
  takeLine(from: number, end: number): number;
  /** Takes the bytes of one record. @returns false when it begins the next chunk */
  takeRecord(bytes: Buffer): boolean;
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

/** What records are collected from. */
export interface CollectedObject {
  readonly bytes: number;
  readonly compressed: boolean;
  /** The member that holds a record's time, where it is not `timestamp`. */
  readonly timeMember?: string | undefined;
}

export function createCollector(
  kernel: Kernel,
  start: Position,
  request: DecodeRequest,
  object: CollectedObject,
): Collector {
  const { fields, limits, messageFormat } = request;
  const { bytes: all, words, doubles } = kernel;
  using opened = new DisposableStack();
  const scanner = opened.use(createScanner(kernel, fields));
  const hint = sizeHint(object, limits);
  const stores = opened.use(createChunkStores(kernel, fields.length, hint));
  let store = stores.next();
  let at = start;
  let unparsable = new Map<number, string>();
  const originals = createOriginalsCollector();

  const wouldFill = (size: number, stored: number, original: number): boolean => {
    const { count, used, metered } = scanner;
    const full = metered + size + EVENT_OVERHEAD_BYTES > limits.chunkBytesMax || count >= limits.chunkRecordsMax;
    const stores = used + stored > limits.chunkStoredBytesMax;
    return count > 0 && (full || stores || (original > 0 && originals.bytes + original > limits.chunkStoredBytesMax));
  };

  /** @param bytes the record's, where they are not UTF-8 */
  const put = ({ message, record }: ReadRecord, bytes: Buffer | undefined): boolean => {
    const size = Buffer.byteLength(message);
    if (wouldFill(size, size, bytes?.length ?? 0)) return false;
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
    if (bytes) originals.add(count, bytes);
    scanner.add(size, size + EVENT_OVERHEAD_BYTES);
    return true;
  };

  const read = (bytes: Buffer): ReadRecord => readRecord(bytes.toString('utf8'), messageFormat, object.timeMember);
  const putBytes = (bytes: Buffer, record = read(bytes)) => put(record, isUtf8(bytes) ? undefined : bytes);

  /**
   * Takes a line without white space around it: an object, objects behind one another, or something that is none.
   * @returns where it stopped: `end`, or the object that begins the next chunk
   */
  const takeObjects = (start: number, end: number): number => {
    const line = all.subarray(start, end);
    const whole = read(line);
    if (whole.record) return putBytes(line, whole) ? end : start;
    for (let at = start; at < end; ) {
      const rest = all.subarray(at, end);
      const object = objectEnd(rest);
      let next = object;
      while (isSpace(rest[next])) next++;
      // An object with anything but another one behind it is no record: the line is not JSON from here on.
      const isOneOfSeveral = object > 0 && rest[next] === OPEN_BRACE;
      if (!putBytes(isOneOfSeveral ? rest.subarray(0, object) : rest)) return at;
      at = isOneOfSeveral ? at + next : end;
    }
    return end;
  };

  /** Makes room for the line that found none. @returns false when the chunk may not grow for it */
  const makeRoom = (line: { readonly start: number; readonly end: number }): boolean => {
    const { count, used } = scanner;
    const length = line.end - line.start;
    if (wouldFill(0, length, 0)) return false;
    if (count >= store.recordsRoom) store.reserveRecords(Math.min(limits.chunkRecordsMax, count * 2), count);
    store.reserveBytes(Math.min(limits.chunkStoredBytesMax, used + length), used);
    store.reserveBytes(used + length, used);
    return true;
  };

  const resources = opened.move();
  return {
    get count() {
      return scanner.count;
    },
    takeLines(from, end) {
      let next = from;
      for (;;) {
        const result = scanner.scan(next, end, store, messageFormat === 'record', limits);
        next = scanner.from;
        if (result === ALL_READ || result === CHUNK_FULL) return next;
        const { line } = scanner;
        if (result === NO_ROOM) {
          if (!makeRoom(line)) return next;
          continue;
        }
        if (line.end - line.start > limits.recordBytesMax) {
          throw corrupt(`a line is longer than ${limits.recordBytesMax} bytes`);
        }
        const behind = scanner.behindLine(end);
        const stopped = takeObjects(line.start, line.end);
        if (stopped < line.end) return stopped;
        next = behind;
      }
    },
    takeLine(from, end) {
      let [start, stop] = [from, end];
      while (start < stop && isSpace(all[start])) start++;
      while (stop > start && isSpace(all[stop - 1])) stop--;
      const stopped = takeObjects(start, stop);
      return stopped < stop ? stopped : end;
    },
    takeRecord: (bytes) => putBytes(bytes),
    finish(next) {
      const { count, used } = scanner;
      const kept = originals.take();
      const chunk: Chunk = {
        at,
        next,
        count,
        timestampsMs: store.times(count),
        messages: store.messages(count, used),
        fields: columnsOf(store, fields, scanner.values(), count),
        unparsable,
        ...(kept ? { originals: kept } : {}),
      };
      if (next) {
        at = next;
        store = stores.next();
      }
      unparsable = new Map();
      scanner.clear();
      return chunk;
    },
    [Symbol.dispose]: () => resources.dispose(),
  };
}

interface ReadRecord {
  readonly message: string;
  /** undefined: it is none. */
  readonly record: JsonRecord | undefined;
}

function readRecord(
  text: string,
  messageFormat: DecodeRequest['messageFormat'],
  timeMember: string | undefined,
): ReadRecord {
  try {
    const record = parseRecord(text, timeMember);
    return { message: messageFormat === 'message' ? (record.message ?? text) : text, record };
  } catch {
    return { message: text, record: undefined };
  }
}

const OPEN_BRACE = 0x7b;

/** Where the object at the beginning ends; 0 where there is none, or not all of it. */
function objectEnd(bytes: Buffer): number {
  if (bytes[0] !== OPEN_BRACE) return 0;
  const scanner = createJsonScanner();
  const end = scanner.scan(bytes, 0, bytes.length);
  return scanner.state === 'whole' ? end : 0;
}

/** Room that is not used takes no memory, as nothing is written there; room that is missing makes all be copied. */
function sizeHint(
  { bytes, compressed }: CollectedObject,
  { chunkBytesMax, chunkRecordsMax }: DecodeLimits,
): { readonly bytes: number; readonly records: number } {
  const inflated = bytes * (compressed ? INFLATION.compressed : INFLATION.plain);
  const messages = Math.max(SMALLEST_BYTES, Math.min(chunkBytesMax, inflated));
  return { bytes: messages, records: Math.min(chunkRecordsMax, Math.ceil(messages / MESSAGE_BYTES)) };
}
